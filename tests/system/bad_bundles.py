# SPDX-License-Identifier: MIT
"""Bundles that the hypervisor must refuse to boot, each with the words for it.

    python3 tests/system/bad_bundles.py DIR GUEST

writes them into DIR, made of GUEST, an ELF file that boots, and prints a
line for each: its path, a tab, and a text that the hypervisor has to print.
From Python: make(directory, guest) returns these pairs.
"""

import os
import struct
import subprocess
import sys

TOOL = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "bundle")
NAME = "guest.elf"  # of the image in the bundle, for the texts
NODE = "bundle: /domains/guest: "
KERNEL = f"domain guest: kernel {NAME}: "

# A note of 16 bytes, of type 1, by "Parapet": see abi/note.h.
NOTE = struct.pack("<III8s", 8, 16, 1, b"Parapet\0")

# Of an ELF64 file: e_phoff, e_phentsize, e_phnum; of a program header.
PHOFF, PHENTSIZE, PHNUM = 32, 54, 56
P_PADDR = 24
PT_LOAD = 1


def place_of_note(guest):
    if guest.count(NOTE) != 1:
        sys.exit("bad_bundles: expected one Parapet note in the guest, "
                 f"got {guest.count(NOTE)}")
    return guest.index(NOTE)


def with_other_version(guest):
    """The guest with the next major version, and the text about that."""
    place = place_of_note(guest) + len(NOTE)
    version, = struct.unpack_from("<I", guest, place)
    major, minor = version >> 16, version & 0xffff
    changed = bytearray(guest)
    struct.pack_into("<I", changed, place, (major + 1) << 16)
    return bytes(changed), (f"kernel wants ABI {major + 1}.0, this hypervisor "
                            f"has {major}.{minor}")


def with_high_segment(guest):
    """The guest with its last segment 1 GiB higher in physical memory."""
    table, = struct.unpack_from("<Q", guest, PHOFF)
    size, count = struct.unpack_from("<HH", guest, PHENTSIZE)
    loads = [table + i * size for i in range(count)
             if struct.unpack_from("<I", guest, table + i * size)[0] == PT_LOAD]
    changed = bytearray(guest)
    paddr, = struct.unpack_from("<Q", guest, loads[-1] + P_PADDR)
    struct.pack_into("<Q", changed, loads[-1] + P_PADDR, paddr + (1 << 30))
    return bytes(changed)


def bundle(directory, kernel, options=(), old="", new=""):
    """A bundle around the bytes of a kernel, with old made new in its source."""
    with open(os.path.join(directory, NAME), "wb") as file:
        file.write(kernel)
    source = subprocess.run(
        [os.path.abspath(TOOL), "--source", "--kernel", NAME, *options],
        cwd=directory, stdout=subprocess.PIPE, text=True, check=True).stdout
    if old not in source:
        sys.exit(f"bad_bundles: expected {old!r} in what tools/bundle writes")
    if old:
        source = source.replace(old, new)
    return subprocess.run(
        ["dtc", "-q", "-I", "dts", "-O", "dtb", "-"], cwd=directory,
        input=source.encode(), stdout=subprocess.PIPE, check=True).stdout


def bad_blobs(good):
    half = len(good) // 2
    damaged = bytearray(good)
    aligned = (len(good) + 7) & ~7  # what is not, newer libfdts refuse first
    struct.pack_into(">I", damaged, 8, aligned)  # off_dt_struct
    return {
        "truncated": (good[:half], "bundle: truncated: header says "
                                   f"{len(good)} bytes, got {half}"),
        "header-only": (good[:16], "bundle: truncated: expected at least "
                                   "40 bytes, got 16"),
        "zeros": (bytes(4096), "bundle: not a flattened tree (expected magic "
                               "d00dfeed, got 00000000)"),
        "damaged": (bytes(damaged), "bundle: damaged: expected a valid tree, "
                                    "got FDT_ERR_TRUNCATED"),
    }


def bad_domains(directory, guest):
    return {
        "zero-memory": (
            bundle(directory, guest, old="<0x0 0x10000>", new="<0x0 0x0>"),
            NODE + "property 'memory': expected at least 4096 KiB, got 0 KiB"),
        "too-much-memory": (
            bundle(directory, guest, ["--memory", "60G"]),
            "domain guest: expected at most "),
        "unknown-engine": (
            bundle(directory, guest, old='engine = "pv"',
                   new='engine = "warp"'),
            NODE + "property 'engine': expected one of "),
        "no-vcpus": (
            bundle(directory, guest, old="vcpus = <1>", new="vcpus = <0>"),
            NODE + "property 'vcpus': expected 1 to 32, got 0"),
        "slip-of-the-pen": (
            bundle(directory, guest, old="vcpus =", new="vcpu ="),
            NODE + "property 'vcpu': unknown: expected one of compatible, "),
        "no-engine": (
            bundle(directory, guest, old='engine = "pv";'),
            NODE + "property 'engine': expected the name of an engine, "
            "got nothing"),
        "privileged-number": (
            bundle(directory, guest, old="vcpus = <1>;",
                   new="vcpus = <1>; privileged = <1>;"),
            NODE + "property 'privileged': expected no value, got 4 bytes"),
        "two-privileged": (
            bundle(directory, guest,
                   ["--privileged", "--domain", "other", "--kernel", NAME],
                   old="        other {", new="        other { privileged;"),
            "bundle: /domains: expected at most one domain that is "
            "privileged, got 2"),
        "missing-image": (
            bundle(directory, guest, old=f'kernel = "{NAME}"',
                   new='kernel = "other.elf"'),
            NODE + "property 'kernel': expected one node 'other.elf' in "
            "/images, got 0"),
        "no-domains": (
            bundle(directory, guest, old="domains {", new="domain {"),
            "bundle: /: expected one node 'domains', got 0"),
    }


def bad_kernels(directory, guest):
    other_version, words = with_other_version(guest)
    return {
        "no-elf": (
            bundle(directory, bytes(4096)),
            KERNEL + "not an ELF file: expected magic 7f454c46, "
            "got 00000000"),
        "half-a-kernel": (
            bundle(directory, guest[:64]),
            KERNEL + "program header 0: expected it inside the image of "
            "64 bytes"),
        "no-note": (
            bundle(directory, guest.replace(NOTE, NOTE.replace(b"P", b"Q"))),
            KERNEL + "expected a Parapet note, got none"),
        "other-version": (
            bundle(directory, other_version), KERNEL + words),
        "small-memory": (
            bundle(directory, with_high_segment(guest), ["--memory", "64M"]),
            KERNEL + "kernel needs memory up to paddr 0x4"),
    }


def make(directory, guest):
    with open(guest, "rb") as file:
        image = file.read()
    blobs = {**bad_blobs(bundle(directory, image)),
             **bad_domains(directory, image),
             **bad_kernels(directory, image)}
    pairs = []
    for name, (blob, words) in blobs.items():
        path = os.path.join(directory, name + ".itb")
        with open(path, "wb") as file:
            file.write(blob)
        pairs.append((path, words))
    return pairs


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1].strip())
    for path, words in make(*sys.argv[1:]):
        print(f"{path}\t{words}")
