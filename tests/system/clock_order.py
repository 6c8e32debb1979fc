#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""While the hypervisor's own clock changes, the clocks of all domains are stopped.

A guest that reads both would see time go back now and then, far too rarely for a
test that waits for it. So gdb stops the boot CPU there and looks at the pages.
"""

import os
import re
import tempfile

import debugger
import machine
from machine import BUILD, expect, test

SEQ = "domain_list->{}shared->clock.seq % 2"
LOOK = ('printf "{} %u %u, of %u domains\\n", ' +
        ", ".join(SEQ.format(link) for link in ("", "next->")) +
        ", domain_list->next->id")


@test("clock: all clocks are stopped before the hypervisor's own changes")
def order():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        bundle = os.path.join(directory, "two.itb")
        kernel = os.path.join(BUILD, "guest-pv.elf")
        machine.make_bundle(bundle, one=kernel, two=kernel)
        commands = ["tbreak time_adopt", "continue", LOOK.format("before"),
                    "finish", LOOK.format("changed"),
                    "finish", LOOK.format("after")]
        result = debugger.gdb(
            "hypervisor.elf",
            [word for command in commands for word in ("-ex", command)],
            BUNDLE=bundle)
    looks = re.findall(r"^(?:before|changed|after) .*", result.said, re.M)
    expect(looks == ["before 1 1, of 2 domains", "changed 1 1, of 2 domains",
                     "after 0 0, of 2 domains"],
           f"stopped (1) or not (0): got {looks}", result)


machine.run_all()
