#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The monitor's prompt, on every machine; piped input arrives whole."""

import os
import re
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, monitor, test

MACHINES = {
    "microvm": {},
    "q35": {"MACHINE": "q35"},
    "microvm, 4 CPUs": {"SMP": 4},
    "q35, 4 CPUs": {"MACHINE": "q35", "SMP": 4},
    "native on microvm": {"native": True},
    "native on q35": {"native": True, "MACHINE": "q35"},
}
COMMANDS = "help\nuname\nls\npoweroff\n"
ENOUGH = 20000


def expect_answers(result, build):
    expect_status(result, machine.OK)
    expect_text(result, f"({build})", "list the commands",
                f"Parapet 0.1 {build} x86_64", " etc/\n", "guest: power off")


def build_of(settings):
    return "native" if settings.get("native") else "pv"


def register_session(name, settings):
    @test(f"session: help, uname, ls, poweroff on {name}")
    def session():
        expect_answers(monitor(COMMANDS, **settings), build_of(settings))


def register_piped(name, settings):
    @test(f"session: {ENOUGH} piped bytes, none lost, on {name}")
    def piped():
        lines = []
        while sum(map(len, lines)) < ENOUGH:
            lines.append(f"echo line {len(lines):04} " +
                         "abcdefghijklmnopqrstuvwxyz0123456789"[len(lines) % 9:]
                         + "\n")
        result = monitor("".join(lines) + "poweroff\n", **settings)
        expect_status(result, machine.OK)
        answers = re.findall(r"^line .*\n", result.output, re.M)
        expected = [line[len("echo "):] for line in lines]
        wrong = [pair for pair in zip(answers, expected) if pair[0] != pair[1]]
        expect(not wrong, f"got, then expected: {wrong[:1]}", result)
        expect(len(answers) == len(expected),
               f"expected {len(expected)} lines, got {len(answers)}", result)


for machine_name, machine_settings in MACHINES.items():
    register_session(machine_name, machine_settings)
    register_piped(machine_name, machine_settings)


@test("session: the end of the input powers off, with and without a newline")
def end_of_input():
    for text in ("", "uname\n", "uname"):
        expect_status(monitor(text), machine.OK)


TARGETS = {"run": "pv", "run-domain": "pv", "run-native": "native"}


@test("session: `make run` and its kin, with nothing but the console on standard "
      "output")
def make_run():
    for target, build in TARGETS.items():
        result = boot(COMMANDS, command=machine.make(
            target, "BOOTARGS=monitor"), DOM0="")
        expect_answers(result, build)
        first = result.output.splitlines()[0]
        expect(first.startswith(("parapet: ", "guest: ")),
               f"the first line is {first!r}", result)


@test("session: `make run` on a terminal: the prompt answers, Ctrl-A x quits")
def make_run_on_terminal():
    result, restored = machine.on_terminal(
        machine.make("run", "BOOTARGS=monitor"), [
            (b"", b"parapet> "), (b"uname\r", b"pv x86_64"),
            (b"\x01x", b"QEMU: Terminated")], DOM0="")
    expect(result.status != 0, "quitting is no success", result)
    expect_text(result, "Parapet 0.1 pv x86_64", "run: quit from the keyboard")
    expect(restored, "the terminal was not put back as it was", result)


@test("session: when the terminal is closed, nothing is left behind")
def terminal_closed():
    for target in TARGETS:
        names, left = machine.left_behind(
            machine.make(target), [(b"", b"parapet:~# ")], DOM0="")
        expect("qemu-system-x86" in names, f"started: {names}")
        expect(not left, f"{left} are left of {target}")


@test("session: two domains of one bundle, on one CPU and on two")
def two_domains():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        hello = os.path.join(directory, "hello.elf")
        bundle = os.path.join(directory, "two.itb")
        machine.make_example(hello)
        machine.make_bundle(bundle, one=os.path.join(
            machine.BUILD, "guest-pv.elf"), two=hello)
        for cpus in (1, 2):
            result = boot("uname\n", SMP=cpus, BUNDLE=bundle)
            expect_status(result, machine.OK)
            expect_text(result, "Parapet 0.1 pv", "hello from a guest",
                        "d1: powered off (one)", "d2: powered off (two)")


@test("session: when a domain ends, the next one gets the console")
def next_domain():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        kernel = os.path.join(machine.BUILD, "guest-pv.elf")
        bundle = os.path.join(directory, "two.itb")
        machine.make_bundle(bundle, one=kernel, two=kernel)
        for cpus in (1, 2):
            result = boot("poweroff\n", SMP=cpus, BUNDLE=bundle)
            expect_status(result, machine.OK)
            expect_text(result, "d1: powered off (one)",
                        "d2: powered off (two)")


@test("session: the guest begins after fewer than 50 million instructions")
def first_line():
    """A nanosecond is an instruction here, whatever the host's speed."""
    result = boot(ICOUNT=1)
    expect_text(result, "\nguest: Parapet guest kernel")
    milliseconds = re.search(r"^parapet: boot: ([0-9.]+) ms", result.output,
                             re.M)
    expect(milliseconds and float(milliseconds[1]) < 50,
           "expected a boot in less than 50 ms", result)


machine.run_all()
