#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A build with DEBUG=1: its checks are in it, and hold."""

import os
import subprocess

import machine
from machine import BUILD, expect, expect_status, expect_text, shell, test

DIR = os.path.join(BUILD, "debug")
IMAGE = os.path.join(DIR, "hypervisor.elf")
DEFAULT = os.path.join(BUILD, "default.itb")


def has_checks(image):
    """How many of the two kinds: ASSERTs, and the order of locks."""
    with open(image, "rb") as file:
        content = file.read()
    return sum(text in content
               for text in (b": ASSERT: expected ", b"BUG: lock order: "))


@test("debug: it builds, and has its checks; the usual build has none")
def builds():
    variables = machine.environment(DEBUG=1, BUILD=DIR)
    expect_status(machine.complete(
        ["make", "DEBUG=1", "DEBUG_INFO=", f"BUILD={DIR}", IMAGE],
        env=variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT), machine.OK)
    expect(has_checks(IMAGE) == 2, f"{IMAGE} lacks ASSERTs or lock order")
    usual = os.path.join(BUILD, "hypervisor.elf")
    expect(os.environ.get("DEBUG", "0") != "0" or not has_checks(usual),
           f"{usual} has checks of a build with DEBUG=1")


@test("debug: a shell, pipes and programs: no ASSERT fails")
def sessions():
    for settings in ({}, {"MACHINE": "q35", "SMP": 4}):
        result = shell(["sleep 0.1 | cat & ls /bin | wc -l; wait", "tour"],
                       BUILD=DIR, BUNDLE=DEFAULT, APPEND="audit=on",
                       **settings)
        expect_text(result, " passed, 0 failed")


def expect_success(*words):
    """Of micro-guests, with this hypervisor: QEMU takes the last -kernel."""
    result = machine.complete(
        ["tests/kernels/run", *words], stdout=subprocess.PIPE, limit=600,
        env=machine.environment(QEMU_EXTRA=f"-kernel {IMAGE}"))
    expect_status(result, machine.OK)


@test("debug: micro-guests: no ASSERT fails")
def micro_guests():
    expect_success("block", "events", "timer", "vcpus", "traps",
                   "memory_stale", "hazard_dying_neighbour", "memory_entries")


@test("debug: the suite on four CPUs: no ASSERT fails")
def suite():
    expect_success("--meter", "off", "--smp", "4", "suite", "suite_memory",
                   "suite_grant", "suite_control", "suite_control_memory")


@test("debug: domains that come and go: no ASSERT, no frame used after its end")
def domains():
    expect_success("--meter", "off", "control_chaos", "control_many")


@test("debug: domains that lend and borrow, and die: no ASSERT, no lock held "
      "while others are waited for")
def grants():
    expect_success("--meter", "off", "control_grant_ends",
                   "control_grant_random")


@test("debug: the same within the bound of an exit: also where three destroy "
      "one, 500 end at once, and with ports between domains")
def bound():
    expect_success("--meter", "only", "control_life:two", "control_destroy",
                   "control_keep:crowd", "events_remote:one_cpu",
                   "timer_storm")


machine.run_all()
