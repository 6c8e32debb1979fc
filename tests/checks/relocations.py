#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No 32-bit absolute relocation in what the hypervisor is linked from.

The hypervisor runs above 2 GiB and is position-independent: such a relocation
would be cut off. Debug information is left out; it is never loaded.
"""

import os
import re

import common

SECTION = re.compile(r"^Relocation section '\.rela([^']*)'")
BAD = re.compile(r"\b(R_X86_64_(?:32S?|16|8))\b\s+(.*)")


def problems_of(path):
    problems = []
    section = ""
    for line in common.binutils("readelf", "-rW", path).splitlines():
        match = SECTION.match(line)
        if match:
            section = match.group(1)
        match = BAD.search(line)
        if match and not section.startswith(".debug"):
            problems.append(f"{path}: {match.group(1)} in {section}: "
                            f"{match.group(2).split('+')[0].strip()}")
    return problems


def check():
    objects = common.sources((".o",), ["hv"], common.BUILD)
    if not objects:
        return ["no object of the hypervisor was found: nothing is built"]
    problems = problems_of(os.environ["LIBFDT"])
    for path in objects:
        problems += problems_of(os.path.join(common.BUILD, path))
    return problems


def compiled(expected, *flags):
    text = "extern int x; int *f(void); int *f(void) { return &x; }\n"
    return lambda directory: (
        problems_of(common.compile_c(text, directory, ("-g", *flags))),
        expected)


common.main("relocations", check, {
    "absolute code": compiled(True, "-fno-pic", "-mcmodel=kernel"),
    "position-independent code": compiled(False, "-fpie"),
})
