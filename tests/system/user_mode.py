#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs in user mode: the same under Parapet and on the bare machine."""

import functools
import os
import re
import struct
import subprocess
import tempfile

import machine
from machine import BUILD, expect, expect_status, expect_text, monitor, test

# The audit takes place when the domain ends; a difference is a panic.
PLATFORMS = {"pv": {"APPEND": "audit=on"}, "native": {"native": True}}
TOUR = os.path.join(BUILD, "user/bin/tour")


def run(commands, **settings):
    result = monitor("".join(f"{line}\n" for line in commands) +
                     "poweroff\n", **settings)
    expect_status(result, machine.OK)
    if "APPEND" in settings:
        lines = re.findall(r"audit: .*", result.output)
        expect(len(lines) == 1 and lines[0].strip().endswith(" 0 differences"),
               "it did not take place, or found something", result)
    return result


def between(result, first, last):
    """The lines from the one that ends with first to the one with last."""
    match = re.search(rf"^.*{re.escape(first)}\n(.*?^{re.escape(last)}.*?\n)",
                      result.output, re.S | re.M)
    expect(match, f"no text from {first!r} to {last!r}", result)
    return match.group(1).splitlines()


# What the caches of the kernel's allocator may keep.
SLACK_KIB = 64


def expect_no_loss(result):
    first, last = free_kib(result)
    expect(last >= first - SLACK_KIB, f"{first} KiB free became {last}",
           result)


def free_kib(result):
    return [int(size) for size in re.findall(r"^  free +(\d+) KiB$",
                                             result.output, re.M)]


# ---- the tour ----

def tour_of(*more, **settings):
    """The tour, and more commands after it: all that was said, and its lines."""
    result = run(["run /bin/tour one two", *more], **settings)
    lines = between(result, "> run /bin/tour one two", "run: /bin/tour: ")
    expect(lines[-1] == "run: /bin/tour: exit status 0", lines[-1], result)
    expect(re.fullmatch(r"tour: \d\d+ passed, 0 failed", lines[-2]),
           lines[-2], result)
    return result, lines


@functools.cache
def tours(platform):
    """One boot, of which several tests look at what concerns them."""
    return tour_of("free", "run /bin/tour", "run /bin/tour", "free",
                   **PLATFORMS[platform])


@test("user: the tour passes, and says the same under pv and natively")
def tour():
    def plain(line):
        return re.sub(r"0x[0-9a-f]+|process \d+", "N", line)

    (_, pv), (result, native) = tours("pv"), tours("native")
    for one, other in zip(pv, native):
        expect(plain(one) == plain(other), f"pv {one!r}, native {other!r}",
               result)
    expect(len(pv) == len(native), "one says more than the other")
    expect_text(result, "  argument 1: one\n  argument 2: two\n")


@test("user: the tour on q35, on 4 CPUs, and three times, with no memory lost")
def more_tours():
    for settings in ({"MACHINE": "q35"}, {"SMP": 4},
                     {"MACHINE": "q35", "native": True}):
        tour_of(**settings)
    for platform in PLATFORMS:
        expect_no_loss(tours(platform)[0])


@test("user: the hypervisor's audit agrees after all of this, and in the middle")
def audit():
    result = run(["run /bin/linger 60000", "threads"], **PLATFORMS["pv"])
    expect_text(result, "run: /bin/linger: exit status 0")


# ---- what a process may bring about ----

@test("user: a process that is killed is reported with program, place, reason")
def report():
    for platform in PLATFORMS:
        text = "\n".join(tours(platform)[1])
        for pattern in (r"guest: tour \(process \d+\) killed, SIGSEGV: "
                        r"write to 0x[0-9a-f]+ by the instruction at "
                        r"0x[0-9a-f]+: not mapped for that",
                        r"killed, SIGSEGV: read from 0xffffffff80100000 by "
                        r"the instruction at 0x[0-9a-f]+: not user memory",
                        r"killed, SIGSEGV: general protection at 0x",
                        r"killed, SIGILL: invalid opcode at 0x",
                        r"killed, SIGFPE: divide error at 0x"):
            expect(re.search(pattern, text), f"no line {pattern!r} in\n{text}")


@test("user: a process that takes all memory is killed, and the memory is back")
def hog():
    for settings in PLATFORMS.values():
        result = run(["run /bin/hog", "free", "run /bin/hog", "run /bin/hog 3",
                      "free", "selftest"], **settings)
        expect_text(result, "hog: 1 of 1 killed", "hog: 3 of 3 killed",
                    " 0 failed")
        expect_no_loss(result)


@test("user: children that are left behind go on, and leave nothing behind")
def orphans():
    for settings in PLATFORMS.values():
        # The first fills the caches of the kernel's allocator. With time that
        # is counted in instructions a busy host cannot be too late.
        result = run(["run /bin/linger 10", "sleep 0.3", "threads", "free",
                      "run /bin/linger 300", "threads", "run /bin/linger 10",
                      "sleep 0.6", "free", "threads"],
                     ICOUNT=1, **settings)
        counts = [len(re.findall(r"^ +\d+  linger ", part, re.M)) for part in
                  result.output.split("parapet> threads")[1:]]
        expect(counts == [0, 3, 0], f"of linger, there were {counts}", result)
        expect(result.output.count("run: /bin/linger: exit status 0") == 3,
               "not all of them ran", result)
        expect_no_loss(result)


@test("user: random system calls do no harm to the kernel")
def scramble():
    for settings in PLATFORMS.values():
        result = run([f"run /bin/scramble 10 1000 {seed}" for seed in
                      range(1, 4)] + ["free", "run /bin/scramble 20 500 4",
                                      "free", "selftest"], **settings)
        expect(result.output.count("children have ended\n") == 4,
               "not all runs ended", result)
        expect_text(result, " 0 failed")
        expect_no_loss(result)


@test("user: a program reads lines from the console, until Ctrl-D")
def console():
    for settings in PLATFORMS.values():
        result = run(["run /bin/copy", "hello", "", "x" * 3000,
                      "\x04echo prompt again"], **settings)
        lines = between(result, "> run /bin/copy",
                        "copy: the end of the input")
        # The console shows what was typed, then the program says it again.
        expect(lines[:6] == ["hello", "hello", "", "", "x" * 3000, "x" * 3000],
               "not what was typed", result)
        expect_text(result, "run: /bin/copy: exit status 0",
                    "\nprompt again\n")


# ---- files that are no good programs ----

def patched(program, offset, form, value):
    changed = bytearray(program)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


# Offsets in the ELF header, and in the first program header (at 64).
def bad_programs(good):
    segment = 64
    return {
        "empty": (b"", "too short"),
        "text": (b"no program\n" * 20, "not an ELF file"),
        "cut": (good[:100], "headers go past"),
        "half": (good[:len(good) // 2], "goes past the end of the file"),
        "machine": (patched(good, 18, "<H", 3), "not for x86-64"),
        "entry": (patched(good, 24, "<Q", 0x1000), "its entry is not exec"),
        "kernel-entry": (patched(good, 24, "<Q", 0xffffffff80100000),
                         "its entry is not exec"),
        "headers": (patched(good, 32, "<Q", 2**64 - 8), "headers go past"),
        "header-size": (patched(good, 54, "<H", 1), "of an unknown size"),
        "many-headers": (patched(good, 56, "<H", 0xffff), "headers go past"),
        "no-headers": (patched(good, 56, "<H", 0), "its entry is not exec"),
        "kernel": (patched(good, segment + 16, "<Q", 0xffffffff80100000),
                   "not in user memory"),
        "hypervisor": (patched(good, segment + 16, "<Q", 0xffff800000000000),
                       "not in user memory"),
        "last-page": (patched(good, segment + 16, "<Q", 0x7ffffffff000),
                      "not in user memory"),
        "zero": (patched(good, segment + 16, "<Q", 0), "overlap"),
        "wrap": (patched(good, segment + 40, "<Q", 2**64 - 1),
                 "not in user memory"),
        "huge": (patched(good, segment + 40, "<Q", 0x7fffffb00000), ""),
        "offset": (patched(good, segment + 8, "<Q", 2**64 - 0x1000),
                   "goes past the end"),
        "odd": (patched(good, segment + 8, "<Q", 8), "another place"),
        "file-size": (patched(good, segment + 32, "<Q", 2**63),
                      "larger in the file"),
        "overlap": (patched(good, segment + 40, "<Q", 0x1001), "overlap"),
        "interpreter": (patched(good, segment, "<I", 3), "dynamic loader"),
        "on-stack": (patched(good, segment + 16, "<Q", 0x7fffffc00000), ""),
    }


@test("user: bad programs are refused, each with a reason")
def refusals():
    with open(TOUR, "rb") as file:
        programs = bad_programs(file.read())
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        files = os.path.join(directory, "files")
        os.mkdir(files)
        for name, (content, _) in programs.items():
            with open(os.path.join(files, name), "wb") as file:
                file.write(content)
            os.chmod(os.path.join(files, name), 0o755)
        ramdisk = os.path.join(directory, "ramdisk.cpio")
        subprocess.run(["tools/mkramdisk", ramdisk, files, f"tour={TOUR}"],
                       check=True)
        commands = [f"run {name}" for name in programs]
        commands += ["run missing", "run", "free", "run tour"]
        for settings in PLATFORMS.values():
            expect_refusals(run(commands, RAMDISK=ramdisk, **settings),
                            programs)


def expect_refusals(result, programs):
    for name, (_, reason) in programs.items():
        expect(re.search(rf"^run: {name}: .*{re.escape(reason)}",
                         result.output, re.M),
               f"{name} was not refused with {reason!r}", result)
        expect(f"run: {name}: exit status" not in result.output,
               f"{name} was run", result)
    expect_text(result, "run: missing: no such file",
                "usage: run PROGRAM", "run: tour: exit status 0")


machine.run_all()
