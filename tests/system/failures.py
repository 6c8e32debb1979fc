#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ends badly says why, and ends tools/run with the status for it."""

import os
import re
import subprocess
import tempfile

import bad_bundles
import machine
from machine import boot, expect, expect_status, expect_text, monitor, test

GUEST = os.path.join(machine.BUILD, "guest-pv.elf")


@test("failure: a guest that crashes, in every way it knows")
def crashes():
    kinds = re.findall(r"^  ([a-z0-9-]+) ", monitor("crash\n").output.split(
        "> crash\n")[-1], re.M)
    expect("null" in kinds and "stack" in kinds, f"it knows only {kinds}")
    for kind in kinds:
        result = monitor(f"crash {kind}\n")
        expect_status(result, machine.DOMAIN_FAILED)
        expect_text(result, "d1: crashed (guest)",
                    "run: a domain ended badly")


@test("failure: a killed domain's report names vCPU, reason, symbol and bytes")
def kill_report():
    result = monitor("crash stack\n")
    expect_status(result, machine.DOMAIN_FAILED)
    expect_text(result, "d1v0: killed: no stack for the exception frame")
    expect(re.search(r"^d1v0: +rip [0-9a-f]{16}  recurse\+0x", result.output,
                     re.M), "no rip with its symbol", result)
    expect(re.search(r"^d1v0: +bytes( [0-9a-f]{2}){8}", result.output, re.M),
           "no bytes", result)


@test("failure: a native guest that crashes")
def native_crash():
    expect_status(monitor("crash null\n", native=True), machine.DOMAIN_FAILED)


@test("failure: a guest that wants to reboot")
def reboot():
    result = monitor("reboot\n")
    expect_status(result, machine.DOMAIN_FAILED)
    expect_text(result, "d1: asked for a reboot")


@test("failure: one bad domain of two")
def one_of_two():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        hello = os.path.join(directory, "hello.elf")
        bundle = os.path.join(directory, "two.itb")
        machine.make_example(hello)
        machine.make_bundle(bundle, bad=GUEST, good=hello)
        result = boot("crash null\n", BUNDLE=bundle)
        expect_status(result, machine.DOMAIN_FAILED)
        expect_text(result, "d1: crashed (bad)", "d2: powered off (good)")


def expect_resolved(result):
    """Its addresses are what README has addr2line look up."""
    places = subprocess.run(
        ["addr2line", "-pfe", os.path.join(machine.BUILD, "hypervisor.elf"),
         *re.findall(r"^  (?:at|by) ([0-9a-f]{16})", result.output, re.M)],
        stdout=subprocess.PIPE, check=True, text=True).stdout
    expect(re.search(r"^panic_for_test at .*hypervisor/boot/main\.c:\d+$",
                     places, re.M), places, result)


@test("failure: a panic prints registers and a symbolised backtrace")
def panic():
    for settings in ({}, {"MACHINE": "q35"}, {"SMP": 4}):
        result = boot(APPEND="panic=test", **settings)
        expect_status(result, machine.PANIC)
        expect_text(result, "parapet: panic: asked for by panic=test",
                    "run: the hypervisor panicked")
        expect(re.search(r"^  at [0-9a-f]{16}  panic.*\+0x", result.output,
                         re.M), "no place of the panic", result)
        expect(re.search(r"^  by [0-9a-f]{16}  boot_[a-z_]+\+0x", result.output,
                         re.M), "no caller with its symbol", result)
        expect(re.search(r"rax [0-9a-f]{16}", result.output),
               "no registers", result)
        expect_resolved(result)


@test("failure: an unknown word on the boot line")
def boot_line():
    result = boot(APPEND="lgo=debug")
    expect_status(result, machine.REFUSED)
    expect_text(result, "unknown word 'lgo=debug': expected one of log=, ")


@test("failure: contained=require where the emulator does not contain guests")
def contained():
    line = "this emulator does not contain guests"
    warned = monitor("poweroff\n")
    expect_status(warned, machine.OK)
    result = monitor("poweroff\n", APPEND="contained=require")
    if line not in warned.output:
        expect_status(result, machine.OK)
    else:
        expect_refusal(result, line)
        expect_text(result, "QEMU 10.0 and later contain them")


def expect_refusal(result, words):
    """One line says it, and no domain was started."""
    expect_status(result, machine.REFUSED)
    lines = [line for line in result.output.splitlines() if words in line]
    expect(len(lines) == 1 and lines[0].startswith("parapet: "),
           f"expected one line with {words!r}", result)


@test("failure: no bundle at all")
def no_bundle():
    expect_refusal(boot(BUNDLE="none"), "no boot bundle")


def register_refusal(path, words):
    name = os.path.splitext(os.path.basename(path))[0]

    @test(f"failure: a bundle that is refused: {name}")
    def refusal():
        expect_refusal(boot(BUNDLE=path), words)


with tempfile.TemporaryDirectory(prefix="parapet-") as scratch:
    for bad_path, bad_words in bad_bundles.make(scratch, GUEST):
        register_refusal(bad_path, bad_words)
    machine.run_all()
