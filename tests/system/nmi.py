#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A non-maskable interrupt during the boot, before each instruction of it.

nmi_steps.py, which gdb runs, has the steps.
"""

import os

import debugger
import machine
from machine import expect, test

STEPS = os.path.join(os.path.dirname(__file__), "nmi_steps.py")


def walk(part, image, *arguments, **settings):
    """What nmi_steps.py says of a part, with the machine's console."""
    return debugger.gdb(image, ["-x", STEPS], *arguments,
                        variables={"NMI_PART": part}, **settings)


def expect_walk(result, least):
    places = [line for line in result.said.splitlines()
              if line.startswith("place ")]
    expect("\nreached build_domains" in result.said,
           "the boot did not go on after the NMIs", result)
    expect(len(places) >= least,
           f"expected {least} places at least, got {len(places)}", result)


@test("nmi: before any instruction of the boot CPU's start, it does no harm")
def boot_cpu():
    # Only q35's firmware lets QEMU's NMI through to the boot CPU.
    expect_walk(walk("boot", "hypervisor.elf", MACHINE="q35", ICOUNT=1), 50)


@test("nmi: before any instruction of another CPU's start, it does no harm")
def other_cpu():
    # What a boot that fails sends to the other CPUs. ICOUNT: the boot CPU's
    # patience then is measured in instructions.
    result = walk("other", "hypervisor.elf", SMP=2, ICOUNT=1)
    expect_walk(result, 60)
    expect("parapet: 2 CPUs" in result.output, "no second CPU", result)


@test("nmi: natively it is reported, from the first line on")
def native():
    for place in ("kernel_banner", "native_user_init"):
        result = walk(place, "guest-native.elf", "--native", MACHINE="q35")
        expect("non-maskable interrupt" in result.output,
               f"no report of an NMI in {place}", result)


machine.run_all()
