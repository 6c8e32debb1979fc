#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the guest kernel does when pctl asks its domain for something: to end in
order."""

import machine
from domain0 import in_domain0, until
from machine import expect, test

SHELL = "built-in shell"  # the guest's says so: init runs
PROMPT = "type help"      # the kernel's own


def create(name, extra=""):
    return f"pctl create demo memory=32 name={name} extra='{extra}'"


@test("pctl shutdown: init ends a guest in order, and without it the kernel")
def endings():
    ended = "pctl shutdown --wait --timeout=60"
    steps = in_domain0([
        create("one"), until(1, SHELL), f"{ended} one", "pctl list one",
        create("two"), until(2, SHELL), f"{ended} --reboot two",
        "pctl wait two", create("three", "monitor"), until(3, PROMPT),
        f"{ended} three", create("four", "monitor"), until(4, PROMPT),
        f"{ended} --reboot four", create("five", "init=/bin/sh"),
        until(5, SHELL), f"{ended} five", "pctl dmesg"], MEM="512M")
    for n in (2, 6, 10, 13, 16):
        steps[n].expect(0, "")
    steps[3].expect(0, "ID  NAME  MEM/MiB  VCPUS  STATE\n"
                    " 1  one        32      1  powered off\n")
    steps[7].expect(4, "two: wants a reboot\n")
    said = steps[17].expect(0).out
    for line in ("guest: asked to power off: process 1 gets SIGUSR2\n"
                 "d1| guest: power off\nd1: powered off (one)\n",
                 "guest: asked to reboot: process 1 gets SIGTERM\n"
                 "d2| guest: reboot\n",
                 "guest: asked to power off\nd3: powered off (three)\n",
                 "guest: asked to reboot\nd4: asked for a reboot",
                 "guest: asked to power off\nd5: powered off (five)\n"):
        expect(line in said, f"expected {line!r} in\n{said}")


machine.run_all()
