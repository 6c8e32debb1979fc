#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that domain 0 serves: `pctl block-attach` from its shell, and what a
guest reads and writes."""

import machine
from domain0 import in_domain0
from machine import expect, test


NO_DISKS = "ID  NAME  DISK  STORE  MODE  SIZE/MiB  STATE\n"


# Each command ends before the next one is typed: a guest's shell reads it all.
def typed(*lines):
    """A command: the lines are typed in demo, which then powers off."""
    text = "\\n".join(lines + ("poweroff", "")).replace("'", "'\\''")
    return f"printf '{text}' | pctl console demo"


def sums(shown):
    """The checksums that a guest has printed, in their order."""
    return [line.split()[0] for line in shown.splitlines()
            if line.endswith("  -")]


@test("pctl block-attach: what a guest writes, it and the next one read")
def attach():
    # The second disk is one of domain 0's, the third cannot be written.
    steps = in_domain0([
        # What domain 0 keeps of it goes when the guest has written.
        "md5sum < /dev/vda > before; pctl create demo",
        "pctl block-attach demo ram:8M,xvda,w",
        "pctl block-attach demo phy:/dev/vda,xvdb,w",
        "pctl block-attach demo phy:/dev/vda,xvdc,r",
        "pctl block-attach demo ram:1M,xvdb,w",
        "pctl block-attach demo ram:1M,xvdc,r",
        "pctl block-list demo | sed 's/  *[a-z]*$//'",
        typed("sleep 1", "head -c 3000000 /dev/urandom > f",
              "md5sum < f", "dd if=f of=/dev/xvda bs=64k",
              "dd if=f of=/dev/xvdb bs=128k conv=fsync",
              "md5sum < /dev/xvdb", "head -c 3000000 /dev/xvda | md5sum",
              "head -c 3000000 /dev/xvdb | md5sum",
              "echo no > /dev/xvdc"),
        "pctl destroy demo; pctl block-list",
        "md5sum < /dev/vda",
        "printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/vda > /dev/null; "
        "md5sum < /dev/vda1",
        "pctl create demo",
        "pctl block-attach demo phy:/dev/vda1,xvda,r",
        typed("sleep 1", "md5sum < /dev/xvda"),
        "pctl audit"], DISK="new:4M", APPEND="audit=on")
    steps[2].expect(0, "")
    steps[3].expect(1, "", "pctl: block-attach: demo: xvdc: /dev/vda: another "
                    "disk has this store, and one of the two may write it: "
                    "`pctl block-list` shows whose\n")
    steps[4].expect(1, "", "pctl: block-attach: demo: xvdb: ram:1M: the domain "
                    "has it already: `pctl block-list` shows what it is\n")
    steps[6].expect(0, """ID  NAME  DISK  STORE         MODE  SIZE/MiB  STATE
 1  demo  xvda  ram:8M        w            8
 1  demo  xvdb  phy:/dev/vda  w            4
 1  demo  xvdc  ram:1M        r            1
""")
    shown = steps[7].expect(0).out
    written, whole, *read = sums(shown)
    expect(read == [written, written], shown)
    expect("Read-only file system" in shown, shown)
    steps[8].expect(0, NO_DISKS)
    expect(sums(steps[9].expect(0).out) == [whole], steps[9].out)
    part = sums(steps[10].expect(0).out)
    shown = steps[13].expect(0).out
    expect(sums(shown) == part != [whole], shown)
    steps[14].expect(0)


@test("pctl backend blk: 20 stops and starts lose nothing, and ends leave none")
def backend():
    writes = ("for i in $(seq 1 12); do "
              "head -c 900000 /dev/urandom > f; "
              "dd if=f of=/dev/xvda bs=96k seek=$((i * 7)) 2> /dev/null; "
              "dd if=/dev/xvda bs=96k skip=$((i * 7)) iflag=direct 2> /dev/null "
              "| head -c 900000 | cmp - f && echo same $i; done")
    steps = in_domain0([
        "pctl create demo",
        "pctl block-attach demo phy:/dev/vda,xvda,w",
        "stops() { i=0; while [ $i -lt 20 ]; do pctl backend blk stop; "
        "sleep 0.05; pctl backend blk start; sleep 0.05; i=$((i + 1)); "
        "done; }; stops & " + typed("sleep 1", writes) + "; wait",
        "pctl block-detach demo xvda; pctl block-list; pctl destroy demo",
        # Destroyed in the midst, and made anew.
        "for i in 1 2 3 4 5; do pctl create demo; "
        "pctl block-attach demo phy:/dev/vda,xvda,w; "
        "pctl block-attach demo ram:4M,xvdb,w; "
        "printf 'while :; do dd if=/dev/zero of=/dev/xvda bs=128k count=90;"
        " dd if=/dev/xvda of=/dev/xvdb bs=64k; done\\n' | "
        "pctl console demo > /dev/null & "
        "sleep 1.$i; pctl destroy demo; wait; done; pctl block-list",
        "pctl audit"], DISK="new:16M", APPEND="audit=on")
    shown = steps[2].expect(0).out
    same = [line for line in shown.splitlines() if line.startswith("same ")]
    expect(same == [f"same {i}" for i in range(1, 13)], shown)
    expect(steps[4].expect(0).out.endswith(NO_DISKS), steps[4].out)
    steps[5].expect(0)


machine.run_all()
