#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks at virtio-mmio, by the monitor's command `disk`: what is written is
read again and in the host's file, errors are told as errors, and the features
of a device may be there or not."""

import array
import json
import os
import re
import tempfile

import machine
from machine import expect, expect_status, expect_text, monitor, test

MIB = 1 << 20
# guest-kernel/monitor/cmd_disk.c: what each eight bytes say, by where they are.
SEED = 0x5eed0000000000

PLATFORMS = {"native": {"native": True}, "dom0": {"DOM0": 1}}

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def disk_file(name, size):
    path = os.path.join(scratch.name, name)
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def words(path):
    with open(path, "rb") as file:
        return array.array("Q", file.read())


def at(transport, drive, options=""):
    """The words for one more disk."""
    return (f"-blockdev '{json.dumps(drive)}' -device virtio-blk-device,"
            f"drive={drive['node-name']},bus=virtio-mmio-bus.{transport}"
            f"{options} ")


def null(name, **more):
    return {"driver": "null-co", "node-name": name, "size": MIB,
            "read-zeroes": True, **more}


def failing(name, iotype):
    return {"driver": "blkdebug", "node-name": name,
            "image": {"driver": "null-co", "size": MIB, "read-zeroes": True},
            "inject-error": [{"event": "none", "iotype": iotype, "errno": 5,
                              "sector": 64}]}


def file(name, path):
    return {"driver": "file", "node-name": name, "filename": path}


def answers(result, command):
    """What the monitor said about it."""
    found = re.search(rf"^parapet> {re.escape(command)}\n(.*?)^parapet> ",
                      result.output, re.M | re.S)
    expect(found, f"expected the command {command!r}", result)
    return found[1]


def expect_answers(result, wanted):
    for command, text in wanted.items():
        expect(text in answers(result, command),
               f"expected {text!r} of {command!r}", result)


WANTED = {
    "disk": "  vda         32768 KiB, blocks of 512, flush, discard\n"
            "  vdb          1024 KiB, blocks of 512, read-only, flush, discard\n"
            "  vdc          2048 KiB, blocks of 512, flush, discard\n"
            "  vdd          1024 KiB, blocks of 4096, flush, discard\n"
            "  vde          1024 KiB, blocks of 512, flush, discard\n"
            "  vdf          1024 KiB, blocks of 512, flush, discard\n",
    # Less and more than the queue has room for, in small and large requests.
    "disk vda write 4 32 4096": "vda: 4096 requests, ",
    "disk vda check 128 8 128": "vda: 128 requests, ",
    "disk vda write 128 128 256": "vda: 256 requests, ",
    "disk vda flush": "vda: 1 requests, ",
    "disk vda check 1 128 32768": "vda: 32768 requests, ",
    "disk vda discard 1024": "1024: expected a number up to 128",
    "disk vda discard 128 4 8": "vda: 8 requests, ",
    "disk vda check": "vda: wrong contents from sector 0 on",
    "disk vdb read 64 4 16": "vdb: 16 requests, ",
    "disk vdb write": "vdb: error 30 at sector 0",
    "disk vdb discard": "vdb: error 30 at sector 0",
    # One without indirect descriptors and event indexes: three requests fit.
    "disk vdc write 128 16 16": "vdc: 16 requests, ",
    "disk vdc check 4 32 512": "vdc: 512 requests, ",
    "disk vdc check 128 3 16": "vdc: 16 requests, ",
    "disk vdd read 4 4 16": "vdd: 16 requests, ",
    "disk vdd read 1": "vdd: error 22 at sector 0",
    # Sector 64 is bad; what is around it is not.
    "disk vde read 4 1 8": "vde: 8 requests, ",
    "disk vde read 4 1 9": "vde: error 5 at sector 64",
    "disk vde write 4 4 64": "vde: 64 requests, ",
    "disk vdf write 4 1 64": "vdf: error 5 at sector 64",
    # QEMU makes one large write of these, which fails as one.
    "disk vdf write 4 32 64": "vdf: error 5 at sector ",
    "disk vdf read 4 32 64": "vdf: 64 requests, ",
    "disk vdg read": "vdg: there is no such disk",
}


@test("disk: each is as its device is; what was written is on the host")
def disks():
    for platform, settings in PLATFORMS.items():
        path = disk_file(f"{platform}.img", 32 * MIB)
        old = disk_file(f"{platform}-old.img", 2 * MIB)
        extra = (at(4, file("old", old), ",indirect_desc=off,event_idx=off") +
                 at(5, null("large"), ",logical_block_size=4096,"
                                      "physical_block_size=4096") +
                 at(6, failing("bad", "read")) +
                 at(7, failing("worse", "write")))
        result = monitor("".join(f"{command}\n" for command in WANTED),
                         DISK=f"{path} null:1M,ro", QEMU_EXTRA=extra,
                         **settings)
        expect_status(result, machine.OK)
        expect_answers(result, WANTED)
        expect_text(result, "vda: 32 MiB at 0xfeb00000, 128 at once",
                    "vdc: 2 MiB at 0xfeb00800, 3 at once")
        there = words(path)
        kept = 8 * 128 * 1024 // 8  # the rest was discarded
        expect(all(there[i] == SEED + 8 * i for i in range(kept, len(there))),
               "the host's file is not what was written", result)
        expect(words(old) == array.array("Q", range(SEED, SEED + 2 * MIB, 8)),
               "the second file is not what was written", result)


@test("disk: a device that is not to be driven is named with the fix")
def refused():
    for settings in PLATFORMS.values():
        result = monitor("disk\n", DISK="null:1M", **settings, QEMU_EXTRA=
                         "-global virtio-mmio.force-legacy=true")
        expect_status(result, machine.OK)
        expect_text(result, "the virtio device at 0xfeb00000 is a legacy one, "
                            "version 1, and not used: give QEMU -global "
                            "virtio-mmio.force-legacy=false")
        expect(answers(result, "disk") == "", "there is a disk", result)
        result = monitor(QEMU_EXTRA=at(3, null("three")), **settings)
        expect_status(result, machine.REFUSED)
        expect_text(result, "virtio_mmio.device=512@0xfeb00600:8: its "
                            "interrupt is the ",
                    "(bus=virtio-mmio-bus.N)")


machine.run_all()
