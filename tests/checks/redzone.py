#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libfdt.a, which we did not compile, writes nothing below its stack pointer.

The hypervisor links it into ring 0, where an interrupt may come at any
instruction and take the 128 bytes below rsp. Code that uses them addresses
them from rsp with a negative offset.
"""

import os
import re

import common

BELOW = re.compile(r"-0x[0-9a-f]+\(%rsp")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:")


def problems_of(path):
    problems = []
    function = "?"
    functions = 0
    for line in common.binutils("objdump", "-d", "--no-show-raw-insn",
                                path).splitlines():
        match = FUNCTION.match(line)
        if match:
            function = match.group(1)
            functions += 1
        if BELOW.search(line):
            problems.append(f"{function}: {line.split(chr(9), 1)[1]}")
    return problems if functions else [f"{path}: no function was found"]


def check():
    return problems_of(os.environ["LIBFDT"])


def compiled(expected, *flags):
    text = "int f(int x); int f(int x) " \
           "{ volatile int a[4] = {x}; return a[x & 3]; }\n"
    return lambda directory: (
        problems_of(common.compile_c(text, directory, ("-O2", *flags))),
        expected)


common.main("redzone", check, {
    "a leaf function with a red zone":
        compiled(True, "-fno-stack-protector"),
    "the same without": compiled(False, "-mno-red-zone",
                                 "-fno-stack-protector"),
})
