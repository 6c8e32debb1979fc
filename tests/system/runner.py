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


# ---- DISK ----

def with_disks(disks, command="exit=2a", **settings):
    """On the bare machine."""
    return boot(native=True, APPEND=command, DISK=disks, RAMDISK=BUNDLE,
                GUEST=os.path.join(scratch.name, "hypervisor.elf"), **settings)


def disk_file(name, size):
    path = os.path.join(scratch.name, name)
    with open(path, "wb") as file:
        file.truncate(size)
    return path


@test("tools/run: DISK is one disk after the other, each as asked for")
def disks():
    path = disk_file("with,comma.img", 1 << 20)
    made = os.path.join(tempfile.gettempdir(), "parapet-")
    result = with_disks(f"{path} {path},ro new:64M null:1G", V=1)
    # QEMU's lock on the file: it is the first disk, and can be written.
    expect_status(result, machine.OTHER)
    expect_text(result, "run: QEMU did not start: ", '"write" lock',
                f"(DISK={path} ", "another machine may have it: read only (,ro)")
    result = with_disks(f"{path},ro {path},ro new:64M null:1G", V=1)
    expect_status(result, machine.OK)
    comma = path.replace(",", ",,")
    expect_text(result, f"id=disk0,file={comma},format=raw,"
                        "discard=unmap,readonly=on",
                "drive=disk0,bus=virtio-mmio-bus.0",
                "drive=disk1,bus=virtio-mmio-bus.1",
                f"run: DISK=new:64M is {made}", "and goes with this run",
                "id=disk3,driver=null-co,size=1073741824 ",
                "drive=disk3,bus=virtio-mmio-bus.4")
    made = result.said.split("run: DISK=new:64M is ")[1].split()[0]
    expect(not os.path.exists(made), f"{made} is left", result)


def expect_refused(result, words):
    expect_status(result, machine.OTHER)
    expect(result.output == "" and result.said.count("\n") == 1 and
           words in result.said, f"expected the one line {words!r}", result)


@test("tools/run: a DISK that cannot be is refused in a line that names the "
      "fix")
def wrong_disks():
    odd = disk_file("odd.img", 1000)
    for disk, words in (
            ("no-such.img", "DISK=no-such.img: No such file or directory: "
                            "new:64M makes one"),
            ("a.img,b.img", "DISK=a.img,b.img: No such file or directory: only "
                            "`,ro` can follow a name, and several disks have "
                            "spaces between them"),
            ("it's.img", "DISK=it's.img: No closing quotation: a quote that is "
                         "part of a name needs a backslash before it"),
            (odd, f"DISK={odd}: has 1000 bytes: expected a multiple of 512"),
            (disk_file("empty.img", 0), "has 0 bytes: expected a multiple"),
            ("/dev/null", "DISK=/dev/null: expected a file or a block device"),
            ("new:lots", "DISK=new:lots: expected a size as 64M or 1G"),
            ("new:", "DISK=new:: expected a size as 64M or 1G"),
            ("new:1000000T", "expected a size as 64M or 1G"),
            ("new:999999T", "DISK=new:999999T: File too large"),
            ("null:0", "DISK=null:0: expected a size as 64M or 1G"),
            (" ".join(["null:1M"] * 9), "DISK names 9 disks: expected at most "
                                        "7")):
        expect_refused(with_disks(disk), words)
    expect_refused(with_disks("null:1G", MACHINE="q35"),
                   "run: DISK=null:1G: q35 has no virtio-mmio, which disks are "
                   "at: take MACHINE=microvm")
    expect_refused(end_as("exit=2a", DISK="null:1G"),
                   "run: DISK=null:1G: only domain 0 has disks, and none is "
                   "booted: take `make run` or `make run-native`")


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


@test("tests/kernels/run: BOOTARGS reaches the test, and what else is tools/run's "
      "own does not")
def bootargs():
    result = boot(command=["tests/kernels/run", "--console", "--meter",
                           "off", "preserve:poisoned"], BOOTARGS="seed=0x77", ADD="nowhere",
                  RAMDISK="nothing")
    expect_status(result, 0)
    expect_text(result, "random seed 0x77")


@test("tests/models/run: the last line is the sum")
def sums():
    result = boot(command=["tests/models/run", "no-such", "none"])
    expect_status(result, 1)
    expect(result.output.endswith("\n0 passed, 2 failed\n"),
           "expected the sum of both", result)


build_image()
machine.run_all()
