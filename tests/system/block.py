#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks as files: /dev/ram0 in a domain and /dev/vda natively, by busybox's
programs and by `disks`, a program of the project's; partitions that the host
has made; and what the host finds in the file afterwards."""

import json
import os
import re
import tempfile

import machine
from machine import expect, shell, test
from partitions import SECTOR, gpt, mbr

KIB = 1 << 10
MIB = 1 << 20

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def disk_file(name, contents, size):
    path = os.path.join(scratch.name, name)
    with open(path, "wb") as file:
        file.write(contents)
        file.truncate(size)
    return path


def expect_lines(result, *lines):
    """Whole lines of the console; a command's own echo is none of them."""
    for line in lines:
        expect(re.search(rf"^{line}$", result.output, re.M),
               f"expected the line {line!r}", result)


PROGRAMS = [
    "disks /dev/ram0",
    "stat -c '%F %t %T' /dev/ram0",
    "cat /proc/partitions",
    "blockdev --getsize64 /dev/ram0",
    "blockdev --getsz /dev/ram0",
    "blockdev --getss /dev/ram0",
    "dd if=/dev/urandom of=x bs=1000 count=3000 2>&1 | head -n 1",
    "dd if=x of=/dev/ram0 bs=777 seek=3 conv=fsync",
    "dd if=/dev/ram0 bs=777 skip=3 count=3861 | cmp -n 2999997 - x && "
    "echo $((6 * 7)) same",
    "blockdev --flushbufs /dev/ram0 && "
    "cmp -n 3000000 -s x /dev/ram0 0 2331 && echo $((6 * 8)) same",
    "printf 'block one' > /dev/ram0",
    "hexdump -C -n 16 /dev/ram0",
    "mke2fs /dev/ram0 > log && echo $((6 * 9)) made",
    "hexdump -s 1080 -n 2 -e '2/1 \"%02x\" \"\\n\"' /dev/ram0",
    "fdisk -l /dev/ram0",
    "dd if=/dev/zero of=/dev/ram0 bs=64k",
    "dd if=x of=/dev/ram0 bs=512 count=5000 oflag=direct conv=fsync",
    "dd if=/dev/ram0 of=y bs=64k count=39 iflag=direct",
    "cmp -n 2555904 x y && echo $((7 * 8)) same",
    "verify run /dev/ram0 7 32 300 | tail -n 3",
]


@test("block: programs and a disk in memory that is slow, in a domain")
def in_memory():
    result = shell(PROGRAMS, BOOTARGS="ramblk=4101K,200us")
    expect_lines(
        result, r"disks: \d\d\d+ passed, 0 failed",
        "guest: /dev/ram0: 4101 KiB", "block special file fe 0",
        " 254        0       4101 ram0", "4199424", "8202", "512",
        "42 same", "48 same",
        r"00000000  62 6c 6f 63 6b 20 6f 6e  65 .* \|block one.*\|",
        "54 made", "53ef", "Disk /dev/ram0: 4 MB, 4199424 bytes, 8202 sectors",
        "dd: error writing '/dev/ram0': No space left on device",
        "64\\+0 records out", "56 same",
        r"verify: 300 writes, \d+ reads, \d+ flushes, 0 errors",
        "verify: 8202 sectors are as they were up to generation 300, or newer")


def failing_disk(name, transport, image, errors):
    """The words for a disk that gives these errors."""
    drive = {"driver": "blkdebug", "node-name": name, "image": image,
             "inject-error": [{"event": "none", "errno": 5, **error}
                              for error in errors]}
    return (f"-blockdev '{json.dumps(drive)}' -device virtio-blk-device,"
            f"drive={name},bus=virtio-mmio-bus.{transport} ")


def failing_disks():
    """One of which sector 100 cannot be read; and one that fails now and then,
    but not for good."""
    often = disk_file("often.img", b"", 2 * MIB)
    return (
        failing_disk("bad", 6, {"driver": "null-co", "size": MIB,
                                "read-zeroes": True},
                     [{"iotype": "read", "sector": 100}]) +
        failing_disk("worse", 7, {"driver": "file", "filename": often},
                     [{"iotype": kind, "once": True}
                      for kind in ["write", "read", "flush"] * 8]))


NATIVE = [
    "cat /proc/partitions",
    "md5sum /dev/vda1 | cut -c 1-32",
    "echo from the guest > /dev/vda3",
    "echo logical | dd of=/dev/vdb5 bs=1 seek=700 conv=fsync",
    "disks /dev/vdc",
    "echo no > /dev/vdd",
    "dd if=/dev/vde of=y bs=4k count=20",
    "dd if=/dev/vde of=y bs=4k skip=13 count=3 2>&1 | tail -n 1",
    "fdisk -l | grep '^Disk'",
    "verify run /dev/vdf 8 16 400 | tail -n 3",
    # Ended in the midst.
    "verify run /dev/vdc 9 32 2000000000 &",
    "sleep 1",
]
SAFE = re.compile(r"^verify: generation (\d+) is safe$", re.M)


def last_safe(result):
    """The last generation of which a line says that it is safe."""
    return int(SAFE.findall(result.output)[-1])


@test("block: disks with partitions of the host's, natively, then in domain 0")
def native_disks():
    content = bytes(range(256)) * 64
    first = disk_file("gpt.img", gpt((40, 71), (0, 0), (80, 90)) +
                      bytes(6 * SECTOR) + content, 8 * MIB)
    second = disk_file("mbr.img", mbr((0x83, 8, 100), (5, 200, 100)) +
                       bytes(199 * SECTOR) + mbr((0x83, 9, 50)), MIB)
    third = disk_file("empty.img", b"", 5 * MIB + SECTOR)
    fourth = disk_file("old.img", mbr((0x83, 8, 100)), MIB)
    result = shell(NATIVE, native=True,
                   DISK=f"{first} {second} {third} {fourth},ro",
                   QEMU_EXTRA=failing_disks())
    expect_lines(
        result, "guest: /dev/vda: 8192 KiB, GPT, 2 partitions",
        "guest: /dev/vdb: 1024 KiB, MBR, 3 partitions",
        "guest: /dev/vdd: 1024 KiB, read-only, MBR, 1 partition",
        " 254        1         16 vda1", " 254        3          5 vda3",
        " 254       17         50 vdb1", " 254       18          1 vdb2",
        " 254       21         25 vdb5",
        "3df67097cee5e4cea36e0f941c134ffc", r"disks: \d\d\d+ passed, 0 failed",
        "-sh: can't create /dev/vdd: Read-only file system",
        "dd: /dev/vde: Input/output error", "3\\+0 records out",
        "Disk /dev/vda: 8 MB, 8388608 bytes, 16384 sectors",
        r"verify: 400 writes, \d+ reads, \d+ flushes, [1-9]\d* errors",
        "verify: 4096 sectors are as they were up to generation 400, or newer")
    safe = last_safe(result)
    expect(safe > 0, "nothing was flushed", result)
    again = shell([f"verify check /dev/vda 9 {safe}", "disks /dev/vda"],
                  DOM0="", DISK=third)
    expect_lines(again, "verify: 10241 sectors are as they were up to "
                 f"generation {safe}, or newer",
                 r"disks: \d\d\d+ passed, 0 failed")
    with open(first, "rb") as file:
        file.seek(80 * SECTOR)
        expect(file.read(15) == b"from the guest\n", "the host's file is not "
               "what was written to vda3", result)
    with open(second, "rb") as file:
        file.seek(209 * SECTOR + 700)
        expect(file.read(8) == b"logical\n", "the host's file is not what was "
               "written to vdb5", result)


machine.run_all()
