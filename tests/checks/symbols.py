#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The symbol table in the hypervisor says what the linker says.

It is made from a first link and put into a second one: text must not have
moved in between. tools/symbols.sh, which makes it, is tried with small input.
"""

import os
import re
import subprocess

import common


def table(nm_text):
    """The {offset: name} that tools/symbols.sh writes, or what it refuses."""
    result = subprocess.run(["tools/symbols.sh"], input=nm_text, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode != 0:
        return result.stderr.strip()
    names = re.findall(r'^\.asciz "(.*)"', result.stdout, re.M)
    offsets = re.findall(r"^\.long (\d+), \d+", result.stdout, re.M)
    count = re.search(r"^hv_symbols_count: \.long (\d+)", result.stdout, re.M)
    if int(count.group(1)) != len(names) or len(names) != len(offsets):
        return "the table does not fit its count"
    return dict(zip(map(int, offsets), names))


def text_symbols(path):
    return [line.split() for line in common.binutils("nm", "-n", path)
            .splitlines() if line.split()[-2] in "tT"]


def problems_of(stage1, final):
    before, after = text_symbols(stage1), text_symbols(final)
    if not after:
        return [f"{final}: no text symbol was found"]
    return [f"{new[2]} is at {new[0]}, the table says {old[0]} {old[2]}"
            for old, new in zip(before, after) if old != new][:3] + (
        [f"{len(before)} symbols in the table, {len(after)} in the image"]
        if len(before) != len(after) else [])


def check():
    return problems_of(os.path.join(common.BUILD, "hv/stage1.elf"),
                       os.path.join(common.BUILD, "hypervisor.elf"))


def gives(nm_text, expected):
    def self_test(_directory):
        got = table(nm_text)
        return ([] if got == expected else [f"it wrote {got}"]), False
    return self_test


def moved(directory):
    """Two objects whose functions are not at the same place."""
    first = common.compile_c("void f(void); void f(void) {}\n", directory)
    os.rename(first, first + "1")
    second = common.compile_c(
        "int x(int); int x(int y) { return y; } "
        "void f(void); void f(void) {}\n", directory)
    return problems_of(first + "1", second), True


START = "ffff810000200000 T hv_start\n"
common.main("symbols", check, {
    "no input, no table": gives("", {}),
    "offsets and names": gives(
        START + "ffff810000200010 t f\nffff8100012ffff0 T g\n",
        {0: "hv_start", 0x10: "f", 0x10ffff0: "g"}),
    "data is left out": gives(START + "ffff810000200010 d x\n",
                              {0: "hv_start"}),
    "a global name wins": gives(
        START + "ffff810000200010 t f\nffff810000200010 T g\n",
        {0: "hv_start", 0x10: "g"}),
    "no hv_start": gives("ffff810000200010 t f\n",
                         "symbols.sh: the input has no hv_start"),
    "text that moved": moved,
})
