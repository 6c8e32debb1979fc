#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""/dev/parapet: what programs of the control domain can do with it, and that
nobody else has it."""

import os
import random
import re
import subprocess
import tempfile

import machine
from machine import PLATFORMS, expect, expect_text, shell, test

# `make` sets it for whatever is random: more, in `make soak`, than otherwise.
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
SEEDS = range(1, 5) if FUZZ_SECONDS <= 10 else \
    random.sample(range(1 << 32), FUZZ_SECONDS)


def control_shell(lines, **settings):
    """The same as shell(), in a domain that is privileged."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        bundle = os.path.join(directory, "control.itb")
        subprocess.run(
            ["tools/bundle", "--output", bundle, "--domain", "control",
             "--kernel", os.path.join(machine.BUILD, "guest-pv.elf"),
             "--ramdisk", os.path.join(machine.BUILD, "ramdisk.cpio"),
             "--privileged"], check=True)
        return shell(lines, BUNDLE=bundle, **settings)


@test("control_device: calls, hostile calls, and changes of domains")
def control():
    # Twice: the first run has left nothing behind.
    result = control_shell(["controls", "controls"], APPEND="audit=on")
    passed = re.findall(r"controls: (\d+) passed, 0 failed", result.output)
    expect(len(passed) == 2 and passed[0] == passed[1],
           "expected two runs without failures", result)
    expect(int(passed[0]) > 100 and "there is no audit" not in result.output,
           "too few checks", result)


@test("control_device: random calls, after which all memory is back")
def random_calls():
    result = control_shell([f"controls {seed} 2000" for seed in SEEDS],
                           APPEND="audit=on")
    expect(result.output.count(" passed, 0 failed\n") == len(SEEDS),
           f"expected {len(SEEDS)} runs without failures", result)
    expect(not re.search(r"audit: .* [1-9]\d* difference", result.output),
           "the audit found something", result)


@test("control_device: a domain without privilege has none")
def others():
    for settings in PLATFORMS.values():
        result = shell(["ls /dev/parapet", "mknod /tmp/mine c 10 240",
                        "cat /tmp/mine", "controls"], **settings)
        expect_text(result, "ls: /dev/parapet: No such file or directory",
                    "cat: can't open '/tmp/mine': No such device or address",
                    "only the control domain has it")


machine.run_all()
