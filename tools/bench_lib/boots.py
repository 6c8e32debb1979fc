# SPDX-License-Identifier: MIT
"""One boot of a guest that measures, and the lines that it prints.

All guests print the same: lines "BENCH kind name=value ...", of the kinds
that tests/bench/bench_guest.c, guest-kernel/bench/bench.c and, for programs,
user/bench/main.c describe.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time

from bench_lib import meter
from bench_lib.rows import Failed

BUILD = os.environ.get("BUILD") or "build"
HYPERVISOR = f"{BUILD}/hypervisor.elf"
GUEST = f"{BUILD}/bench/bench_guest.elf"
# The domain beside it, for what is between two.
PEER = ("--domain", "peer", "--kernel", f"{BUILD}/bench/bench_peer.elf",
        "--memory", "8M", "--vcpus", "3")
# Others beside it, of 32 vCPUs each.
CROWD = f"{BUILD}/bench/crowd.elf"
CROWD_DOMAINS = 8
# The control domain that makes others, and a machine that has room for them.
LIFE = f"{BUILD}/bench/life.elf"
LIFE_MEMORY = "1G"
# The same, of those that yield to each other.
SWITCH = f"{BUILD}/bench/switch.elf"
# The same, which tells how domains share a CPU; and how long an instruction is.
SHARES = f"{BUILD}/kernels/control_shares.elf"
SHIFT_OF_SHARES = "3"
KERNEL = f"{BUILD}/guest-pv.elf"
NATIVE_KERNEL = f"{BUILD}/guest-native.elf"
# What a domain is made of in which programs measure.
PROGRAMS = ("--kernel", KERNEL, "--ramdisk", f"{BUILD}/ramdisk.cpio")
# What domain 0 makes of that: the smallest; and in how much memory.
TINY = f"{BUILD}/kernels/partners/child.elf"
TINY_CFG = """\
kernel = "/boot/tiny.elf"
memory = 4
extra = "sleep"
"""
DOMAIN0_MEMORY = "64M"
DOMAIN0_MACHINE = "2G"
# Two disks: one that answers at once, and one in memory. And what domain 0 does
# with them for a guest, which reads its commands from its console.
DISK = "null:1G"
RAM_DISK = "ramblk=64M"
DISKS_MEMORY = "192M"
DISKS_MACHINE = "512M"
DISKS_SCRIPT = """\
pctl create demo
pctl block-attach demo phy:/dev/vda,xvda,w
pctl block-attach demo ram:64M,xvdb,w
echo 'until [ -e /dev/xvdb ]; do sleep 0.01; done; bench {command}; poweroff' |
    pctl console demo
"""
# Seconds, far more than a busy host needs; tests/run-tests.py gives up before.
TIMEOUT = os.environ.get("TIMEOUT") or "3600"

LINE = re.compile(r"^BENCH (\w+) ?(.*)$", re.MULTILINE)


def settings(icount, **more):
    """What tools/run is to see in its environment."""
    return {**os.environ, "GUEST": "", "ADD": "", "RAMDISK": "", "DISK": "",
            "BOOTARGS": "", "VCPUS": "", "DOMAIN_MEM": "", "SMP": "1",
            "DOM0": "0",
            "TIMEOUT": TIMEOUT,
            "ICOUNT": "1" if icount else "0", **more}


def make_bundle(directory, bootargs, kernel=("--kernel", GUEST, "--memory",
                                             "16M"), others=PEER):
    """A bundle with one domain, by default the bench's guest, and others."""
    bundle = os.path.join(directory, "bench.itb")
    subprocess.run(["tools/bundle", "-o", bundle, "--domain", "bench", *kernel,
                    "--bootargs", bootargs, *others], check=True)
    return bundle


def lines_of(console):
    """Each as its kind and its values."""
    text = console.decode(errors="replace").replace("\r", "")
    return [(kind, dict(pair.split("=", 1) for pair in rest.split()))
            for kind, rest in LINE.findall(text)]


def console_of(arguments, environment, text):
    """All that a guest printed that came to its end."""
    process = subprocess.run(
        ["tools/run"] + arguments, env=environment, input=text.encode(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if process.returncode != 0 or ("end", {}) not in lines_of(process.stdout):
        raise Failed("the bench did not come to its end:\n" +
                     process.stdout.decode(errors="replace"))
    return process.stdout


def run(arguments, environment, text):
    return lines_of(console_of(arguments, environment, text))


def domain(rounds, pattern, icount):
    """The lines, each as its kind and its values, of the guest in a domain."""
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, f"{rounds} {pattern}")
        return run([], settings(icount, BUNDLE=bundle), "")


def crowd(rounds, pattern, icount):
    """The same with 256 vCPUs of others beside it, which sleep."""
    others = []
    for number in range(CROWD_DOMAINS):
        others += ["--domain", f"crowd{number}", "--kernel", CROWD,
                   "--memory", "4M", "--vcpus", "32", "--bootargs", f"{number}"]
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, f"{rounds} crowd {pattern}",
                             others=others)
        return run([], settings(icount, BUNDLE=bundle), "")


def control(image, rounds, pattern, icount):
    """The lines of a control domain that makes others."""
    kernel = ("--kernel", image, "--memory", "16M", "--privileged")
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, f"{rounds} {pattern}", kernel, ())
        return run([], settings(icount, BUNDLE=bundle, MEM=LIFE_MEMORY), "")


def life(rounds, pattern, icount):
    return control(LIFE, rounds, pattern, icount)


def switches(rounds, pattern, icount):
    return control(SWITCH, rounds, pattern, icount)


def shares():
    """The lines of a domain's share by its weight."""
    kernel = ("--kernel", SHARES, "--memory", "16M", "--privileged")
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, "figure", kernel, ())
        return run([], settings(True, BUNDLE=bundle, SHIFT=SHIFT_OF_SHARES),
                   "")


def native(rounds, pattern, icount):
    """The same of the guest kernel on the bare machine."""
    return run(["--native"], settings(icount, APPEND="",
                                       BOOTARGS="monitor"),
               f"bench {rounds} {pattern}\n")


# ---- programs: user/bench is the first process ----

def bench_arguments(rounds, pattern):
    return f"init=/bin/bench -- --machine {rounds} {pattern}".rstrip()


def programs_domain(rounds, pattern, icount):
    """The lines of the program that measures, in a domain."""
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, bench_arguments(rounds, pattern),
                             PROGRAMS, ())
        return run([], settings(icount, BUNDLE=bundle), "")


def programs_native(rounds, pattern, icount):
    """The same on the bare machine."""
    return run(["--native"],
               settings(icount, APPEND="",
                        BOOTARGS=bench_arguments(rounds, pattern)), "")


# ---- programs of domain 0, which command other domains ----

def add_tiny(directory):
    """What user/bench/rows_control.c finds in domain 0: the least that is a
    domain, which sleeps at once."""
    for name in ("boot", "etc/parapet"):
        os.makedirs(os.path.join(directory, name))
    shutil.copy(TINY, os.path.join(directory, "boot/tiny.elf"))
    with open(os.path.join(directory, "etc/parapet/tiny.cfg"), "w",
              encoding="utf-8") as file:
        file.write(TINY_CFG)


def of_domain0(directory, arguments):
    """Its settings, with these boot arguments."""
    added = os.path.join(directory, "added")
    add_tiny(added)
    return {"BUNDLE": "", "DOM0": "1", "ADD": added, "BOOTARGS": arguments,
            "DOMAIN_MEM": DOMAIN0_MEMORY, "MEM": DOMAIN0_MACHINE}


def domain0(rounds, pattern, icount):
    """The lines of the program that measures, as domain 0's first one."""
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        return run([], settings(icount, **of_domain0(
            directory, bench_arguments(rounds, pattern))), "")


# ---- requests to disks, of this kernel or served by domain 0 ----

def add_disks(directory, command):
    """What domain 0 does: it makes a guest, gives it two disks, and has it carry
    out the command when it has found them."""
    os.makedirs(os.path.join(directory, "etc"))
    with open(os.path.join(directory, "etc/rc"), "w",
              encoding="utf-8") as file:
        file.write(DISKS_SCRIPT.format(command=command))


def of_disks(way, directory, command):
    """Arguments of tools/run and its settings, for this command of user/bench
    by one of the ways of blk_ rows."""
    settings_of = {"BUNDLE": "", "APPEND": "", "DISK": DISK, "DOM0": "1"}
    if way == "split":
        added = os.path.join(directory, "added")
        add_disks(added, command)
        return [], {**settings_of, "ADD": added, "DOMAIN_MEM": DISKS_MEMORY,
                    "MEM": DISKS_MACHINE}
    settings_of["BOOTARGS"] = f"{RAM_DISK} init=/bin/bench -- {command}"
    if way == "native":
        return ["--native"], {**settings_of, "DOM0": ""}
    return [], {**settings_of, "DOMAIN_MEM": DISKS_MEMORY, "MEM": DISKS_MACHINE}


def disks(way, cpus=1):
    """The lines of requests by this way, on so many CPUs."""
    def boot(rounds, pattern, icount):
        command = f"--machine {rounds} {pattern}".rstrip()
        with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
            arguments, environment = of_disks(way, directory, command)
            return run(arguments, settings(icount, SMP=str(cpus),
                                           **environment), "")
    return boot


disks_native, disks_domain0, disks_split = (
    disks(way) for way in ("native", "domain0", "split"))


# ---- with meter=on ----

def meter_table(console):
    return meter.table(console.decode(errors="replace").replace("\r", ""))


def metered(pattern, programs):
    """The table of a boot with meter=on, of the bench's guest or of programs;
    each operation once is enough for the longest."""
    arguments = (bench_arguments(1, pattern), PROGRAMS, ()) if programs else (
        f"1 {pattern}",)
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        bundle = make_bundle(directory, *arguments)
        return meter_table(console_of([], settings(
            True, BUNDLE=bundle, APPEND="meter=on"), ""))


# ---- up to the shell ----

PROMPT = re.compile(rb"# $")
ESCAPES = re.compile(rb"\x1b\[[\d;]*[A-Za-z]")


def read_to_prompt(pipe):
    """Returns what came, and whether it ends with the shell's prompt."""
    console = b""
    while chunk := os.read(pipe.fileno(), 65536):
        console += chunk
        if PROMPT.search(ESCAPES.sub(b"", console)):
            return console, True
    return console, False


def seconds_to_shell(is_native):
    """From the start of tools/run, thus before QEMU's, to the prompt."""
    start = time.monotonic()
    process = subprocess.Popen(
        ["tools/run"] + ["--native"] * is_native, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=settings(False, BUNDLE="", APPEND=""))
    with process:
        console, there = read_to_prompt(process.stdout)
        seconds = time.monotonic() - start
        process.terminate()
    if not there:
        raise Failed("no prompt of a shell:\n" +
                     console.decode(errors="replace"))
    return seconds
