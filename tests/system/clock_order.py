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

SEQ = "domains[{}]->shared->clock.seq % 2"
LOOK = ('printf "{} %u %u, of %u domains\\n", ' +
        ", ".join(SEQ.format(i) for i in range(2)) + ", nr_domains")


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
