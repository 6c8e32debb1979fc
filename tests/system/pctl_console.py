#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The consoles of other domains, by the page that they share with domain 0:
`pctl console` from domain 0's shell."""

import machine
from domain0 import in_domain0
from machine import expect, test


@test("pctl console: shows what a guest writes, and types what is piped in")
def pipe():
    steps = in_domain0([
        "pctl create demo",
        "printf 'echo 6 times 7 is $((6 * 7))\\npoweroff\\n' | "
        "pctl console demo",
        "pctl console demo", "pctl dmesg", "pctl destroy demo",
        "pctl console demo"])
    steps[0].expect(0, "demo is domain 1\n")
    shown = steps[1].expect(0).out
    for text in ("guest: RAM disk of ", "6 times 7 is 42\n",
                 "guest: power off\n"):
        expect(text in shown, f"no {text!r} in\n{shown}")
    # What was shown is kept until the domain is gone.
    steps[2].expect(0, shown)
    # The first words are the hypervisor's, and no others are.
    log = steps[3].expect(0).out
    expect("d1| guest: Parapet guest kernel" in log and
           "6 times 7" not in log, log)
    steps[5].expect(3, "", "pctl: console: no domain is called \"demo\": `pctl "
                    "list` shows which there are\n")


@test("pctl console: a panic is on the console, and in pctl dmesg")
def panic():
    steps = in_domain0([
        "pctl create demo extra=monitor",
        "echo crash panic | pctl console demo", "pctl wait demo",
        "pctl dmesg"])
    steps[2].expect(4, "demo: crashed\n")
    for step in (steps[1], steps[3]):
        expect("guest: panic: " in step.expect(0).out and
               "guest: backtrace: " in step.out, step.out)


@test("pctl console: much from one, and much typed, arrives whole and in order")
def much():
    count = "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i + 1)); done"
    steps = in_domain0([
        f"({count}) > numbers; (echo stty -echo; echo 'cat > /tmp/n'; "
        "cat numbers; printf '\\004'; echo 'md5sum /tmp/n; seq 0 200000; "
        "poweroff') > typed; pctl create demo; "
        "pctl console demo < typed > /tmp/shown; md5sum numbers",
        "grep /tmp/n /tmp/shown", "grep '^[0-9]\\+$' /tmp/shown | md5sum",
        "seq 0 200000 | md5sum"])
    steps[0].expect(0)
    digest = steps[0].out.split()[-2]
    steps[1].expect(0, None)
    expect(digest in steps[1].out, steps[0].out + steps[1].out)
    steps[2].expect(0, steps[3].out)


machine.run_all()
