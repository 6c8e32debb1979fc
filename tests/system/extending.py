#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/EXTENDING.md, followed to the letter in a scratch copy of the tree.

The page is the test: this finds the blocks in it, does to the named file what
the words in front of a block say, and runs the commands, whose output must hold
the lines that the page shows, in their order; of one that ends in three dots, the
beginning. A command fails exactly when FAIL, or what tools/bundle refuses, is
among these. Each section ends with its list of files, which must be what was
changed, and at most three besides the page that `make docs` writes.

Then the tool by itself: skeletons of every kind compile, pass all but the one
check that they are to fail, and are laid out; and what it refuses.

All of it holds in a tree that has hypercalls of its owner's already: the page's
numbers are then others, and a section that was typed there is not tried again.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile

import machine
from machine import Failure, Skipped, expect, test
import edit  # beside progress.py: machine.py leads there

PAGE = "docs/EXTENDING.md"
LIST = "abi/hypercalls.def"
COURSEWORK = range(224, 256)
GENERATED = "docs/hypercalls.md"
MAX_FILES = 3
LEFT_OUT = (".git", "build", "build-*", "__pycache__")

# Lines in front of a block, and what is done with it.
WHOLE = re.compile(r"^\*\*`([^`]+)`\*\*, whole:$")
FUNCTION = re.compile(r"^\*\*`([^`]+)`\*\*, the function `(\w+)` becomes:$")
REPLACE = re.compile(r"^\*\*`([^`]+)`\*\*, replace:$")
AT_END = re.compile(r"^\*\*`([^`]+)`\*\*, at the end:$")
FILES = re.compile(r"^\*\*Files:\*\* (.*?)\n\n", re.M | re.S)
BLOCK = re.compile(r"^(?P<words>[^\n]+)\n\n```c\n(?P<code>.*?)^```\n|"
                   r"^```console\n(?P<console>.*?)^```\n", re.M | re.S)

COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", re.M)
FAILS = re.compile(r"^(FAIL|bundle): ", re.M)
NR_SECTIONS = 9

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


# ---- a copy of the tree ----

def copy_tree(name):
    """A scratch copy of all but what was built; returns its directory."""
    directory = os.path.join(scratch.name, name)
    at_top = LEFT_OUT + (os.path.basename(machine.BUILD),)

    def left_out(place, names):
        patterns = at_top if place == "." else ("__pycache__",)
        return shutil.ignore_patterns(*patterns)(place, names)

    shutil.copytree(".", directory, symlinks=True, ignore=left_out)
    return directory


# Of what was built: what takes the compiler long, and no micro-guest.
OBJECTS = ("hv", "mg", "host", "host-lib", "host-machine", "tool", "user")


def copy_objects(directory):
    """What the tree's own build made is up to date in a copy, too."""
    build = os.path.join(directory, "build")
    for name in OBJECTS:
        shutil.copytree(os.path.join(machine.BUILD, name),
                        os.path.join(build, name))
    shutil.copy2(os.path.join(machine.BUILD, "flags"), build)


def variables():
    """What a person's shell has; the compiler is the one of this test run."""
    result = machine.environment(BUILD="build")
    for name in ("NAME", "ARGS", "PREEMPTIBLE", "TEST", "CC", "DEBUG"):
        result.pop(name, None)
    # The tree's own test_sched has all seeds; the page's mistake is seen by one.
    result["SCHED_SEEDS"] = "10"
    result["MAKEFLAGS"] = " ".join(["-j2"] + [
        f"{name}={os.environ[name]}" for name in ("CC", "DEBUG")
        if name in os.environ])
    return result


def run(directory, command):
    """The status of a shell command, and all that it printed."""
    done = machine.complete(["bash", "-c", command], cwd=directory, limit=300,
                            env=variables(), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return done.status, done.output + done.said


def contents(directory):
    """A digest of each source file, by its path."""
    result = {}
    for path, directories, names in os.walk(directory):
        directories[:] = [name for name in directories
                          if name not in ("build", "__pycache__")]
        for name in names:
            whole = os.path.join(path, name)
            with open(whole, "rb") as file:
                digest = hashlib.sha256(file.read()).digest()
            result[os.path.relpath(whole, directory)] = digest
    return result


def changed(before, after):
    return {path for path in before.keys() | after.keys()
            if before.get(path) != after.get(path)}


def read(directory, path):
    with open(os.path.join(directory, path), encoding="utf-8") as file:
        return file.read()


def write(directory, path, text):
    with open(os.path.join(directory, path), "w", encoding="utf-8") as file:
        file.write(text)


def taken(directory="."):
    """The number of each hypercall that a tree has, by its name."""
    return {name: int(number) for number, name in re.findall(
        r"PARAPET_HYPERCALL\(\s*(\d+),\s*(\w+)", read(directory, LIST))}


def free_numbers(directory="."):
    numbers = taken(directory).values()
    return [number for number in COURSEWORK if number not in numbers]


# ---- following the page ----

def sections():
    """(title, text) of each section that ends with a list of files."""
    parts = re.split(r"^## ", read(".", PAGE), flags=re.M)[1:]
    return [(part.partition("\n")[0], part) for part in parts
            if FILES.search(part)]


def renumbered(text, number):
    """The section with this number for its hypercall."""
    return re.sub(r"(?<=is hypercall )\d+(?=:$)|"
                  r"(?<=^PARAPET_HYPERCALL\()\d+", str(number), text,
                  flags=re.M)


def is_typed_already(directory, text):
    """Whether the owner of this tree followed the section."""
    return any(os.path.exists(os.path.join(directory, match.group(1)))
               for block in BLOCK.finditer(text)
               if (match := WHOLE.match(block["words"] or "")))


def edit_file(directory, path, how, *words):
    """One of edit.py's ways to change a text, for a file of the copy."""
    try:
        write(directory, path, how(path, read(directory, path), *words))
    except edit.Refused as refused:
        raise Failure(str(refused)) from refused


class Follower:
    """Goes through one section; what is replaced waits for what it is by."""

    def __init__(self, directory):
        self.directory = directory
        self.old = None

    def edit(self, words, code):
        if words == "by:":
            expect(self.old is not None, "'by:' without 'replace:'")
            path, old = self.old
            edit_file(self.directory, path, edit.replace_text, old, code)
            self.old = None
            return
        expect(self.old is None, f"'by:' is missing before: {words}")
        if match := WHOLE.match(words):
            write(self.directory, match.group(1), code)
        elif match := FUNCTION.match(words):
            path, name = match.groups()
            edit_file(self.directory, path, edit.replace_function, name, code)
        elif match := REPLACE.match(words):
            self.old = (match.group(1), code)
        elif match := AT_END.match(words):
            write(self.directory, match.group(1),
                  read(self.directory, match.group(1)) + code)
        else:
            raise Failure(f"{PAGE}: what is to be done with a block? {words}")

    def console(self, text):
        for match in COMMAND.finditer(text):
            self.command(match["command"], match["shown"])

    def command(self, command, shown):
        status, output = run(self.directory, command)
        lines = iter(line.rstrip() for line in output.splitlines())
        for line in shown.splitlines():
            expect(any(is_shown(line, real) for real in lines),
                   f"$ {command}\nexpected the line: {line}\n{output}")
        expect((status != 0) == bool(FAILS.search(shown)),
               f"$ {command}\nended with status {status}\n{output}")


def is_shown(line, real):
    """Whether a line of the page stands for this one."""
    if line.endswith("..."):
        return real.startswith(line[:-3])
    return real == line.rstrip()


def follow(directory, text):
    before = contents(directory)
    if is_typed_already(directory, text):
        raise Skipped("this tree has it already")
    follower = Follower(directory)
    for block in BLOCK.finditer(renumbered(text, free_numbers(directory)[0])):
        if block["console"] is not None:
            follower.console(block["console"])
        else:
            follower.edit(block["words"], block["code"])
    expect(follower.old is None, "the last 'replace:' has no 'by:'")
    check_files(changed(before, contents(directory)), text)


def check_files(found, text):
    named = set(re.findall(r"`([^`\s]+/[^`\s]+)`", FILES.search(text)[1]))
    expect(found == named,
           f"changed: {sorted(found)}; the page says: {sorted(named)}")
    count = len(found - {GENERATED})
    expect(count <= MAX_FILES, f"{count} files are too many: {sorted(found)}")


def check_page():
    """All sections are there, and in each something fails and then all is
    well."""
    expect(len(sections()) == NR_SECTIONS,
           f"found {[title for title, _ in sections()]}")
    for title, text in sections():
        results = [bool(FAILS.search(match["shown"]))
                   for block in BLOCK.finditer(text)
                   for match in COMMAND.finditer(block["console"] or "")
                   if match["shown"]]
        expect(True in results and results[-1] is False,
               f"{title}: fails: {results}")
        fences = len(re.findall(r"^```\w+$", text, re.M))
        blocks = len(list(BLOCK.finditer(text)))
        expect(fences == blocks,
               f"{title}: {fences} blocks, of which {blocks} are understood")


def register_section(title, text):
    @test(f"extending: {title}")
    def section():
        follow(FOLLOWED, text)


def register_two_skeletons():
    @test("extending: with two skeletons in the tree, too, another hypercall "
          "follows")
    def two_skeletons():
        for number in range(2):
            status, output = run(FOLLOWED, "make new-hypercall "
                                           f"NAME=zz_{number} ARGS=a:u32")
            expect(status == 0, output)
        make_too_long()


def check_layout(directory, paths):
    """clang-format would change nothing, as `make check` wants it."""
    if not paths:
        raise Skipped("nothing was typed")
    sources = " ".join(path for path in sorted(paths)
                       if path.endswith((".c", ".h")))
    status, output = run(directory,
                         f"clang-format --dry-run -Werror {sources}")
    expect(sources and status == 0, output)


# ---- the tool by itself ----

KINDS = {
    "none": "",
    "numbers": "a:u32 b:u64 c:vaddr d:u32 e:u64 f:u32",
    "fixed": "a:in:2 b:out:300 c:inout:3000",
    "measured": "x:inout:16 y:in:1000 l:u64 z:out:300",
    "a_call_with_a_name_of_32_letters":
        "the_first_of_them:inout:300 the_second_of_them:in:200 "
        "the_third_of_them:vaddr the_fourth_of_them:u32",
    "units": "PREEMPTIBLE a:u32 n:u64",
    "pieces": "PREEMPTIBLE a:inout:1048576 b:in:1025 n:u64 c:vaddr",
}


# Those whose names the owner of this tree did not take.
SKELETONS = {name: args for name, args in KINDS.items()
             if name not in taken()}


def make_skeletons(directory):
    for name, args in SKELETONS.items():
        words = args.split()
        options = ["--preemptible"] if words[:1] == ["PREEMPTIBLE"] else []
        words = [word for word in words if word != "PREEMPTIBLE"]
        status, output = run(directory, " ".join(
            ["tools/new-hypercall", *options, name, *words]))
        expect(status == 0, output)


def skeleton_files():
    """What the tool writes: three files for each, of which one is shared."""
    return ({"abi/hypercalls.def"} |
            {f"hypervisor/core/hc_{name}.c" for name in SKELETONS} |
            {f"tests/kernels/{name}.c" for name in SKELETONS})


def expect_skeleton(name, output):
    """It fails, by the one check that says what is to be written."""
    failures = [line for line in output.splitlines()
                if line.startswith("    | failure: ")]
    expect(len(failures) == 1 and
           f"failure: {name} returned 0, as its skeleton does" in failures[0],
           f"skeleton {name}: {failures}\n{output}")


REFUSALS = (
    ("", "NAME is missing"),
    ("NAME=Hello", "'Hello': expected a lower-case letter"),
    ("NAME=zz" + "y" * 32, "at most 32"),
    ("NAME='a b'", "expected a lower-case letter"),
    ("NAME=register", "has a meaning in C"),
    ("NAME=yield", "has it already, with number 32"),
    ("NAME=vcpu", "hypervisor/core/hc_vcpu.c is there already"),
    ("NAME=timer", "tests/kernels/timer.c is there already"),
    ("NAME=raw", "abi/stubs.h uses hypercall_raw for something else"),
    ("NAME=zz ARGS='a:u16'", "ARGS 'a:u16': expected NAME:u32"),
    ("NAME=zz ARGS='a'", "ARGS 'a': expected NAME:u32"),
    ("NAME=zz ARGS='a:in'", "ARGS 'a:in': expected NAME:u32"),
    ("NAME=zz ARGS='a:u32:4'", "ARGS 'a:u32:4': expected NAME:u32"),
    ("NAME=zz ARGS='a:in:b'", "'b' is no number of bytes"),
    ("NAME=zz ARGS='a:in:1'", "expected from 2 to"),
    ("NAME=zz ARGS='a:out:1048577'", "expected from 2 to"),
    ("NAME=zz ARGS='a:in:4097'", "more than 4096 take too long"),
    ("NAME=zz ARGS='int:u32'", "argument 'int': that word has a meaning in C"),
    ("NAME=zz ARGS='result:u32'", "the skeleton uses that name itself"),
    ("NAME=zz ARGS='a:u32 a:u64'", "two arguments named 'a'"),
    ("NAME=zz ARGS='a:u32 b:u32 c:u32 d:u32 e:u32 f:u32 g:u32'",
     "7 arguments: a hypercall takes at most 6"),
    ("NAME=zz PREEMPTIBLE=1", "PREEMPTIBLE=1 needs a u64"),
    ("NAME=zz PREEMPTIBLE=1 ARGS='a:in:4096'", "PREEMPTIBLE=1 needs a u64"),
    ("NAME=zz PREEMPTIBLE=1 ARGS='a:in:9999 n:u64 b:out:16'",
     "buffers in one row"),
    ("NAME=zz PREEMPTIBLE=1 ARGS='a:in:1024 n:u64'", "for more than 1024"),
)


def expect_refusal(directory, settings, words):
    status, output = run(directory, f"make new-hypercall {settings}")
    expect(status != 0 and "new-hypercall: " in output and words in output,
           f"{settings}: expected a refusal with '{words}':\n{output}")


# The obvious handler: 32 vCPUs with 256 counters each are too many.
SUM = "calls_of_all"
SUM_HANDLER = f"""\
/* SPDX-License-Identifier: MIT */
#include "hypervisor/core/hypercall.h"

/* {SUM}: returns how many hypercalls all vCPUs of the domain made. */
int64_t hc_{SUM}(void)
{{
    const struct domain *d = vcpu_current()->domain;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < d->nr_vcpus; i++) {{
        for (uint32_t n = 0; n < PARAPET_NR_HYPERCALLS; n++)
            sum += d->vcpus[i]->counters->hypercalls[n];
    }}
    return (int64_t)sum;
}}
"""
SUM_TEST = f"""\
/* SPDX-License-Identifier: MIT
 *
 * BUNDLE: vcpus=32
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"

MG_TEST({SUM});

void test_main(void)
{{
    MG_CHECK(hypercall_{SUM}() > 0);
}}
"""


def make_too_long():
    """Before other hypercalls follow, with which it is built."""
    if SUM in taken(FOLLOWED):
        return
    status, output = run(FOLLOWED, f"make new-hypercall NAME={SUM}")
    expect(status == 0, output)
    write(FOLLOWED, f"hypervisor/core/hc_{SUM}.c", SUM_HANDLER)
    write(FOLLOWED, f"tests/kernels/{SUM}.c", SUM_TEST)


@test("extending: the page has all sections and no block but theirs")
def page():
    check_page()


FOLLOWED = copy_tree("followed")
copy_objects(FOLLOWED)
UNTOUCHED = contents(FOLLOWED)
for section_number, section in enumerate(sections()):
    if section_number == 1:
        register_two_skeletons()
    register_section(*section)


@test("extending: what built a micro-guest built no other one")
def built():
    names = [name for _, text in sections()
             for part, pattern in ((FILES.search(text)[1],
                                    r"`tests/kernels/(\w+)\.c`"),
                                   (text, r"build/kernels/(\w+)\.elf"),
                                   (text, r" partner=([\w/]+)"))
             for name in re.findall(pattern, part)]
    expected = {f"{name}.elf" for name in names}
    place = os.path.join(FOLLOWED, "build/kernels")
    found = {os.path.relpath(os.path.join(path, name), place)
             for path, _, files in os.walk(place) for name in files}
    expect(found <= expected, f"built: {sorted(found)}")


@test("extending: what was typed is laid out, and in the reference page")
def typed():
    check_layout(FOLLOWED, changed(UNTOUCHED, contents(FOLLOWED)))
    status, output = run(FOLLOWED, "make build/docs.ok")
    expect(status == 0, output)


@test("extending: tests that go over all hypercalls pass with the new ones")
def all_hypercalls():
    names = "arguments enosys multicall hazard_random suite control_denied"
    status, output = run(FOLLOWED, f"make kernels TEST='{names}'")
    expect(status == 0, output)


@test("extending: a hypercall that takes too long is caught, and told what to "
      "do")
def too_long():
    if SUM in taken():
        raise Skipped("this tree has it already")
    status, output = run(FOLLOWED, f"make kernels TEST={SUM}")
    expect(status != 0 and re.search(
        rf"^FAIL: {SUM}: metered: hypercall {SUM} took \d+,\d+ instructions: "
        r"expected at most 20,000\..* HC_PREEMPTIBLE .*docs/ABI.md, section 4",
        output, re.M), output)
    status, output = run(FOLLOWED, f"tests/kernels/run --meter off {SUM}")
    expect(status == 0, f"it is wrong in other ways, too:\n{output}")


# Checks of what no hypercall changes; that of the layout is made of what is new.
CHECKS_APART = ("advisories", "applets", "bench", "cross", "doctor", "headers",
                "layout", "meter", "progress", "rebuild", "report", "sensitive",
                "xen_package")
# And images that only these look at.
IMAGES_APART = ("ramdisk.cpio", "probe/native.elf", "probe/parapet.elf")


@test("extending: a skeleton of any kind fails by what is to be written only, "
      "and a tree with all of them passes `make check`")
def skeletons():
    directory = copy_tree("skeletons")
    copy_objects(directory)
    for name in CHECKS_APART:
        os.chmod(os.path.join(directory, f"tests/checks/{name}.py"), 0o644)
    before = contents(directory)
    make_skeletons(directory)
    written = changed(before, contents(directory))
    expect(written == skeleton_files(), f"written: {sorted(written)}")
    check_layout(directory, written)
    names = " ".join(SKELETONS)
    images = " ".join(f"build/kernels/{name}.elf" for name in SKELETONS)
    status, output = run(directory, f"make docs && make {images} "
                                 "build/hypervisor.elf")
    expect(status == 0, output)
    for part in re.split(r"^(?=FAIL|PASS)", run(
            directory, f"tests/kernels/run {names}")[1], flags=re.M)[1:]:
        if match := re.match(r"FAIL: (\w+): \1 ended with: failure", part):
            expect_skeleton(match.group(1), part)
            names = names.replace(match.group(1), "", 1)
    expect(not names.strip(), f"did not fail: {names}")
    status, output = run(directory, "make check" + "".join(
        f" -o build/{image}" for image in IMAGES_APART))
    expect(status == 0, output)


@test("extending: make new-hypercall says what it refuses, and writes nothing")
def refusals():
    directory = copy_tree("refusals")
    before = contents(directory)
    for settings, words in REFUSALS:
        expect_refusal(directory, settings, words)
    written = changed(before, contents(directory))
    expect(not written, f"refused, and yet written: {sorted(written)}")


@test("extending: with all numbers taken, it says so")
def no_number():
    directory = copy_tree("full")
    path = "abi/hypercalls.def"
    write(directory, path, read(directory, path) + "".join(
        f'PARAPET_HYPERCALL({number}, taken{number}, 0, "", "taken")\n'
        for number in free_numbers()))
    expect_refusal(directory, "NAME=zz",
                   "all numbers from 224 to 255 are taken")


machine.run_all()
