#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that domain 0 serves, whatever happens meanwhile: each sector has what
was written to it last. The program `verify` writes and checks in the domains;
the host checks, too, what is in the files when all is over."""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile

import machine
from domain0 import added, in_domain0
from keyboard import CONTROL_CARET, ENTER, PROMPT, Keyboard
from machine import expect, expect_status, shell, test
from partitions import SECTOR, gpt

MIB = 1 << 20
IS_SOAK = os.environ.get("SOAK") == "1"

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def disk_file(name, size, contents=b""):
    path = os.path.join(scratch.name, name)
    with open(path, "wb") as file:
        file.write(contents)
        file.truncate(size)
    return path


# ---- what `verify` writes (user/verify/main.c) ----

WORD = (1 << 64) - 1
MAGIC = 0x7061726170657401


def mix(seed, number):
    value = (seed * 0xd1342543de82ef95 + number * 0x9e3779b97f4a7c15) & WORD
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9 & WORD
    value = (value ^ value >> 27) * 0x94d049bb133111eb & WORD
    return value ^ value >> 31


def sector_of(seed, number, generation):
    word = mix(seed + number, generation)
    return struct.pack("<64Q", MAGIC, seed, number, generation,
                       *((word + i) & WORD for i in range(60)))


def write_range(seed, nr_sectors, generation):
    number = mix(seed, generation)
    most = 256 if number % 4 == 0 else 16
    nr = 256 if number % 16 == 4 else 1 + (number >> 8 & 0xffffffff) % most
    first = (number >> 32) % (nr_sectors - nr + 1)
    return range(first, first + nr)


def expect_safe(path, seed, generation, first=0, nr_sectors=None):
    """Each sector of the host's file is whole, and no older than as of that
    write."""
    with open(path, "rb") as file:
        file.seek(first * SECTOR)
        content = file.read(nr_sectors * SECTOR if nr_sectors else -1)
    sectors = [content[at:at + SECTOR] for at in range(0, len(content), SECTOR)]
    least = [0] * len(sectors)
    for number in range(1, generation + 1):
        for i in write_range(seed, len(sectors), number):
            least[i] = number
    for i, sector in enumerate(sectors):
        found = struct.unpack_from("<Q", sector, 24)[0]
        whole = sector_of(seed, i, found) if found else bytes(SECTOR)
        expect(sector == whole and found >= least[i],
               f"{path}: sector {first + i} is of write {found}, expected "
               f"{least[i]} or later: {sector[:40].hex()}")


def expect_verified(text, writes, errors=r"\d+"):
    """It has come to its end, and all is as it wrote it."""
    expect(re.search(rf"verify: {writes} writes, \d+ reads, \d+ flushes, "
                     rf"{errors} errors\n", text) and
           f"as they were up to generation {writes}, or newer\n" in text,
           f"expected {writes} writes, verified, in\n{text}")


# ---- commands ----

def verify(name, store, device, *words):
    """A domain of which verify is the only program, and its disk."""
    program = " ".join(["init=/bin/verify", "--", *map(str, words)])
    return (f'pctl create demo name={name} memory=32 extra="{program}" && '
            f"pctl block-attach {name} {store},{device},w")


def ended(name):
    """Shows all that a domain has said, when it has ended."""
    return f"pctl wait {name}; pctl console {name} < /dev/null"


def forge(name, store):
    """A domain whose front-end means harm; its disk is attached anew when it
    is broken."""
    attach = f"pctl block-attach {name} {store},xvda,w"
    return (f"pctl create tiny name={name} kernel=/boot/blk_forger.elf "
            f"memory=8 extra={name} && {attach}; "
            f"while pctl list {name} | grep -q running; do "
            f"if pctl block-list {name} | grep -q closed; then "
            f"pctl block-detach {name} xvda; {attach}; fi; sleep 0.02; done")


STOPS = ("(for i in $(seq 20); do pctl backend blk stop && sleep 0.05 && "
         "pctl backend blk start && sleep 0.05 || exit 1; done)")
FREE = "pctl list --json; pctl info --json"
SAFE = r"verify: generation \([0-9]*\) is safe"


def cut_short(times):
    """Domains that write to vdb and are destroyed as soon as something is
    safe; then all of that is there, as domain 0 says."""
    return (f"for i in $(seq {times}); do rm -f /tmp/cut; " +
            verify("cut", "phy:/dev/vdb", "xvda", "run", "/dev/xvda", "$i", 32,
                   1000000000) +
            "; pctl console cut < /dev/null > /tmp/cut & "
            "until grep -q 'n [1-9][0-9]* is safe' /tmp/cut; do sleep 0.02; "
            "done 2> /dev/null; sleep 0.$i; pctl destroy cut; wait $!; "
            f"safe=$(sed -n 's/{SAFE}/\\1/p' /tmp/cut | tail -n 1); "
            "verify check /dev/vdb $i $safe || exit 1; done")


def failing(path):
    """QEMU's words for a disk that fails now and then, but not for good."""
    drive = {"driver": "blkdebug", "node-name": "bad",
             "image": {"driver": "file", "filename": path},
             "inject-error": [{"event": "none", "errno": 5, "iotype": kind,
                               "once": True}
                              for kind in ["write", "read", "flush"] * 8]}
    return (f"-blockdev '{json.dumps(drive)}' -device virtio-blk-device,"
            "drive=bad,bus=virtio-mmio-bus.7")


# ---- a file system ----

# 64 KiB each.
SUMS = ("for i in $(seq 0 31); do dd if={} bs=64k skip=$i count=1 2> /dev/null "
        "| md5sum; done")


def file_system():
    """What the host's mke2fs makes, with files in it; or only files."""
    path = disk_file("ext2.img", 2 * MIB)
    search = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    command = shutil.which("mke2fs", path=search)
    if command is None:
        raise machine.Skipped("the host has no mke2fs")
    subprocess.run([command, "-q", "-F", "-t", "ext2", "-d", "tests/system",
                    path], check=True)
    return path


@test("served disks: a file system of the host's is read the same by a guest "
      "and natively")
def same_file_system():
    path = file_system()
    with open(path, "rb") as file:
        content = file.read()
    expect(content[1080:1082] == b"\x53\xef", "it is none")
    expected = [hashlib.md5(content[at:at + (64 << 10)]).hexdigest()
                for at in range(0, len(content), 64 << 10)]
    native = shell([SUMS.format("/dev/vda")], native=True,
                   DISK=f"{path},ro").output
    typed = "\\n".join(["until [ -e /dev/xvda ]; do sleep 0.1; done",
                       SUMS.format("/dev/xvda"), "poweroff", ""])
    split = in_domain0([
        "pctl create demo && pctl block-attach demo phy:/dev/vda,xvda,r && "
        f"printf '{typed}' | pctl console demo"], DISK=f"{path},ro")
    for text in (native, split[0].expect(0).out):
        expect(re.findall(r"^([0-9a-f]{32})  -$", text, re.M) == expected,
               f"the blocks are others:\n{text}")


# ---- what was written is there ----

FORGED, GOOD = (2048, 4095), (4096, 12287)  # partitions, in sectors
# What domain 0 has for its ports and handles grows with their number.
SLACK = 8 * 4096


def expect_nothing_left(before, after):
    """Of domains, and of memory."""
    domains, machines = zip(*[map(json.loads, step.out.splitlines())
                              for step in (before, after)])
    expect(domains[0] == domains[1] and len(domains[0]) == 1, str(domains))
    less = machines[0]["free_memory"] - machines[1]["free_memory"]
    expect(0 <= less <= SLACK, f"{less} bytes are lost")


def partner(name):
    """A directory for ADD, with this micro-guest."""
    add = os.path.join(scratch.name, name)
    os.makedirs(os.path.join(add, "boot"))
    shutil.copy(os.path.join(machine.BUILD, f"kernels/partners/{name}.elf"),
                os.path.join(add, "boot"))
    return add


@test("served disks: what was answered is there, though the back-end stops 20 "
      "times, a device fails, domains end, and others forge requests")
def kept():
    writes, times = (50000, 20) if IS_SOAK else (2500, 3)
    shared = disk_file("shared.img", 8 * MIB, gpt(FORGED, GOOD))
    cut, bad = (disk_file(f"{name}.img", 4 * MIB) for name in ("cut", "bad"))
    steps = in_domain0([
        "pctl create tiny > /dev/null; pctl destroy tiny; " + FREE,
        verify("good", "phy:/dev/vda2", "xvda", "run", "/dev/xvda", 7, 32,
               writes),
        verify("bad", "phy:/dev/vdd", "xvdz", "run", "/dev/xvdz", 8, 5,
               writes),
        STOPS,
        f"({forge('device', 'phy:/dev/vda1')}) & "
        f"({forge('memory', 'ram:1M')}) & "
        f"({cut_short(times)}); cut=$?; wait; [ $cut = 0 ]",
        "verify run /dev/vdc 9 1 100",
        "pctl wait device memory; pctl dmesg | grep '^d[0-9]*|'",
        ended("good"), ended("bad"),
        verify("again", "phy:/dev/vdb", "xvda", "check", "/dev/xvda", times,
               "$(sed -n 's/" + SAFE + "/\\1/p' /tmp/cut | tail -n 1)"),
        ended("again"),
        "pctl destroy good bad again device memory; pctl block-list",
        "pctl audit", FREE, "cat /tmp/cut"],
        add=partner("blk_forger"), DISK=f"{shared} {cut} new:1M", MEM="512M",
        APPEND="audit=on", QEMU_EXTRA=failing(bad))
    for step in steps:
        step.expect(0)
    expect(steps[6].out.count("| TEST blk_forger: success\n") == 2,
           steps[6].out)
    expect_verified(steps[5].out, 100, 0)
    expect_verified(steps[7].out, writes, 0)
    expect_verified(steps[8].out, writes, r"[1-9]\d*")
    expect("again: powered off\n" in steps[10].out, steps[10].out)
    expect(steps[11].out.count("\n") == 1, steps[11].out)
    expect_nothing_left(steps[0], steps[-2])
    expect_safe(shared, 7, writes, GOOD[0], GOOD[1] - GOOD[0] + 1)
    expect_safe(bad, 8, writes)
    safe = re.findall(SAFE.replace("\\", ""), steps[-1].out)
    expect_safe(cut, times, int(safe[-1]))


# ---- domain 0 crashes ----

def crash():
    """While a guest reads from a disk that does one request each second, but
    for the first of them."""
    slow = ("-drive if=none,id=slow,driver=null-co,read-zeroes=on,size=1M,"
            "throttling.iops-total=1,throttling.iops-total-max=12 "
            "-device virtio-blk-device,drive=slow,bus=virtio-mmio-bus.0")
    with added(partner("blk_watched")) as add, \
            Keyboard(["tools/run"], DOM0=1, ADD=add, QEMU_EXTRA=slow,
                     APPEND="dom0_crash=keep audit=on log=debug") as keys:
        keys.see(PROMPT)
        keys.type(b"pctl dmesg --console=debug; pctl create tiny memory=8 "
                  b"kernel=/boot/blk_watched.elf extra=watch; "
                  b"pctl block-attach tiny phy:/dev/vda,xvda,r" + ENTER,
                  rb"pages are in use")
        keys.type(CONTROL_CARET, rb"parapet> ")
        keys.type(b"crash panic" + ENTER, rb"pages are written")
        keys.see(rb"TEST blk_watched: success")
        expect_status(keys.end(), machine.DOMAIN_FAILED)


# device_reset, a micro-guest, has it without a back-end, and takes no time.
if IS_SOAK:
    test("served disks: domain 0 crashes with requests at a device: no page is "
         "written after it went back")(crash)


# ---- shares ----

NR_DOMAINS = 8
UNEVEN = 0.05
EACH = f"$(seq {NR_DOMAINS})"
BEGUN = ("[ $(grep -l 'n [1-9][0-9]* is safe' /tmp/d? | wc -l) -eq "
         f"{NR_DOMAINS} ]")
# Which write is the last of each, while none goes on.
LOOKS = (f"pctl backend blk stop; for i in {EACH}; do "
         "verify check /dev/vda$i 1 0 8; done; pctl backend blk start")


def expect_even(before, after):
    """Each has done about the same."""
    written = [int(b) - int(a) for a, b in zip(*(
        re.findall(r"newest write is (\d+)\n", text)
        for text in (before, after)))]
    mean = sum(written) / NR_DOMAINS
    expect(len(written) == NR_DOMAINS and mean > 0 and
           all(abs(n - mean) <= mean * UNEVEN for n in written),
           f"the shares are {written}")


@test("served disks: 8 domains with a disk each get the same")
def shares():
    parts = [(2048 * n, 2048 * n + 1023) for n in range(1, NR_DOMAINS + 1)]
    disk = disk_file("parts.img", (NR_DOMAINS + 2) * MIB, gpt(*parts))
    run = verify("d$i", "phy:/dev/vda$i", "xvda", "run", "/dev/xvda", 1, 32,
                 1000000000, 8)
    # By instructions, so that it does not matter what else the host does. Time
    # jumps while nobody runs: a kernel that waits for its disk gives up early,
    # and finds the partitions later.
    steps = in_domain0([
        f"until [ -b /dev/vda{NR_DOMAINS} ]; do sleep 0.1; done; "
        f"for i in {EACH}; do {run} || touch /tmp/bad; "
        "(pctl console d$i < /dev/null > /tmp/d$i &); done; "
        f"until [ -e /tmp/bad ] || {BEGUN} || pctl list | grep -q crashed; do "
        "sleep 0.1; done; "
        f"{LOOKS}",
        f"sleep {30 if IS_SOAK else 3}; {LOOKS}",
        f"cat /tmp/d?; pctl destroy {EACH}; pctl audit",
        # Nobody serves its disk: it ends all the same. (Idle time is nothing
        # here.)
        "pctl create demo name=idle disk=phy:/dev/vda1,xvda; "
        ": > /tmp/idle; echo 'until "
        "[ -b /dev/xvda ]; do sleep 1; done; echo found' | "
        "pctl console idle > /tmp/idle & until grep -q '^found' /tmp/idle; do "
        "sleep 1; done; pctl backend blk stop; "
        "pctl shutdown --wait --timeout=15 idle && wait && cat /tmp/idle"],
        DISK=disk, MEM="512M", APPEND="audit=on", ICOUNT=1, SHIFT=1)
    for step in steps:
        step.expect(0)
    expect("FAILED" not in steps[2].out, steps[2].out)
    expect("sync: a disk does not answer" in steps[3].out, steps[3].out)
    expect_even(steps[0].out, steps[1].out)


machine.run_all()
