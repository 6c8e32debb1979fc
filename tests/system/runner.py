#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/run itself: how it maps the ends of a machine, and what it feeds.

The machine runs tests/system/endings.c in place of the hypervisor, so a
failure here is the fault of tools/run or of QEMU.
"""

import os
import subprocess
import sys
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, test

sys.path.insert(0, "tools")
from run_lib import focus  # noqa: E402

FLAGS = ["-m32", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
         "-ffreestanding", "-fno-pic", "-fno-stack-protector",
         "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
         "-mgeneral-regs-only", "-nostdlib", "-static", "-no-pie",
         "-Wl,-e,start,-Ttext=0x100000,--build-id=none,-z,noexecstack"]

scratch = tempfile.TemporaryDirectory(prefix="parapet-")
BUNDLE = os.path.join(scratch.name, "default.itb")


def build_image():
    subprocess.run([machine.CROSS + "gcc", *FLAGS, "tests/system/endings.c", "-o",
                    os.path.join(scratch.name, "hypervisor.elf")], check=True)
    with open(BUNDLE, "w") as file:
        file.write("nobody reads this")


def end_as(command, text="", **settings):
    return boot(text, BUILD=scratch.name, APPEND=command, **settings)


def expect_end(command, status, said, **settings):
    result = end_as(command, **settings)
    expect_status(result, status)
    expect(result.said.startswith(said) and result.said.count("\n") <= 1,
           f"expected the one line {said!r}", result)


@test("tools/run: success on microvm and q35 is status 0, without a word")
def success():
    for name in ("microvm", "q35"):
        expect_end("exit=2a", machine.OK, "", MACHINE=name)


@test("tools/run: each bad end has its status and its line")
def bad_ends():
    expect_end("exit=2b", machine.DOMAIN_FAILED, "run: a domain ended badly")
    expect_end("exit=2c", machine.PANIC, "run: the hypervisor panicked")
    expect_end("exit=2d", machine.REFUSED, "run: the boot was refused")
    expect_end("exit=00", machine.OTHER, "run: QEMU failed with status 1")


@test("tools/run: a reset of the machine is a failure")
def reset():
    for name in ("microvm", "q35"):
        expect_end("reset", machine.STOPPED, "run: the machine reset",
                   MACHINE=name)


@test("tools/run: TIMEOUT ends a machine that hangs")
def timeout():
    expect_end("hang", machine.TIMED_OUT, "run: no end within TIMEOUT=2",
               TIMEOUT=2)


@test("tools/run: what it cannot run it names")
def refusals():
    for settings, said in (({"QEMU": "no-such-qemu"}, "run: no-such-qemu"),
                           ({"MACHINE": "pc"}, "run: MACHINE=pc: expected"),
                           ({"ACCEL": "hvf"}, "run: ACCEL=hvf: expected"),
                           ({"GUEST": "no-such.elf"},
                            "run: GUEST=no-such.elf: no such file"),
                           ({"BUNDLE": "no.itb"}, "run: no.itb is not there")):
        expect_end("exit=2a", machine.OTHER, said, **settings)


@test("tools/run: ACCEL=kvm says that it is untested")
def kvm():
    result = boot(BUILD=scratch.name, APPEND="exit=2a", ACCEL="kvm",
                  QEMU="true")
    expect_text(result, "run: ACCEL=kvm is untested")


@test("tools/run: 20,000 piped bytes arrive whole and Ctrl-D follows")
def piped():
    text = "".join(f"{number:4}\n" for number in range(4000))
    for name in ("microvm", "q35"):
        result = end_as("echo", text, MACHINE=name)
        expect_status(result, machine.OK)
        expect(result.output == text, "the echo differs from the input",
               result)


@test("tools/run: each domain that gets the console gets Ctrl-D, without a "
      "wait")
def next_domains():
    # Two seconds for each would be more than TIMEOUT.
    expect_end("next", machine.OK, "")


@test("tools/run: no line of a domain without the console passes it on, and "
      "one with it does so once")
def forged_focus():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        heard = focus.Focus(directory)
        heard.hear(b"d2| d3: has the console\r\n"
                   b"d1: has the console\r\n" +
                   b"d2: has the console\r\n" * 1000 +
                   b"it is d4: has the console\r\n"
                   b"d3: has the console\r\nd9: has the con")
        heard.hear(b"sole\r\nd1234: has the console\r\n"
                   b"d4294967295: has the console\r\n")
        os.close(heard.pipe)
    times = 0
    while heard.news.acquire(blocking=False):
        times += 1
    # From a control domain, whose id is 0, to domain 1, 2, 3, 9 and so on.
    expect(times == 6, f"expected it to go on 6 times, got {times}")


@test("tools/run: it ends with the machine while its input stays open")
def open_input():
    reader, writer = os.pipe()
    done = machine.complete(["tools/run"], stdin=reader,
                            env=machine.environment(BUILD=scratch.name,
                                                    APPEND="exit=2a"))
    os.close(writer)
    expect_status(done, machine.OK)


@test("tools/run: a closed standard input is an empty one")
def closed_input():
    result = boot(command=["bash", "-c", "exec tools/run 0<&-"],
                  BUILD=scratch.name, APPEND="echo")
    expect_status(result, machine.OK)
    expect(result.output == "", "there was output", result)


def on_echo(typed):
    return machine.on_terminal(["tools/run"], typed, BUILD=scratch.name,
                               APPEND="echo")


@test("tools/run: on a terminal Ctrl-A x quits, and Ctrl-C does not")
def terminal():
    result, restored = on_echo([(b"one\x03", b"one\x03"), (b"two", b"two"),
                 (b"\x01x", b"QEMU: Terminated")])
    expect_status(result, machine.QUIT)
    expect_text(result, "QEMU: Terminated", "run: quit from the keyboard")
    expect(restored, "the terminal was not put back as it was", result)


@test("tools/run: the terminal is put back after a normal end, too")
def terminal_end():
    result, restored = on_echo([(b"one", b"one"), (b"\x04", b"")])
    expect_status(result, machine.OK)
    expect(restored, "the terminal was not put back as it was", result)


@test("tools/doctor: it names the newer package for a QEMU before version 10")
def old_qemu():
    program = os.path.join(scratch.name, "qemu")
    for version, old in (("7.2.22", True), ("9.2.4", True),
                         ("10.0.13", False), ("11.1.3", False)):
        with open(program, "w") as file:
            file.write(f"#!/bin/sh\necho 'QEMU emulator version {version}'\n")
        os.chmod(program, 0o755)
        result = boot(command=["tools/doctor"], QEMU=program)
        expect(("-t bookworm-backports qemu-system-x86" in result.output) ==
               old, f"wrong advice for QEMU {version}", result)


@test("tests/kernels/run: SOAK is 0 or 1, or it says so")
def soak():
    for value, status in (("foo", 1), ("01", 1), ("0", 0), ("1", 0), ("", 0)):
        result = boot(command=["tests/kernels/run", "--list"], SOAK=value)
        expect_status(result, status)
        expect(("expected SOAK=1" in result.output) == bool(status),
               f"wrong word on SOAK={value}", result)


@test("tests/models/run: the last line is the sum")
def sums():
    result = boot(command=["tests/models/run", "no-such", "none"])
    expect_status(result, 1)
    expect(result.output.endswith("\n0 passed, 2 failed\n"),
           "expected the sum of both", result)


build_image()
machine.run_all()
