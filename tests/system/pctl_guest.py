#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the guest kernel does when pctl asks its domain for something: to end in
order, and to have less memory, or more."""

import re

import machine
from domain0 import added, in_domain0, until
from machine import boot, expect, expect_status, expect_text, test

SHELL = "built-in shell"  # the guest's says so: init runs
PROMPT = "type help"      # the kernel's own


def create(name, extra=""):
    return f"pctl create demo memory=32 name={name} extra='{extra}'"


@test("pctl shutdown: init ends a guest in order, and without it the kernel")
def endings():
    ended = "pctl shutdown --wait --timeout=60"
    steps = in_domain0([
        create("one"), until("one", SHELL), f"{ended} one", "pctl list one",
        create("two"), until("two", SHELL), f"{ended} --reboot two",
        "pctl wait two", create("three", "monitor"), until("three", PROMPT),
        f"{ended} three", create("four", "monitor"), until("four", PROMPT),
        f"{ended} --reboot four", create("five", "init=/bin/sh"),
        until("five", SHELL), f"{ended} five", "cat /tmp/one /tmp/two"],
        MEM="512M")
    for n in (2, 6, 10, 13, 16):
        steps[n].expect(0, "")
    steps[3].expect(0, "ID  NAME  MEM/MiB  VCPUS  STATE\n"
                    " 1  one        32      1  powered off\n")
    steps[7].expect(4, "two: wants a reboot\n")
    said = steps[17].expect(0).out
    for line in ("guest: asked to power off: process 1 gets SIGUSR2\n"
                 "guest: power off\n",
                 "guest: asked to reboot: process 1 gets SIGTERM\n"
                 "guest: reboot\n"):
        expect(line in said, f"expected {line!r} in\n{said}")


def power_off(*commands):
    """Domain 0's shell is given these, and `poweroff`."""
    with added() as directory:
        return boot("".join(f"{line}\n" for line in [*commands, "poweroff"]),
                    DOM0=1, ADD=directory, MEM="512M")


@test("poweroff in domain 0: the others end in order before it")
def power_off_in_order():
    result = power_off("pctl dmesg --console=info", create("one"),
                       until("one", SHELL), "pctl create tiny",
                       "pctl destroy tiny", "pctl create tiny --paused")
    expect_status(result, machine.OK)
    expect(re.search(r"\nd1: powered off \(one\)\n(.*\n)*guest: power off\n"
                     r"(.*\n)*d0: powered off \(dom0\)\n", result.output),
           "domain 0 did not end last", result)


@test("poweroff in domain 0: it does not wait for ever")
def power_off_late():
    result = power_off("pctl create tiny")
    expect_status(result, machine.DOMAIN_FAILED)
    expect_text(result, "pctl: shutdown: tiny: it has not ended in 20 seconds\n",
                "guest: power off, and something has failed\n",
                "d0: crashed (dom0)\n")


def has(name, mib):
    """A command that ends when the domain has what it was asked to have, and
    that is so many MiB, but for what lies above its memory."""
    return ("while have=$(pctl info --json " + name + " | "
            r"""sed -n 's/.*"memory": \([0-9]*\),.*"memory_target": \1,.*/\1/p')"""
            f"; [ $((${{have:-0}} >> 20)) -ne {mib} ]; do sleep 1; done")


@test("pctl mem-set: a guest gives memory back, and gets it again")
def memory():
    # Domain 0 keeps what it has got for the first console.
    steps = in_domain0([
        f"{create('first')} > /dev/null; pctl destroy first; pctl info --json",
        create("small", "monitor") + " maxmem=48",
        until("small", "as asked for"), "pctl info --json small",
        "pctl info --json",
        "pctl mem-set small 20", has("small", 20),
        "pctl mem-set small 32; " + has("small", 32) + "; echo $have; "
        "pctl mem-set small 48", has("small", 48) + "; echo $have",
        "pctl audit", "pctl mem-set small 1",
        until("small", "the rest is in use"), "pctl shutdown --wait small",
        "pctl destroy small", "pctl info --json"],
        MEM="512M", APPEND="audit=on")
    free, less, after = (steps[n].expect(0).json()["free_memory"]
                         for n in (0, 4, 14))
    one = steps[3].expect(0).json()[0]
    # Its memory, and what the hypervisor has put above that.
    expect(32 << 20 < one["memory"] < 33 << 20, steps[3].out)
    expect(one["memory"] == one["memory_target"], steps[3].out)
    expect(0 <= free - less - one["memory"] < 1 << 20,
           steps[0].out + steps[3].out + steps[4].out)
    for n in (5, 6, 10, 12, 13):
        steps[n].expect(0, "")
    # MiB count as in its description: as at first, and up to all that it had.
    steps[7].expect(0, f"{one['memory']}\n")
    steps[8].expect(0, f"{one['memory'] + (16 << 20)}\n")
    expect(len(steps[9].expect(0).out.splitlines()) == 3, steps[9].out)
    expect(free == after, steps[0].out + steps[14].out)


@test("pctl mem-set: what programs do meanwhile goes on, and they see it")
def programs():
    figure = ("sed -n 's/^MemTotal: *//p' /proc/meminfo; df / | "
              "sed -n 's/^ramfs *//p'")
    less, more = ("pctl mem-set dom0 48; ", "pctl mem-set dom0 64; ")
    steps = in_domain0(
        [figure, f"storm 7 8 > storm.out & for i in 1 2 3 4; do {less} sleep 1; "
         f"{more} sleep 1; done; wait $!", less + has("dom0", 48), figure,
         more + has("dom0", 64), figure, "pctl audit",
         # More than is free: what is kept of a disk goes, too.
         "cat /dev/ram0 > /dev/null; sed -n 's/^Buffers: *//p' /proc/meminfo",
         "pctl mem-set dom0 20; " + has("dom0", 20),
         "sed -n 's/^Buffers: *//p' /proc/meminfo"],
        APPEND="audit=on", BOOTARGS="ramblk=8M")
    for n in (1, 2, 4, 6, 8):
        steps[n].expect(0)
    # "N kB", and the size of the file system first: half of that.
    total, half = zip(*[[int(line.split()[0])
                         for line in steps[n].expect(0).out.splitlines()]
                        for n in (0, 3, 5)])
    expect(total == (64 << 10, 48 << 10, 64 << 10), str(total))
    expect(all(0 <= t - 2 * h < 8 for t, h in zip(total, half)), str(half))
    expect(steps[7].expect(0).out == "8192 kB\n", steps[7].out)
    expect(int(steps[9].expect(0).out.split()[0]) < 6000, steps[9].out)


machine.run_all()
