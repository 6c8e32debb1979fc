#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hypervisor leaves the vector and x87 registers to the guests.

Looks at every instruction of the image. xsave and its kin name no vector
register, so they pass; what x87 instructions are needed to set the state up
must stand in one of the functions listed here.
"""

import os
import re

import common

SETS_UP_STATE = {"features_enable", "pv_switch_in"}
# Bytes between code that are no instructions.
DATA = {"boot_gdt", "boot_gdt_end", "early_idt", "early_idt_end", "high_idt",
        "high_idt_end", "boot_gdtr", "early_idtr", "high_gdtr", "high_idtr",
        "trampoline_gdtr"}
REGISTER = re.compile(r"%(?:[xyz]mm\d+|mm\d|st\b|k[0-7]\b)")
X87 = re.compile(r"^f[a-z0-9]+$|^emms$|^(?:v?(?:ld|st)mxcsr)$|^vzero")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:")


def problems_of(path, allowed):
    problems = []
    function = "?"
    seen = 0
    for line in common.binutils("objdump", "-d", "--no-show-raw-insn",
                                path).splitlines():
        match = FUNCTION.match(line)
        if match:
            function = match.group(1)
        if "\t" not in line:
            continue
        seen += 1
        text = line.split("\t", 1)[1].strip()
        # An address in a comment can hold a symbol with any name.
        text = text.split("<")[0]
        mnemonic = text.split()[0] if text else ""
        if function in DATA:
            continue
        if REGISTER.search(text) or \
                (X87.match(mnemonic) and function not in allowed):
            problems.append(f"{function}: {text}")
    return problems if seen else [f"{path}: no instruction was found"]


def check():
    return problems_of(os.path.join(common.BUILD, "hypervisor.elf"),
                       SETS_UP_STATE)


def compiled(text, expected, allowed=()):
    return lambda directory: (
        problems_of(common.compile_c(text, directory, ("-O3",)), allowed),
        expected)


ADD = "double f(double x, double y); " \
      "double f(double x, double y) { return x + y; }\n"
X87_INIT = 'void f(void); void f(void) { __asm__("fninit"); }\n'
common.main("vectors", check, {
    "an addition of doubles": compiled(ADD, True),
    "fninit": compiled(X87_INIT, True),
    "fninit where it is allowed": compiled(X87_INIT, False, {"f"}),
    "a vector register where fninit is allowed":
        compiled(ADD, True, allowed=("f",)),
    "integer code":
        compiled("int f(int x); int f(int x) { return x + 1; }\n", False),
})
