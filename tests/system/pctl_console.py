#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The consoles of other domains, by the page that they share with domain 0:
`pctl console` from domain 0's shell."""

import base64
import hashlib
import os
from random import Random, SystemRandom

import machine
from domain0 import in_domain0, until
from keyboard import (CONTROL_BRACKET, CONTROL_CARET, CONTROL_D, ENTER, PROMPT,
                      Keyboard)
from machine import expect, expect_status, test


SHELL = "built-in shell"  # the guest's says so: init runs
NR_KILLS = 200 if os.environ.get("SOAK") == "1" else 30
SEED = int(os.environ.get("RANDOM_SEED") or SystemRandom().randrange(1 << 32))


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


@test("pctl console: by hand: all keys are the guest's, but for Ctrl-]")
def by_hand():
    with Keyboard(["tools/run"], DOM0=1) as keys:
        keys.see(PROMPT)
        keys.type(b"pctl create --console demo disk=ram:1M,xvda" + ENTER,
                  rb"the console of demo: Ctrl-\] leaves it\.")
        keys.see(PROMPT)
        keys.type(b"until [ -b /dev/xvda ]; do sleep 1; done; ls -l /dev/xvda" +
                  ENTER, rb"brw[^\n]*/dev/xvda")
        keys.see(PROMPT)
        # Ctrl-C is a key of the shell's line until the command has begun, and the
        # shell's own until that has the terminal.
        keys.type(b"cat /proc/uptime > here; sh -c 'echo begun; exec sleep 999'"
                  + ENTER, rb"\nbegun\r*\n")
        keys.type(b"\x03", PROMPT)
        # The prompt of the guest's kernel, in which nobody shows consoles.
        keys.type(CONTROL_CARET, rb"parapet> ")
        keys.type(b"threads" + ENTER, rb"init[^>]*parapet> ")
        expect(b"consoles" not in keys.screen, "it is domain 0's",
               keys.result())
        keys.type(CONTROL_D)
        keys.type(ENTER, PROMPT)
        keys.type(CONTROL_BRACKET, PROMPT)
        # What the guest asked the terminal may be answered late.
        keys.type(b"\x1b[24;13R\x1b[24;13R")
        keys.type(b"ls here; pctl list" + ENTER, rb"here: No such file")
        keys.see(rb"demo +64 +1 +running")
        keys.see(PROMPT)
        keys.type(b"pctl block-list; pctl block-detach demo xvda" + ENTER,
                  rb"demo +xvda +ram:1M +w +1 +connected")
        keys.see(PROMPT)
        keys.type(CONTROL_CARET, rb"parapet> ")
        keys.type(b"threads" + ENTER, rb"consoles")
        keys.type(CONTROL_D)
        keys.type(ENTER, PROMPT)
        keys.type(b"pctl console demo" + ENTER, rb"leaves it")
        keys.type(b"ls here" + ENTER, rb"\nhere\r*\n")
        keys.type(b"poweroff" + ENTER, rb"demo has ended\.")
        keys.see(PROMPT)
        keys.type(b"stty" + ENTER, rb"speed 38400 baud")
        keys.see(PROMPT)
        keys.type(b"poweroff" + ENTER)
        expect_status(keys.end(), machine.OK)


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


# Many bytes, no two lines alike, that take a guest little time: the program that
# is there and here.
def busybox(nr, times=1):
    """A command that writes its first bytes in base64; what it writes."""
    with open(os.environ.get("BUSYBOX", "/bin/busybox"), "rb") as file:
        text = base64.encodebytes(file.read(nr)).decode()
    command = f"head -c {nr} /bin/busybox | base64"
    return ("; ".join(["echo begin", *[command] * times]),
            f"begin\n{times * text}")


def last_of(file, text):
    """A command for a console's last bytes: this text, and the kernel's when it
    has ended; and their digest. Its shell is to say `exec poweroff`, or it may
    show its prompt once more before it is gone."""
    last = f"{text}guest: power off\n".encode()
    return (f"tail -c {len(last)} {file} | md5sum",
            f"{hashlib.md5(last).hexdigest()}  -\n")


@test("pctl console: much from one, and much typed, arrives whole and in order")
def much():
    count = "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i + 1)); done"
    command, text = busybox(1_000_000)
    last, digest = last_of("/tmp/shown", text)
    steps = in_domain0([
        f"({count}) > numbers; (echo stty -echo; echo 'cat > /tmp/n'; "
        f"cat numbers; printf '\\004'; echo 'md5sum /tmp/n; {command}; "
        "exec poweroff') > typed; pctl create demo; "
        "pctl console demo < typed > /tmp/shown; md5sum numbers",
        "grep /tmp/n /tmp/shown", last])
    steps[0].expect(0)
    typed = steps[0].out.split()[-2]
    steps[1].expect(0, None)
    expect(typed in steps[1].out, steps[0].out + steps[1].out)
    steps[2].expect(0, digest)


@test("pctl backend: stopped and started 20 times no byte of a console is lost")
def stop_and_start():
    command, text = busybox(1_900_000, times=2)
    last, digest = last_of("/tmp/shown", text)
    # While the domain is typed to, and while it writes.
    steps = in_domain0([
        "stops() { i=0; while [ $i -lt 20 ]; do pctl backend console stop; "
        "sleep 0.05; pctl backend console start; sleep 0.05; i=$((i + 1)); "
        "done; }; "
        "pctl create demo; echo 'stty -echo; cat > /tmp/n; md5sum /tmp/n; "
        f"{command}; exec poweroff' > typed; seq 0 30000 > n; (cat typed n; "
        "printf '\\004') | pctl console demo > /tmp/shown & stops; "
        "until grep -q '^begin$' /tmp/shown; do sleep 0.1; done; stops; wait",
        "(grep '^[0-9a-f]*  /tmp/n' /tmp/shown; md5sum n) | cut -c1-32",
        last, "pctl backend console start"])
    steps[0].expect(0, "demo is domain 1\n")
    typed, expected = steps[1].expect(0).out.split()
    expect(typed == expected, steps[1].out)
    steps[2].expect(0, digest)
    steps[3].expect(1, "", "pctl: backend: console: it has started already\n")


@test("pctl backend: who is made or typed to while it is stopped waits")
def stopped():
    steps = in_domain0([
        "pctl backend console stop", "pctl create demo",
        "echo exec poweroff | pctl console demo > shown & sleep 2; cat shown",
        "pctl backend console start; wait; tail -n 1 shown",
        # The last words of what ends meanwhile are shown, even if it was made
        # meanwhile, too.
        "pctl create demo name=one memory=16 extra=monitor; " +
        until("one", "type help"),
        "pctl backend console stop; pctl shutdown --wait one; "
        "pctl create demo name=two memory=16 extra=monitor; "
        "pctl shutdown --wait two; pctl console two > /tmp/two; "
        "pctl destroy two; grep -o 'guest: asked .*' /tmp/two",
        "pctl backend console start; pctl console one | "
        "grep -o 'guest: asked .*'"])
    steps[0].expect(0, "")
    steps[1].expect(0, "demo is domain 1\n")
    steps[2].expect(0, "")
    steps[3].expect(0, "guest: power off\n")
    steps[5].expect(0, "two is domain 3\nguest: asked to power off\n")
    steps[6].expect(0, "guest: asked to power off\n")


@test("pctl backend: while it is stopped for long the hypervisor gets the text")
def takes_over():
    steps = in_domain0([
        "pctl create demo",
        "echo 'stty -echo; while :; do seq 1 1000; sleep 1; done' | "
        "pctl console demo > /tmp/shown & "
        "until grep -q '^1000$' /tmp/shown; do sleep 1; done",
        "pctl backend console stop; "
        "until pctl dmesg | grep -q '^d1| 1000$'; do sleep 1; done",
        "pctl backend console start; size=$(wc -c < /tmp/shown); "
        "until [ $(wc -c < /tmp/shown) -gt $((size + 8192)) ]; do sleep 1; "
        "done; pctl destroy demo; wait"])
    for step in steps:
        step.expect(0)


@test("pctl console: when domain 0 has crashed, the hypervisor's takes over")
def domain0_crashes():
    with Keyboard(["tools/run"], DOM0=1, APPEND="dom0_crash=keep") as keys:
        keys.see(PROMPT)
        keys.type(f"pctl create demo memory=32; {until('demo', SHELL)}; "
                  "pctl block-attach demo ram:1M,xvda,w".encode()
                  + ENTER, PROMPT)
        keys.type(b"pctl create demo memory=32 name=two; (echo 'while :; do "
                  b"echo tick; sleep 1; done' | pctl console two > two &)"
                  b"; until grep -q ^tick two; do sleep 1; done" + ENTER, PROMPT)
        keys.type(CONTROL_CARET, rb"parapet> ")
        keys.type(b"crash panic" + ENTER, rb"\nd1: has the console\r*\n")
        # One has the input now. The other writes there, too.
        keys.type(ENTER, PROMPT)
        keys.type(b"echo I am $((6 * 7))" + ENTER, rb"\nI am 42\r*\n")
        keys.see(rb"\nd2\| tick\r*\n")
        # Nobody has its disk any more; so sync(2), too, ends.
        keys.type(b"dd if=/dev/xvda of=/dev/null count=1; echo dd said $?"
                  + ENTER, rb"\ndd said 1\r*\n")
        keys.type(b"poweroff" + ENTER, rb"\nd2: has the console\r*\n")
        keys.type(b"\x03", PROMPT)
        keys.type(b"poweroff" + ENTER, rb"\nd2: powered off ")
        expect_status(keys.end(), machine.DOMAIN_FAILED)


@test("pctl console: 64 domains at once, each says its name")
def many():
    ids = range(1, 65)
    steps = in_domain0([
        "n=1; while [ $n -le 64 ]; do pctl create name=n$n memory=8 "
        "kernel=/boot/guest-pv.elf extra=monitor > /dev/null || "
        "break; n=$((n + 1)); done; pctl list | grep -c running",
        "n=1; while [ $n -le 64 ]; do "
        "(echo echo I am n$n | pctl console n$n > /tmp/n$n) & "
        "n=$((n + 1)); done; n=1; while [ $n -le 64 ]; do "
        "until grep -q \"^I am n$n$\" /tmp/n$n; do sleep 1; done; "
        "n=$((n + 1)); done; pctl destroy $(seq 1 64); wait",
        "pctl list --json"], MEM="1G")
    steps[0].expect(0, f"{len(ids) + 1}\n")
    steps[1].expect(0, "")
    expect(len(steps[2].expect(0).json()) == 1, steps[2].out)


@test("pctl console: 1 MiB from each of 8 domains at once arrives whole")
def eight():
    command, text = busybox(3 << 18)
    expect(len(text) > 1 << 20, f"{len(text)} bytes are less than 1 MiB")
    lasts = [last_of(f"/tmp/g{n}", text) for n in range(1, 9)]
    steps = in_domain0([
        "for n in 1 2 3 4 5 6 7 8; do "
        "pctl create demo name=g$n memory=32 || break; done; "
        "for n in 1 2 3 4 5 6 7 8; do "
        f"(echo 'stty -echo; {command}; exec poweroff' | "
        "pctl console g$n > /tmp/g$n) & done; wait",
        *(last for last, _ in lasts)], MEM="512M")
    for step, (_, digest) in zip(steps[1:], lasts):
        step.expect(0, digest)


@test("pctl console: a flood waits, and nobody else")
def flood():
    up = "cut -d' ' -f1 /proc/uptime"
    steps = in_domain0([
        "pctl create demo name=flood; (echo 'yes so long a line that it takes "
        "no time to write 64 KiB of this' | "
        "timeout 2 pctl console flood > /tmp/before; true) 2> /dev/null",
        f"{up}; (timeout 3 pctl console flood > /tmp/flood; true) "
        f"2> /dev/null; {up}; wc -c < /tmp/flood",
        "pctl create demo; echo 'stty -echo; seq 0 20000; poweroff' | "
        "pctl console demo > /tmp/demo",
        "grep '^[0-9]\\+$' /tmp/demo | md5sum", "seq 0 20000 | md5sum", "pctl list flood",
        "pctl destroy flood"])
    begin, end, size = map(float, steps[1].expect(0).out.split())
    # 64 KiB are what was kept, 64 KiB may come at once.
    most = (2 << 16) + (end - begin) * (1 << 20)
    expect(0 < size <= most, f"{size} bytes, expected at most {most}")
    steps[3].expect(0, steps[4].out)
    expect("running" in steps[5].expect(0).out, steps[5].out)


# What there is of a domain when it is destroyed, DELAY after its making: it has
# not run, it boots, somebody reads its console, both ends are busy, it is asked
# to end, it is paused; the back-end is stopped before it runs, while it boots,
# while both ends are busy, or just begins again.
STATES = 10
KILL = """n=0; for kill in {kills}; do
delay=${{kill#*:}}; state=${{kill%:*}}
pctl create --paused kernel=/boot/guest-pv.elf name=x memory=8 \\
    extra=monitor > /dev/null || break
[ $state -ne 6 ] || pctl backend console stop
[ $state -eq 0 ] || pctl unpause x
case $state in
2) pctl console x > /dev/null < /dev/null & ;;
3|8|9) yes threads | pctl console x > /dev/null & ;;
esac
sleep $delay
case $state in
4) pctl shutdown x ;;
5) pctl pause x ;;
7|8) pctl backend console stop ;;
9) pctl backend console stop; pctl backend console start ;;
esac
pctl destroy x || break
case $state in
6|7|8) pctl backend console start ;;
esac
n=$((n + 1)); done; wait; echo $n"""


def kills(random, nr):
    """Each state once in a row, in any order, until there are so many."""
    states = []
    while len(states) < nr:
        states += random.sample(range(STATES), STATES)
    return " ".join(f"{state}:0.{random.randrange(350):03}"
                    for state in states[:nr])


@test(f"pctl console: a domain killed {NR_KILLS} times at random, in each state, "
      "leaves nothing behind")
def killed():
    look = "pctl info --json; pctl list --json; grep MemFree /proc/meminfo"
    random = Random(SEED)
    print(f"these again: RANDOM_SEED={SEED}")
    first, before, kill, after, audit = in_domain0(
        [KILL.format(kills=kills(random, STATES)), look,
         KILL.format(kills=kills(random, NR_KILLS)), look,
         "pctl audit --json"], APPEND="audit=on")
    first.expect(0, f"{STATES}\n")
    kill.expect(0, f"{NR_KILLS}\n")
    free, free_now = (int(step.expect(0).out.split()[-2])
                      for step in (before, after))
    expect(before.out.split("MemFree")[0] == after.out.split("MemFree")[0] and
           free_now >= free - 64, before.out + after.out)
    expect([d["wrong"] for d in audit.expect(0).json()] == [0], audit.out)


machine.run_all()
