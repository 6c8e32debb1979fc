#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Busybox's shell in the domain and on the bare machine: piped and by hand."""

import os
import re
import tempfile

import machine
from keyboard import (CONTROL_C, CONTROL_CARET, CONTROL_D, CONTROL_Z, ENTER,
                      ESCAPE, LEFT, PROMPT, UP, Keyboard)
from machine import (PLATFORMS, boot, expect, expect_status, expect_text,
                     shell, test)

SESSION = ["uname -a", "ls -l /bin | head", "echo a b c | tr a-z A-Z",
           'for i in 1 2 3; do sh -c "echo $i"; done', "ps", "free", "date"]
ANSWERS = (
    r"^Linux parapet 6\.1\.0\S* #1 (pv|native) .*x86_64 GNU/Linux$",
    r"^-rwxr-xr-x +\d+ root +root +\d+ .* \S+$", r"^A B C$", r"^1\n2\n3$",
    r"^ *PID +USER +.*COMMAND$", r"^ +1 root .* /init$", r"^Mem: +\d+ +\d+",
    r"^\w{3} \w{3} +\d+ [0-9:]{8} UTC 20\d\d$")


def plain(output):
    """What is to be the same on both: from the first prompt on, without
    escapes, numbers, blanks and the platform's name."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output)
    text = text[text.index("# uname -a"):text.index("# poweroff")]
    text = re.sub(r"\b(pv|native)\b", "PLATFORM", text)
    text = re.sub(r"[0-9]+[.:0-9]*", "N", text)
    return [re.sub(r" +", " ", line).strip() for line in text.splitlines()]


@test("shell: the piped session, the same in a domain and on the bare machine")
def piped():
    outputs = {}
    for target in ("run-domain", "run-native"):
        result = boot("".join(f"{line}\n" for line in SESSION + ["poweroff"]),
                      command=machine.make(target))
        expect_status(result, machine.OK)
        for pattern in ANSWERS:
            expect(re.search(pattern, result.output, re.M),
                   f"no line {pattern!r}", result)
        outputs[target] = plain(result.output)
    for one, other in zip(*outputs.values()):
        expect(one == other, f"run-domain {one!r}, run-native {other!r}", result)
    expect(len(outputs["run-domain"]) == len(outputs["run-native"]),
           "one says more than the other", result)


@test("shell: the end of the input ends it, and the machine, with status 0")
def end_of_input():
    for settings in PLATFORMS.values():
        for text in ("", "echo 6 times 7 is $((6 * 7))", "cat\nlast words\n"):
            result = boot(text, **settings)
            expect_status(result, machine.OK)
        expect_text(result, "last words\nlast words\n")


@test("shell: on q35, and on 4 CPUs")
def machines():
    for settings in ({"MACHINE": "q35"}, {"SMP": 4},
                     {"MACHINE": "q35", "native": True}):
        expect_text(shell(["uname", "ls /"], **settings), "\nLinux\n", "root")


@test("shell: one that is killed starts again")
def killed():
    for settings in PLATFORMS.values():
        result = shell(["echo first $$", "kill -9 $$", "echo second $$"],
                       **settings)
        expect_text(result, "init: /bin/sh: Killed")
        expect(re.search(r"^second \d+$", result.output, re.M),
               "no second shell", result)


@test("shell: halt and reboot are not power off")
def ends():
    for command, said in (("reboot", "asked for a reboot"),):
        result = boot(f"{command}\n")
        expect_status(result, machine.DOMAIN_FAILED)
        expect_text(result, said)


@test("shell: ADD puts files into the RAM disk; one that is none is refused")
def add():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        os.mkdir(os.path.join(directory, "etc"))
        for name, text, mode in (("etc/motd", "my greeting\n", 0o644),
                                 ("tool", "#!/bin/sh\necho tool $1\n", 0o755)):
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
            os.chmod(os.path.join(directory, name), mode)
        os.symlink("tool", os.path.join(directory, "link"))
        for settings in PLATFORMS.values():
            result = shell(["/link 9", "cat /etc/hostname"], ADD=directory,
                           **settings)
            expect_text(result, "my greeting\n", "\ntool 9\n", "\nparapet\n")
    result = boot(ADD=directory)
    expect_status(result, machine.OTHER)
    expect_text(result, f"run: ADD={directory}: no such directory")


@test("shell: /etc/rc is run first; init= runs another program")
def start_up():
    with machine.directory_with() as directory:
        os.mkdir(os.path.join(directory, "etc"))
        with open(os.path.join(directory, "etc/rc"), "w") as file:
            file.write("echo rc runs as $$ >/dev/console\n")
        for settings in PLATFORMS.values():
            expect_text(shell([], ADD=directory, **settings), "rc runs as ")
    result = boot(BOOTARGS="init=/bin/echo -- one two")
    expect_text(result, "\none two\n", "process 1 has ended")
    expect_status(result, machine.DOMAIN_FAILED)


# ---- by hand ----

def edit_lines(keys):
    keys.type(b"echo ac" + LEFT + b"b" + ENTER, rb"\nabc\r*\n")
    keys.see(PROMPT)
    keys.type(b"n=1" + ENTER, PROMPT)
    keys.type(b"n=$((n + 1))" + ENTER, PROMPT)
    for _ in range(3):
        keys.type(UP + ENTER, PROMPT)
    keys.type(b"echo n is $n" + ENTER, rb"\nn is 5\r*\n")
    keys.see(PROMPT)


def run_until_ready(keys, command):
    """Its first word is its own: it has the terminal then, and the keys."""
    keys.type(b"sh -c 'echo ready; " + command + b"'" + ENTER,
              rb"\nready\r*\n")


def control_jobs(keys):
    run_until_ready(keys, b"exec sleep 100")
    keys.type(CONTROL_C, PROMPT)
    keys.type(b"echo status $?" + ENTER, rb"\nstatus 130\r*\n")
    keys.see(PROMPT)
    keys.type(b"cat | cat" + ENTER, rb"cat \| cat\r*\n")
    keys.type(b"through" + ENTER, rb"through\r*\nthrough\r*\n")
    keys.type(CONTROL_Z, rb"Stopped")
    keys.see(PROMPT)
    keys.type(b"jobs" + ENTER, rb"\+ +Stopped +cat \| cat")
    keys.see(PROMPT)
    keys.type(b"fg" + ENTER, rb"\ncat \| cat\r*\n")
    keys.type(b"again" + ENTER, rb"again\r*\nagain\r*\n")
    keys.type(CONTROL_D, PROMPT)
    keys.type(b"sleep 1 & wait; echo over" + ENTER, rb"\nover\r*\n")
    keys.see(PROMPT)


def leave_insertion(keys):
    """ESC alone: other keys at once would make a sequence of it. vi's last
    line begins with its mode."""
    keys.type(ESCAPE, rb"- /tmp/letter")


def edit_a_file(keys):
    keys.type(b"vi /tmp/letter" + ENTER, rb"- /tmp/letter")
    # vi draws what has come so far, and then the rest: the cursor's place tells
    # that all of it is there.
    keys.type(b"ihello wrld", rb"d\x1b\[1;11H")
    leave_insertion(keys)
    keys.type(b"hhio", rb"I /tmp/letter")
    leave_insertion(keys)
    keys.type(b":wq" + ENTER, PROMPT)
    keys.type(b"cat /tmp/letter" + ENTER, rb"\nhello world\r*\n")
    keys.see(PROMPT)


def watch_top(keys):
    keys.type(b"top -d 1" + ENTER)
    for _ in range(3):
        keys.see(rb"Mem: ")
        keys.see(rb"/init")
    keys.type(b"q", PROMPT)


def change_mode(keys):
    """A read has begun by single keys and ends by lines."""
    run_until_ready(keys, b"stty -icanon; head -c 2 </dev/console & "
                    b"sleep 1; stty icanon; echo changed; wait; echo over")
    keys.see(rb"changed")
    keys.type(b"ab" + ENTER, rb"over\r*\n")
    keys.see(PROMPT)


def tell_size(keys):
    keys.type(b"resize" + ENTER, rb"\x1b\[999;999H")
    keys.type(b"\x1b[30;100R", rb"\x1b830 100\r*\n")
    keys.see(PROMPT)
    keys.type(b"stty size" + ENTER, rb"\n30 100\r*\n")
    keys.see(PROMPT)


def use_debugger(keys):
    keys.type(b"sleep 30 &" + ENTER, PROMPT)
    keys.type(CONTROL_CARET, rb"parapet> ")
    keys.type(b"threads" + ENTER, rb"sleep")
    keys.type(b"continue" + ENTER)
    keys.type(ENTER, PROMPT)
    keys.type(CONTROL_CARET, rb"parapet> ")
    keys.type(CONTROL_D)
    keys.type(b"echo back again" + ENTER, rb"\nback again\r*\n")
    keys.see(PROMPT)


STEPS = {"editing and history": edit_lines, "jobs": control_jobs,
         "vi": edit_a_file, "top": watch_top, "another mode": change_mode,
         "resize": tell_size, "the debugger": use_debugger}


def register_by_hand(platform):
    @test(f"shell: by hand, {platform}: " + ", ".join(STEPS))
    def by_hand():
        command = ["tools/run"] + ["--native"] * (platform == "native")
        with Keyboard(command) as keys:
            keys.see(PROMPT)
            for step in STEPS.values():
                step(keys)
            keys.type(b"poweroff" + ENTER)
            expect_status(keys.end(), machine.OK)


for platform_name in PLATFORMS:
    register_by_hand(platform_name)
machine.run_all()
