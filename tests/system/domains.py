#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A control domain that comes last in its bundle: it is d0, and has the console
before the others. (How it ends: tests/kernels/control_end.c.)"""

import os
import re
import subprocess
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, test

GUEST = os.path.join(machine.BUILD, "guest-pv.elf")

@test("domains: the control domain is d0 and has the console first")
def order():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        bundle = os.path.join(directory, "domains.itb")
        subprocess.run(
            ["tools/bundle", "--output", bundle,
             "--domain", "one", "--kernel", GUEST, "--bootargs", "monitor",
             "--domain", "control", "--kernel", GUEST, "--bootargs", "monitor",
             "--privileged"], check=True)
        # Its end is the machine's, whatever d1 does.
        result = boot("shutdown\n", BUNDLE=bundle)
    expect_status(result, machine.OK)
    expect_text(result, "\nd0: control: engine pv", "\nd1: one: engine pv",
                "\nd0: powered off (control)",
                "the control domain has ended: the machine ends")
    expect("d1: powered off" not in result.output, "d1 ended", result)


def beside_busy(line, **settings):
    """What a shell does with this line, beside a domain that counts."""
    busy = os.path.join(machine.BUILD, "kernels/partners/child.elf")
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        bundle = os.path.join(directory, "domains.itb")
        subprocess.run(
            ["tools/bundle", "--output", bundle,
             "--domain", "control", "--kernel", GUEST, "--ramdisk",
             os.path.join(machine.BUILD, "ramdisk.cpio"), "--privileged",
             "--domain", "busy", "--kernel", busy, "--bootargs", "spin"],
            check=True)
        # It does not listen to domain 0, which asks it to end before it ends.
        result = boot(line + "pctl destroy busy\n", BUNDLE=bundle, **settings)
    expect_status(result, machine.OK)
    return result


@test("domains: /proc/stat tells the time that a busy domain has had")
def stolen():
    # It ends once half a second was stolen, whatever the host does.
    result = beside_busy("while read cpu u n s i io irq sirq steal rest < "
                         "/proc/stat && [ $steal -lt 50 ]; do :; done; "
                         "echo $cpu: stolen $steal\n")
    expect(re.search(r"\ncpu: stolen \d+\n", result.output),
           "expected a line of stolen time", result)


@test("domains: mpstat tells the share that a busy domain has had")
def mpstat():
    # Both spin: each has one half, and what is idle is next to nothing. In
    # counted instructions the host's speed is nothing to it.
    result = beside_busy("while :; do :; done & mpstat 1 2; kill $!\n",
                         ICOUNT="1")
    lines = re.findall(r"^all((?: +\d+\.\d\d){8})$", result.output, re.M)
    expect(len(lines) == 2, f"expected 2 lines, got {len(lines)}", result)
    steal, idle = map(float, lines[-1].split()[-2:])
    print(f"{steal} % stolen, {idle} % idle")
    expect(45 <= steal <= 55, f"expected some 50 % stolen, got {steal}", result)
    expect(idle <= 1, f"expected nothing to be idle, got {idle} %", result)


machine.run_all()
