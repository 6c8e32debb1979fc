#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debug exception inside the hypervisor leaves nothing behind in DR6.

A guest makes one on some CPUs by single-stepping a system call in the shadow
of mov to ss; QEMU puts off no debug exception, so here gdb sets TF.
"""

import re

import debugger
import machine
from machine import expect, test


@test("debug: a debug exception in the hypervisor leaves DR6 clear")
def dr6():
    result = debugger.gdb(
        "hypervisor.elf",
        ["-ex", "tbreak hc_console_write", "-ex", "continue",
         "-ex", "set $eflags |= 0x100", "-ex", "tbreak trap_from_hypervisor",
         "-ex", "continue", "-ex", "monitor info registers",
         "-ex", "finish", "-ex", "monitor info registers"])
    values = re.findall(r"DR6=([0-9a-f]{16})", result.said)
    expect(values == ["00000000ffff4ff0", "00000000ffff0ff0"],
           f"DR6 on the way in and out: got {values}", result)


machine.run_all()
