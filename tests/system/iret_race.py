#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""iret while its frame's page goes away, which another vCPU can do any time.

gdb stops the hypervisor before one of the last reads of the frame, takes the
page out of the guest's tables and goes on: the domain ends, and the report must
tell of the frame where it was, not of one at the stack that the frame names.
"""

import re

import debugger
import machine
from machine import expect, test

SOURCE = "hypervisor/engine/pv_entry.S"
# rcx holds the frame's address; the direct map is at DIRECT_BASE of x86/layout.h.
ENTRY = ("(0xffff840000000000 + ($table & 0xffffffffff000) + "
         "(($rcx >> {shift}) & 511) * 8)")
# For a watch, QEMU forgets what it knows of the translation of a page.
UNMAP = ["watch -l *(char *)($rcx & ~0xfff)",
         "set $table = $cr3",
         *[f"set $table = *(unsigned long *){ENTRY.format(shift=shift)}"
           for shift in (39, 30, 21)],
         f"set *(unsigned long *){ENTRY.format(shift=12)} = 0",
         'printf "frame %lx\\n", $rcx']


def line_of(routine, field):
    """The line where the routine reads a word of the frame."""
    with open(SOURCE, encoding="utf-8") as file:
        lines = enumerate(file, 1)
        for _, text in lines:
            if text.startswith(f"{routine}:"):
                break
        for number, text in lines:
            if re.search(rf"mov PARAPET_FRAME_{field}\(", text):
                return number
            if re.match(r"pv_\w+:", text):
                break
    raise machine.Failure(f"{SOURCE}: {routine} does not read {field}")


def check(routine, field):
    line = line_of(routine, field)
    commands = [f"tbreak {SOURCE}:{line}", "continue", *UNMAP, "continue"]
    result = debugger.gdb("hypervisor.elf", [
        word for command in commands for word in ("-ex", command)])
    frame = re.search(r"^frame ([0-9a-f]+)$", result.said, re.M)
    killed = re.search(r"killed: iret: no frame can be read at rsp (\w+)",
                       result.output)
    expect(frame and killed, f"{routine}, {field}: no frame, or no end", result)
    expect(frame.group(1) == killed.group(1),
           f"{routine}, {field}: the frame was at {frame.group(1)}, and was "
           f"looked for at {killed.group(1)}", result)


@test("iret: a frame that goes away is looked for where it was, kernel mode")
def kernel_mode():
    for field in ("RSP", "RAX", "R11", "RCX"):
        check("pv_iret", field)


@test("iret: a frame that goes away is looked for where it was, user mode")
def user_mode():
    for field in ("RAX", "RSP", "R11", "RCX"):
        check("pv_iret_user", field)


machine.run_all()
