#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that domain 0 serves: how domains get them by `pctl` and lose them again,
and what a guest reads and writes meanwhile. (By hand: pctl_console.py.)"""

import machine
from domain0 import expect_shown, in_domain0, shown_in
from machine import expect, test

SETTINGS = {"DISK": "new:16M null:1M,ro", "MEM": "512M", "APPEND": "audit=on"}


def there(disk):
    """A line for a guest's shell: until the kernel has found the disk."""
    return f"until [ -b /dev/{disk} ]; do sleep 1; done"


def typed(*lines, name="demo"):
    """A command: the lines are typed in a domain, which then powers off."""
    text = "\\n".join(lines + ("poweroff", "")).replace("'", "'\\''")
    return f"printf '{text}' | pctl console {name}"


def begun(script, said, name="demo"):
    """A command: the lines are typed, and it ends when the guest has said this,
    which no line has. All that it says is in /tmp/NAME. The lines of the file
    /tmp/go are typed when it is there."""
    text = "\\n".join(script + ("",)).replace("'", "'\\''")
    return (f"rm -f /tmp/go; : > /tmp/{name}; {{ printf '{text}'; "
            "until [ -e /tmp/go ]; do sleep 1; done; cat /tmp/go; } | "
            f"pctl console {name} > /tmp/{name} & "
            f"until grep -q '{said}' /tmp/{name}; do sleep 1; done")


def sums(shown):
    """The checksums that a guest has printed, in their order."""
    return [line.split()[0] for line in shown.splitlines()
            if line.endswith("  -")]


TWO = ('printf "name = \\"two\\"; kernel = \\"/boot/child.elf\\"; memory = 4\\n'
       'disk = [\'phy:/dev/vda,xvda\',\\n \'/dev/vdc,,xvdb,r\']\\n" > two.cfg; ')


REFUSED = [
    # Half way nothing is left, of the disk that was attached before, either.
    (TWO + "pctl create ./two.cfg", 1, "create: two: xvdb: /dev/vdc: domain 0 "
     "has no such disk: `cat /proc/partitions` shows which there are"),
    ("pctl list two", 3,
     "list: no domain is called \"two\": `pctl list` shows which there are"),
    ("pctl create ./two.cfg disk=phy:/dev/vda,xvda,r --paused > /dev/null", 0, ""),
    ("pctl block-attach two phy:/dev/vda xvdz r", 0, ""),
    ("pctl block-attach two phy:/dev/vda w", 1, "block-attach: two: xvdb: "
     "/dev/vda: another disk has it, or some of it, and one of the two may write: "
     "`pctl block-list` shows whose"),
    ("pctl block-attach two ram:1M xvda", 1, "block-attach: two: xvda: ram:1M: "
     "the domain has a disk of this name: `pctl block-list` shows it"),
    ("pctl block-attach two /dev/vdb w", 2, "block-attach: expected the format "
     "raw after a disk, or phy: before it, as phy:/dev/vda,xvda,w; got \"w\""),
    ("pctl block-attach two phy:/dev/vdb xvdc", 1, "block-attach: two: xvdc: "
     "/dev/vdb: domain 0 can only read it: ask for r in place of w"),
    ("pctl block-attach two phy:/dev/vdb xvdc r && pctl block-detach two xvdc", 0,
     ""),
    ("pctl block-attach two ram:1G", 1, "block-attach: two: xvdb: ram:1G: "
     "disks in memory may have half of what is free in domain 0: "
     "`free` shows that, `make run DOMAIN_MEM=256M` gives it more"),
    ("pctl block-attach two ram:1K", 1, "block-attach: two: xvdb: ram:1K: the "
     "size must be a multiple of 4 KiB, not 0, and in the machine's "
     "memory"),
    ("pctl block-attach two ram:1M hda", 2, "block-attach: expected a name from "
     "xvda to xvdz, got \"hda\""),
    ("pctl block-attach dom0 ram:1M", 1, "block-attach: dom0: it is the control "
     "domain, which has the disks"),
    ("pctl block-detach two xvdb", 1, "block-detach: two has no xvdb: `pctl "
     "block-list` shows which there are"),
]
LISTED = [
    "pctl block-attach two ram:1M ro", "pctl block-list --json two",
    "pctl block-detach two xvda", "pctl info --json two",
    "pctl destroy two; pctl block-list --json"]
# The second disk is one of domain 0's, the third cannot be written. Domain 0
# has read its own before.
WRITTEN = [
    "pctl create demo disk=ram:8M,xvda",
    "pctl block-attach demo phy:/dev/vda,xvdb,w",
    "pctl block-attach demo ram:1M,xvdc,r",
    typed(there("xvda"), there("xvdb"), there("xvdc"),
          "head -c 3000000 /dev/urandom > f", "md5sum < f",
          "dd if=f of=/dev/xvda bs=64k",
          "dd if=f of=/dev/xvdb bs=128k conv=fsync", "md5sum < /dev/xvdb",
          "head -c 3000000 /dev/xvda | md5sum",
          "head -c 3000000 /dev/xvdb | md5sum", "echo no > /dev/xvdc"),
    "pctl destroy demo",
    "blockdev --flushbufs /dev/vda; md5sum < /dev/vda",
    "printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/vda > /dev/null; "
    "md5sum < /dev/vda1",
    "pctl create demo disk=/dev/vda1,,xvda,r",
    typed(there("xvda"), "md5sum < /dev/xvda"), "pctl audit"]


def expect_listed(steps):
    steps[0].expect(0, "xvdb\n")
    expect([(d["name"], d["disk"], d["store"], d["read_only"], d["size"])
            for d in steps[1].expect(0).json()] ==
           [("two", "xvda", "phy:/dev/vda", True, 16 << 20),
            ("two", "xvdb", "ram:1M", True, 1 << 20),
            ("two", "xvdz", "phy:/dev/vda", True, 16 << 20)], steps[1].out)
    steps[2].expect(0, "")
    expect([d["disk"] for d in steps[3].expect(0).json()[0]["disks"]] ==
           ["xvdb", "xvdz"], steps[3].out)
    steps[4].expect(0, "[]\n")


def expect_written(steps):
    shown = steps[3].expect(0).out
    written, whole, *read = sums(shown)
    expect(read == [written, written], shown)
    expect("Read-only file system" in shown, shown)
    expect(sums(steps[5].expect(0).out) == [whole], steps[5].out)
    part = sums(steps[6].expect(0).out)
    shown = steps[8].expect(0).out
    expect(sums(shown) == part != [whole], shown)
    steps[9].expect(0)


@test("pctl: the session of docs/PCTL.md with disks, mistakes, and what guests "
      "read and write")
def disks():
    shown = shown_in("5. Disks")
    groups = [[command for command, _ in shown],
              [command for command, _, _ in REFUSED], LISTED, WRITTEN]
    steps = iter(in_domain0(sum(groups, []), **SETTINGS))
    ran, refused, listed, written = [[next(steps) for _ in group]
                                     for group in groups]
    expect_shown(ran, shown)
    for step, (_, status, why) in zip(refused, REFUSED):
        step.expect(status, "", f"pctl: {why}\n" if why else "")
    expect_listed(listed)
    expect_written(written)


WRITES = ("for i in $(seq 1 12); do head -c 900000 /dev/urandom > f; "
          "dd if=f of=/dev/xvda bs=96k seek=$((i * 7)) 2> /dev/null; "
          "dd if=/dev/xvda bs=96k skip=$((i * 7)) iflag=direct 2> /dev/null "
          "| head -c 900000 | cmp - f && echo same $i; done")
STOPS = ("stops() { i=0; while [ $i -lt 20 ]; do pctl backend blk stop; "
         "sleep 0.05; pctl backend blk start; sleep 0.05; i=$((i + 1)); "
         "done; }; stops & ")
LOAD = ("while :; do dd if=/dev/zero of=/dev/xvda bs=128k 2> x; "
        "dd if=/dev/xvda of=/dev/xvdb bs=64k 2> x; echo $((6 * 7)) round; done")


# The disk's file is used, and then no more.
LATE = ("echo '(echo late >&5; sync; echo $((6 * 7)) wrote) & exec 5>&-; wait; "
        "echo $((6 * 7)) closed; "
        "until grep -q \" 1024 xvda\" /proc/partitions; do sleep 1; done; "
        "blockdev --getsize64 /dev/xvda'")


def ended(name, how="pctl destroy {}"):
    """Commands: a domain that is in the midst of writing ends; the next one has
    the same disk at once."""
    return [f"pctl create demo name={name} memory=32 disk=phy:/dev/vda,xvda",
            f"pctl block-attach {name} ram:4M xvdb",
            begun((there("xvda"), there("xvdb"), LOAD), "42 round", name),
            how.format(name)]


# Its program waits for the disk, for ever: at once, all the same.
AWAY = ("pctl block-detach {0} xvda && pctl shutdown --wait --timeout=4 {0} && "
        "pctl destroy {0}")


@test("pctl block-detach, backend blk, destroy: with requests under way")
def in_use():
    steps = in_domain0([
        "pctl create demo disk=phy:/dev/vda,xvda",
        STOPS + begun((there("xvda"), WRITES, "exec 5<> /dev/xvda",
                       "echo $((6 * 7)) opened"), "42 opened") +
        "; wait %1; grep '^same [0-9]' /tmp/demo",
        # A program has it open: the disk goes all the same, and it waits.
        "pctl block-detach demo xvda; pctl block-list --json",
        LATE + " > /tmp/go; sleep 2; grep -c '42 wrote' /tmp/demo",
        # What another disk gets is not this one's, whatever its size is.
        "pctl block-attach demo ram:1M xvdb; "
        "pctl block-attach demo ram:1M xvda",
        "pctl block-attach demo ram:16M xvda",
        "pctl block-attach demo phy:/dev/vda xvda",
        "until grep -q '42 closed' /tmp/demo; do sleep 1; done; "
        "blockdev --flushbufs /dev/vda; head -c 5 /dev/vda",
        # Nobody has it open any more.
        "pctl block-detach demo xvda; pctl block-attach demo ram:1M xvda r; "
        "until grep -q '^1048576' /tmp/demo; do sleep 1; done; "
        "pctl block-list --json; echo exec poweroff | pctl console demo > x; "
        "pctl wait demo; grep '^[0-9]' /tmp/demo",
        *ended("one"), *ended("two"), *ended("three", AWAY),
        "pctl create --paused demo name=last memory=32 disk=/dev/vda,,xvda",
        "touch /tmp/go; pctl destroy last; pctl block-list --json",
        "pctl audit"], **SETTINGS)
    shown = steps[1].expect(0).out
    expect(shown.split() == " ".join(f"same {i}" for i in range(1, 13)).split(),
           shown)
    steps[2].expect(0, "[]\n")
    steps[3].expect(1, "0\n")
    for step, store in zip(steps[4:6], ("ram:1M", "ram:16M")):
        step.expect(1, "", f"pctl: block-attach: demo: xvda: {store}: the "
                    "domain uses the disk that had this name before, and takes "
                    "no other: give it that one again, or this one by another "
                    "name\n")
    steps[6].expect(0, "")
    steps[7].expect(0, "late\n")
    shown = steps[8].expect(0).out
    expect('"xvda", "store": "ram:1M", "read_only": true, "size": 1048576, '
           '"state": "connected"' in shown and
           shown.endswith("demo: powered off\n42 opened\n42 wrote\n42 closed\n1048576\n"),
           shown)
    for step in steps[9:]:
        step.expect(0)
    expect(steps[-2].out == "[]\n", steps[-2].out)


machine.run_all()
