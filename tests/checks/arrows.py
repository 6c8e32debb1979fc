#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes point only where docs/DESIGN.md section 2 allows.

An include in quotes is relative to the root and must exist; one in angle
brackets is a freestanding header, or libfdt.h where it may be, or anything at
all for what runs on the host.
"""

import os
import re

import common

FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h",
                "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h"}
LIBFDT = FREESTANDING | {"libfdt.h"}
ANY = None

# The longest prefix of a file's path decides: which folders it may include
# from, and which system headers.
RULES = {
    "abi/": (("abi/",), FREESTANDING),
    "lib/": (("lib/",), FREESTANDING),
    "lib/builder/": (("abi/", "lib/"), LIBFDT),
    "hypervisor/": (("abi/", "lib/", "hypervisor/"), LIBFDT),
    "pvdrivers/": (("abi/", "lib/", "pvdrivers/"), FREESTANDING),
    "guest-kernel/": (("abi/", "lib/", "pvdrivers/", "guest-kernel/"), LIBFDT),
    "user/": (("abi/", "user/"), ANY),
    "tools/": (("abi/", "tools/"), ANY),
    "tests/unit/": (("",), ANY),
    "tests/fuzz/": (("",), ANY),
    "tests/kernels/": (("abi/", "lib/", "tests/kernels/"), FREESTANDING),
    "tests/bench/": (("abi/", "lib/", "tests/"), FREESTANDING),
    "tests/probe/": (("abi/", "lib/", "tests/"), FREESTANDING),
    "tests/system/": (("abi/",), FREESTANDING),
}
# Found by an include path: irqflag.h in privops/pv or privops/native,
# whichever is built; the others are made by the build.
BY_PATH = {("hypervisor/", "asm_offsets.h"), ("guest-kernel/", "irqflag.h"),
           ("tests/unit/", "decode_listing.inc"),
           ("guest-kernel/", "syscall_names.inc")}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def includes(path):
    with open(path) as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1) == "<", match.group(2)


def objection(root, path, system, name):
    rule = max((prefix for prefix in RULES if path.startswith(prefix)),
               key=len, default=None)
    if rule is None:
        return "tests/checks/arrows.py has no rule for its folder"
    folders, system_headers = RULES[rule]
    if system:
        if system_headers is not ANY and name not in system_headers:
            return f"must not include <{name}>"
    elif not any(path.startswith(folder) and name == header
                 for folder, header in BY_PATH):
        if not os.path.exists(os.path.join(root, name)):
            return f'includes "{name}", which is no path from the root'
        if not name.startswith(folders):
            return f'must not include "{name}"'
    return None


def check(root="."):
    problems = []
    for path in common.sources((".c", ".h", ".S", ".def"), root=root):
        for number, system, name in includes(os.path.join(root, path)):
            what = objection(root, path, system, name)
            if what:
                problems.append(f"{path}:{number}: {what}")
    return problems


def tree_with(path, line):
    def self_test(folder):
        for name in ("abi/abi.h", "lib/list.h", "hypervisor/core/domain.h"):
            os.makedirs(os.path.dirname(os.path.join(folder, name)))
            open(os.path.join(folder, name), "w").close()
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(f"#include <stdint.h>\n{line}\n")
        return check(folder)
    return self_test


def bad(path, line):
    return lambda folder: (tree_with(path, line)(folder), True)


def good(path, line):
    return lambda folder: (tree_with(path, line)(folder), False)


common.main("arrows", check, {
    "abi includes lib": bad("abi/x.h", '#include "lib/list.h"'),
    "lib includes abi": bad("lib/x.c", '#include "abi/abi.h"'),
    "guest kernel includes the hypervisor":
        bad("guest-kernel/x.c", '# include "hypervisor/core/domain.h"'),
    "hypervisor includes a host header":
        bad("hypervisor/x.c", "#include <stdio.h>"),
    "a folder without a rule": bad("tests/new/x.c", '#include "abi/abi.h"'),
    "a path that is not from the root":
        bad("hypervisor/core/x.c", '#include "domain.h"'),
    "hypervisor includes lib": good("hypervisor/x.c", '#include "lib/list.h"'),
})
