#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pctl, from domain 0's shell: the session of docs/PCTL.md, a domain's life,
what it says of mistakes, and what its JSON is. (What it asks the hypervisor
for: tests/unit/test_pctl*.c; what it costs: `BENCH=/pctl tools/bench`.)"""

import re

import machine
from domain0 import added, expect_shown, in_domain0, shown_in
from machine import expect, expect_text, shell, test


@test("pctl: the session of docs/PCTL.md")
def session():
    shown = shown_in("1. A session")
    expect_shown(in_domain0([command for command, _ in shown]), shown)


@test("pctl: a domain from its making to its end, for people and scripts")
def life():
    # What domain 0 needs for the grants of others it has since the first one.
    before, made, listed, info, *rest = in_domain0([
        "pctl create tiny name=first > first; pctl destroy first; "
        "pctl info --json", "pctl create --json tiny cap=50",
        "pctl list --json", "pctl info --json tiny",
        "pctl pause tiny", "pctl list --json tiny",
        "pctl unpause tiny", "pctl sched tiny cap=101",
        "pctl sched tiny weight=512 cap=0", "pctl sched --json",
        "pctl mem-set tiny 3", "pctl info --json 2",
        "pctl stat --json tiny", "pctl audit --json", "pctl dmesg --json",
        "pctl destroy 2", "pctl list --json", "pctl info --json",
        "pctl list", "pctl stat 0"], APPEND="audit=on")
    machine_before = before.expect(0).json()
    tiny = made.expect(0).json()
    expect((tiny["id"], tiny["name"], tiny["state"], tiny["end"]) ==
           (2, "tiny", "running", None), made.out)
    expect([d["name"] for d in listed.expect(0).json()] == ["dom0", "tiny"],
           listed.out)
    expect(info.expect(0).json()[0]["cap"] == 50, info.out)
    rest[0].expect(0, "")
    expect(rest[1].expect(0).json()[0]["state"] == "paused", rest[1].out)
    rest[2].expect(0, "")
    rest[3].expect(1, "", "pctl: sched: tiny: cap: expected at most 100 for 1 "
                   "vCPUs, got 101\n")
    rest[4].expect(0, "")
    expect(rest[5].expect(0).json()[1] ==
           {"id": 2, "name": "tiny", "weight": 512, "cap": 0}, rest[5].out)
    rest[6].expect(0, "")
    one = rest[7].expect(0).json()[0]
    expect(one["memory"] - one["memory_target"] == 1 << 20, rest[7].out)
    rows = {row["name"]: row["count"] for row in rest[8].expect(0).json()}
    expect(rows.get("block", 0) >= 1, rest[8].out)
    expect([d["wrong"] for d in rest[9].expect(0).json()] == [0, 0],
           rest[9].out)
    expect("dom0: engine pv" in rest[10].expect(0).json()["text"], rest[10].out)
    rest[11].expect(0, "")
    expect(len(rest[12].expect(0).json()) == 1, rest[12].out)
    after = rest[13].expect(0).json()
    expect(after == machine_before, before.out + rest[13].out)
    rest[14].expect(0, "ID  NAME  MEM/MiB  VCPUS  STATE\n"
                    " 0  dom0       64      1  running\n")
    widths = {len(line) for line in rest[15].expect(0).out.splitlines()}
    expect(len(widths) == 1, rest[15].out)


@test("pctl: how domains end, and waiting for it")
def ends():
    steps = in_domain0([
        "pctl create tiny name=good extra=nap", "pctl wait --json good",
        "pctl create tiny name=bad extra=crash", "pctl wait bad good",
        "pctl create tiny name=asked extra=obey",
        "pctl shutdown --wait --timeout=100 asked", "pctl wait asked",
        "pctl create tiny name=slow extra=sleep --paused",
        "pctl wait --timeout=0 slow", "pctl pause slow", "pctl list",
        "pctl unpause slow", "(sleep 1; pctl destroy slow) & pctl wait slow",
        "pctl create tiny name=good", "pctl destroy good bad asked",
        "pctl create tiny name=broken extra=kill; pctl wait broken",
        "pctl dmesg", "pctl destroy broken"])
    steps[0].expect(0, "good is domain 1\n")
    expect(steps[1].expect(0).json()[0]["end"] == "poweroff", steps[1].out)
    steps[3].expect(4, "bad: crashed\ngood: powered off\n")
    steps[5].expect(0, "")
    steps[6].expect(0, "asked: powered off\n")
    steps[7].expect(0, "slow is domain 4\n")
    steps[8].expect(6, "", "pctl: wait: slow: it has not ended in 0 seconds\n")
    steps[9].expect(1, "", "pctl: pause: slow: it has not begun to run, or has "
                    "ended: `pctl list` shows which\n")
    steps[10].expect(0, "ID  NAME   MEM/MiB  VCPUS  STATE\n"
                     " 0  dom0        64      1  running\n"
                     " 1  good         4      1  powered off\n"
                     " 2  bad          4      1  crashed\n"
                     " 3  asked        4      1  powered off\n"
                     " 4  slow         4      1  being built\n")
    steps[11].expect(0, "")
    steps[12].expect(4, "slow: destroyed\n")
    steps[13].expect(1, "", "pctl: create: good: a domain has this name "
                     "already: give another one, as name=demo2, or `pctl "
                     "destroy` that\n")
    steps[14].expect(0, "")
    steps[15].expect(4, "broken is domain 5\nbroken: crashed\n")
    # It broke the rule in a hypercall.
    expect(re.search(r"^d5v0:   rip [0-9a-f]{16}  parapet_hypercall_page\+0x",
                     steps[16].expect(0).out, re.M), steps[16].out)


@test("pctl dmesg: the console has errors alone, and the log has all")
def console_level():
    lines = ("d1| guest: Parapet guest kernel", "d1: powered off (demo)",
             "d2| it breaks a rule", "d2v0: killed: iret: ",
             "d2: crashed (tiny)", "d3| it breaks a rule")
    with added() as directory:
        result = shell([
            "pctl create demo extra=monitor",
            "echo poweroff | pctl console demo > /tmp/shown; pctl wait demo",
            "pctl create tiny extra=kill; pctl wait tiny",
            "pctl dmesg --console=info",
            "pctl create tiny name=shown extra=kill; pctl wait shown",
            "pctl dmesg > /tmp/log", *(f"grep -c '^{line}' /tmp/log"
                                       for line in lines)],
            DOM0=1, ADD=directory)
    expect(result.output.count("\n1\n") == len(lines),
           "expected each line once in the log", result)
    told = re.findall(r"(?:^|(?<=~# ))d[1-9][v:|].*", result.output, re.M)
    before = [line for line in told if not line.startswith("d3")]
    expect(before and before[0].startswith("d2v0: killed: iret: ") and
           before[-1] == "d2: crashed (tiny)" and
           all(line.startswith("d2v0: ") for line in before[:-1]),
           "expected nothing but the report of d2", result)
    expect_text(result, "\nd3| it breaks a rule\nd3v0: killed: ")


@test("pctl: mistakes are told in one line, and leave nothing behind")
def mistakes():
    steps = in_domain0([
        "pctl lsit", "pctl create nobody", "pctl pause dom0",
        "pctl destroy 77", "echo 'memory = much' > m.cfg; pctl create m.cfg",
        "pctl create tiny memory=1000", "pctl create tiny cpus=7",
        "pctl create tiny kernel=/bin/busybox", "pctl create tiny vcpus=99",
        "head -c 5000 /boot/guest-pv.elf > g; pctl create demo kernel=./g",
        "pctl audit", "pctl list > /dev/full", "pctl list --json"])
    steps[0].expect(2, "", "pctl: there is no command \"lsit\": `pctl` alone "
                    "shows which there are\n")
    steps[1].expect(1, "", "pctl: create: /etc/parapet/nobody.cfg: there is "
                    "no such file: `ls /etc/parapet/` shows the descriptions "
                    "that have a name\n")
    steps[2].expect(1, "", "pctl: pause: dom0: it is the control domain, "
                    "which runs this command\n")
    steps[3].expect(3, "", "pctl: destroy: no domain has the id 77: `pctl "
                    "list` shows which there are\n")
    steps[4].expect(2, "", "pctl: create: m.cfg:1: expected a number, a text "
                    "in quotes or a list, got \"much\"\n")
    expect(steps[5].status == 1 and "KiB of free memory" in steps[5].err,
           steps[5].err)
    steps[6].expect(1, "", "pctl: create: tiny: cpus: the machine has none of "
                    "these\n")
    expect(steps[7].status == 1 and
           steps[7].err.startswith("pctl: create: kernel: /bin/busybox: "),
           steps[7].err)
    steps[8].expect(2, "", "pctl: create: vcpus: expected 1 to 32, got 99\n")
    expect(steps[9].status == 1 and
           steps[9].err.startswith("pctl: create: kernel: ./g: "),
           steps[9].err)
    steps[10].expect(1, None, "pctl: audit: dom0: the machine was booted "
                     "without audit=on\n")
    steps[11].expect(1, "", "pctl: list: standard output: No space left on "
                     "device\n")
    expect(len(steps[12].expect(0).json()) == 1, steps[12].out)


@test("pctl: elsewhere than in domain 0 it says so, and helps")
def elsewhere():
    result = shell(["pctl list; echo status $?", "pctl list --help"])
    expect_text(result, "pctl: list: /dev/parapet: No such file or directory: "
                "only domain 0 has it\nstatus 5\n",
                "usage: pctl list [OPTION]... [DOMAIN]...\n")


machine.run_all()
