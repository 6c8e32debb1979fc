#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The settings of a run: each does what was asked for, or one line names the
fix, on the console or before QEMU is started. So do the limits of tools/bundle."""

import os
import sys
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, test

sys.path.insert(0, "tools")
from run_lib import limits  # noqa: E402

GUEST = os.path.join(machine.BUILD, "guest-pv.elf")


# ---- tools/bundle ----

def bundled(folder, *arguments, domains=1):
    """tools/bundle, with a domain that has these options."""
    command = ["tools/bundle", "--output", os.path.join(folder, "x.itb")]
    for number in range(domains):
        command += ["--domain", f"d{number}", "--kernel", GUEST]
    return boot(command=command + list(arguments))


def file_of(folder, size):
    path = os.path.join(folder, f"{size}")
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def limit_cases(folder):
    """Options that are just right, and ones that are just wrong."""
    disks = [file_of(folder, size) for size in (0, 1, (4 << 20) - 2048,
                                                4 << 20)]
    most, low = limits.MAX_MEMORY_KIB, limits.MIN_MEMORY_KIB
    return (
        (["--memory", f"{low}K"], ["--memory", f"{low - 4}K"]),
        (["--memory", f"{most}K"], ["--memory", f"{most + 4}K"]),
        (["--memory", f"{low + 4}K"], ["--memory", f"{low + 1}K"]),
        (["--vcpus", "1"], ["--vcpus", "0"]),
        (["--vcpus", f"{limits.MAX_VCPUS}"],
         ["--vcpus", f"{limits.MAX_VCPUS + 1}"]),
        (["--weight", "1"], ["--weight", "0"]),
        (["--weight", f"{limits.MAX_WEIGHT}"],
         ["--weight", f"{limits.MAX_WEIGHT + 1}"]),
        (["--vcpus", "2", "--cap", "200"], ["--vcpus", "2", "--cap", "201"]),
        (["--engine", "pv"], ["--engine", "warp"]),
        (["--bootargs", "x" * limits.MAX_BOOTARGS],
         ["--bootargs", "x" * (limits.MAX_BOOTARGS + 1)]),
        (["--ramdisk", disks[1]], ["--ramdisk", disks[0]]),
        (["--memory", "4M", "--ramdisk", disks[2]],
         ["--memory", "4M", "--ramdisk", disks[3]]),
        (["--domain", "x" * limits.MAX_NAME, "--kernel", GUEST],
         ["--domain", "x" * (limits.MAX_NAME + 1), "--kernel", GUEST]),
    )


@test("settings: tools/bundle refuses what the hypervisor would refuse")
def bundle_limits():
    with tempfile.TemporaryDirectory(prefix="parapet-") as folder:
        for right, wrong in limit_cases(folder):
            expect_status(bundled(folder, *right), 0)
            result = bundled(folder, *wrong)
            expect(result.status != 0, f"it takes {wrong}", result)
            expect_text(result, wrong[-2])
        expect_text(bundled(folder, domains=limits.MAX_DOMAINS + 1),
                    f"bundle: expected at most {limits.MAX_DOMAINS} domains")


machine.run_all()
