#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several domains, one of which has privilege: who has the console, and when
the machine ends (dom0_crash=)."""

import os
import subprocess
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, test

GUEST = os.path.join(machine.BUILD, "guest-pv.elf")
SHUTDOWN = os.path.join(machine.BUILD, "kernels/shutdown.elf")
WITNESS = os.path.join(machine.BUILD, "kernels/partners/witness.elf")
CRASH = "the control domain has ended: the machine ends"

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def bundle(*arguments):
    output = os.path.join(scratch.name, "domains.itb")
    subprocess.run(["tools/bundle", "--output", output, *arguments],
                   check=True)
    return output


def crashing(partner, *arguments):
    """A control domain that crashes at once, and one beside it, which comes
    before it in the bundle."""
    return bundle("--domain", "other", "--kernel", partner, *arguments,
                  "--domain", "control", "--kernel", SHUTDOWN, "--privileged",
                  "--bootargs", "crash nonce=0")


@test("domains: the control domain is d0 and has the console first")
def order():
    both = bundle("--domain", "one", "--kernel", GUEST, "--bootargs", "monitor",
                  "--domain", "control", "--kernel", GUEST, "--privileged",
                  "--bootargs", "monitor")
    # Its end is the machine's, whatever d1 does.
    result = boot("echo it is me\nshutdown\n", BUNDLE=both)
    expect_status(result, machine.OK)
    expect_text(result, "\nd0: control: engine pv", "\nd1: one: engine pv",
                "\nd0: powered off (control)", CRASH)
    expect("d1: powered off" not in result.output, "d1 ended", result)


@test("domains: when the control domain crashes the machine ends")
def crash_ends():
    result = boot(BUNDLE=crashing(GUEST, "--bootargs", "monitor"))
    expect_status(result, machine.DOMAIN_FAILED)
    expect_text(result, "\nd0: crashed (control)", CRASH)


@test("domains: with dom0_crash=keep the others run on, to their own end")
def crash_keeps():
    result = boot(BUNDLE=crashing(WITNESS, "--bootargs", "nonce=0"),
                  APPEND="dom0_crash=keep log=debug")
    expect_status(result, machine.DOMAIN_FAILED)
    crashed, _, rest = result.output.partition("\nd0: crashed (control)")
    expect("the witness is done" not in crashed and
           "the witness is done" in rest, "the other did not run on", result)
    expect_text(result, "\nd1: has the console",
                "domain 0 is gone,", "no domain is left: the machine ends")


machine.run_all()
