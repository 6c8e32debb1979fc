#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Comments and documents name only files that there are.

Looked at are the comments of C, assembly, make, shell and Python, Python's
docstrings, and the documents. A path may begin at the root, in any
directory that the file is in, or in tests/; and where the file is of neither
kernel, in the directory of one. A name alone may be any file's. Files that the
build makes, and those of other projects, are listed here.
"""

import os
import re

import common

ENDINGS = "c|h|S|py|def|inc|md|mk|lds|sh|gdb|mutation|awk"
WORD = re.compile(r"(?<![\w./$<>{}*%-])"
                  rf"((?:[\w-]+/)*[\w-]+\.(?:{ENDINGS}))(?![\w/(*%]|\.\w)")
BELOW = re.compile(r"(?<![\w./$<>{}*%-])"
                   r"((?:abi|lib|hypervisor|pvdrivers|guest-kernel|user|tools|tests|docs)"
                   r"/[\w./-]*\w)(?![\w(*%{<@]|-\*)")
# Each stands for any name: NAME.c, FILE.mutation, x.h.
PLACEHOLDER = re.compile(r"NAME|FILE|(?:^|/)[a-z]\.\w+$")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
HASH = re.compile(r'(?:^|(?<=\s))#(?!\s*include)[^\n]*|""".*?"""', re.M | re.S)
# Where a page says what to write into a file: "**`PATH`**, whole".
GIVEN = re.compile(r"^\*\*`([^`]+)`\*\*", re.M)
TOP = ("Makefile", "README.md", "CONTRIBUTING.md", "SECURITY.md")
KERNELS = ("hypervisor", "guest-kernel")
C_LIKE = (".c", ".h", ".S", ".def", ".inc", ".lds")

# Made by the build.
MADE = {"asm_offsets.h", "decode_listing.inc", "syscall_names.inc",
        "tools/hcdoc"}
# Those of the C library, of libfdt, of Linux, QEMU and Xen.
FOREIGN = {
    "libfdt.h", "ucontext.h", "unistd.h", "asm/sigcontext.h",
    "asm/unistd_64.h", "asm-generic/termbits.h", "linux/futex.h",
    "target/i386/cpu.h", "docs/specs/fw_cfg", "docs/misc/pvh.pandoc",
    "uapi/linux/kvm_para.h", "emulate.c", "emul-priv-op.c",
    "xen/include/hypercall-defs.c", "public/xen.h", "xen.h", "callback.h",
    "elfnote.h", "event_channel.h", "grant_table.h", "physdev.h",
    "arch-x86/xen.h", "arch-x86/xen-x86_64.h", "arch-x86/hvm/start_info.h",
    "public/arch-x86/hvm/start_info.h"}
# Those of XTF and of GRUB, which docs/WRITING-A-GUEST.md counts.
FOREIGN |= {
    "io/console.h", "head.S", "xenbus.c", "hypercall_page.S",
    "arch/x86/pv/head.S", "arch/x86/hypercall_page.S", "common/console.c",
    "common/xenbus.c", "arch/x86/setup.c", "arch/x86/traps.c",
    "arch/x86/pv/traps.c", "arch/x86/entry_64.S", "tests/example/main.c",
    "build/x86/arch-files.mk", "kern/x86_64/xen/startup.S",
    "kern/x86_64/xen/hypercall.S", "kern/xen/init.c", "term/xen/console.c"}


def prose(path, text):
    """Of a file's text what a person reads; its lines keep their numbers."""
    if path.endswith(".md"):
        return text
    kept = COMMENT if path.endswith(C_LIKE) else HASH
    result, end = [], 0
    for match in kept.finditer(text):
        result += ["\n" * text.count("\n", end, match.start()), match.group()]
        end = match.end()
    return "".join(result)


def named(text):
    """The paths that a text names, each with its line's number."""
    for number, line in enumerate(text.splitlines(), 1):
        found = [match.group(1) for pattern in (WORD, BELOW)
                 for match in pattern.finditer(line)]
        for path in sorted(set(found)):
            yield number, path


def places(path):
    """The directories in which a path that this file names may begin."""
    yield from ("", "tests")
    if path.split("/")[0] not in KERNELS:
        yield from KERNELS
    while "/" in path:
        path = os.path.dirname(path)
        yield path


def is_known(name, path, root, names):
    if name in MADE | FOREIGN or PLACEHOLDER.search(name):
        return True
    return ("/" not in name and name in names) or any(
        os.path.exists(os.path.join(root, place, name))
        for place in places(path))


def texts(root):
    """Each file with what a person reads in it."""
    paths = common.sources(("",), common.C_DIRS + ("docs",), root)
    paths += [name for name in TOP if os.path.exists(os.path.join(root, name))]
    for path in paths:
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                yield path, prose(path, file.read())
        except UnicodeDecodeError:
            pass


def check(root="."):
    read = dict(texts(root))
    names = {os.path.basename(path) for path in read}
    return [f"{path}:{number}: there is no file {name}"
            for path, text in read.items()
            for number, name in named(text)
            if name not in GIVEN.findall(text) and
            not is_known(name, path, root, names)]


# ---- self-tests ----

QUOTES = '"' * 3

def holds(path, text, expected, other="lib/list.h"):
    """What the check finds in this file, beside two headers in lib/."""
    def self_test(directory):
        for name, content in ((other, ""), ("lib/x86/cpu.h", ""),
                              (path, text)):
            whole = os.path.join(directory, name)
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            with open(whole, "w") as file:
                file.write(content)
        problems = check(directory)
        if expected:
            problems = [problem for problem in problems
                        if problem.startswith(f"{path}:2:")]
        return problems, expected
    return self_test


if __name__ == "__main__":
    common.main("paths", check, {
        "a comment with a file that has gone":
            holds("lib/a.c", "\n/* As in lib/bitmap.h. */\n", True),
        "one of several lines":
            holds("lib/a.c", "/* All of\n * lib/bitmap.h */\n", True),
        "a directory that has gone":
            holds("lib/a.c", "\n/* All of lib/x87/ */\n", True),
        "a name alone": holds("lib/a.c", "\n// See bitmap.h.\n", True),
        "a script's comment": holds("tools/a", "\n# lib/bitmap.h\n", True),
        "a docstring":
            holds("tools/a.py", f"{QUOTES}\nlib/bitmap.h{QUOTES}", True),
        "a document": holds("docs/a.md", "\n`lib/bitmap.h`\n", True),
        "the wrong directory":
            holds("lib/a.c", "\n/* x87/cpu.h */\n", True),
        "the other kernel's":
            holds("hypervisor/x86/a.c", "\n/* fs/path.h */\n", True,
                  "guest-kernel/fs/path.h"),
        "either kernel's, where a test names it":
            holds("tests/unit/a.c", "/* fs/path.h */\n", False,
                  "guest-kernel/fs/path.h"),
        "a file": holds("lib/a.c", "/* lib/list.h, list.h. */\n", False),
        "from a directory that the file is in":
            holds("lib/x86/a.c", "/* x86/cpu.h */\n", False),
        "what is no comment": holds("lib/a.c", 'a("lib/bitmap.h");\n', False),
        "a placeholder": holds("lib/a.c", "/* lib/NAME.h */\n", False),
        "a file that the page gives":
            holds("docs/a.md", "`lib/a.c`:\n**`lib/a.c`**, whole\n", False),
    })
