#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make run`: the guest kernel as domain 0, with what guests boot in its /boot,
and memory that is left for them."""

import hashlib
import os
import re

import machine
from keyboard import CONTROL_BRACKET, ENTER, PROMPT, Keyboard
from machine import boot, expect, expect_status, expect_text, shell, test

GUESTS = ("guest-pv.elf", "ramdisk.cpio")
RUN = machine.make("run")


def digest(name):
    with open(os.path.join(machine.BUILD, name), "rb") as file:
        return hashlib.md5(file.read()).hexdigest()


@test("dom0: it is privileged, and /boot has the images for guests, whole")
def images():
    result = shell(["cd /boot && md5sum *", "controls"], command=RUN, DOM0="")
    expect_text(result, *(f"\n{digest(name)}  {name}\n" for name in GUESTS),
                "\nd0: dom0: engine pv, 64 MiB, ", " 0 failed\n",
                "\nd0: powered off (dom0)")
    expect("run: " not in result.said, "the machine is not 256M", result)


SESSION = r"## A session.*?```\n(.*?)(parapet:~# .*?)```"
KEYS = {"Ctrl-]": CONTROL_BRACKET}
# What busybox' shell and the line discipline steer the terminal with.
STEERING = r"\x1b\[[0-9;?]*[A-Za-z]"
OTHERS = r"d[1-9]\d*(v\d+)?[:|] .*"


def squeezed(text):
    """Without white space, as the terminal's lines are none of README's."""
    return re.sub(r"\s", "", text)


def pattern(lines, any_number=False):
    """That of what README shows, squeezed."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(".*")
        elif not line.startswith(("$ ", "run: ")):
            keys = "|".join(map(re.escape, KEYS))
            part = re.escape(squeezed(re.sub(f"(?<=# )({keys})$", "", line)))
            parts.append(re.sub(r"\d+", r"\\d+", part) if any_number else part)
    return "".join(parts)


def typed(commands):
    """What came of a session on a terminal."""
    with Keyboard(RUN, DOM0="") as keys:
        for command in commands:
            keys.see(PROMPT)
            keys.type(KEYS.get(command) or command.encode() + ENTER)
        return keys.end()


@test("dom0: the first session of README, key by key")
def readme():
    with open("README.md", encoding="utf-8") as file:
        first, rest = re.search(SESSION, file.read(), re.S).groups()
    commands = re.findall("^parapet:~# (.*)$", rest, re.M)
    missing = {"list", "create", "console", "pause", "shutdown", "destroy"} - {
        command.split()[1] for command in commands if "pctl " in command}
    expect(not missing, f"README does not show {missing}")
    result = typed(commands)
    expect_status(result, machine.OK)
    shown = squeezed(re.sub(STEERING, "", result.output))
    expect(not re.search(OTHERS, result.output),
           "what is only for pctl dmesg is on the console", result)
    expect(re.search(pattern(first.splitlines(), True), shown, re.S),
           f"its boot is not README's:\n{first}", result)
    expect(re.search(pattern(rest.splitlines()), shown, re.S),
           f"it does not go as in README:\n{rest}", result)


@test("dom0: DOMAIN_MEM, VCPUS, BOOTARGS and ADD are domain 0's")
def settings():
    with machine.directory_with("LICENSE") as directory:
        result = shell(["ls -1 /root /boot"], command=RUN, DOM0="",
                       ADD=directory, VCPUS=2, DOMAIN_MEM="256M", BOOTARGS="init=/init")
    expect_text(result, "d0: dom0: engine pv, 256 MiB, 2 vCPUs", "LICENSE\n",
                "guest-pv.elf\n", 'command line "init=/init"')
    # Beside domain 0 there is room for guests.
    size = re.search(r"run: the machine gets (\d+)M of memory", result.said)
    expect(size and int(size[1]) > 256 + 128, "no room for guests", result)


@test("dom0: what it is not for is refused, with the way to do it")
def refused():
    for name, value in (("GUEST", "build/guest-pv.elf"),
                        ("BUNDLE", "build/default.itb"), ("BUNDLE", "none")):
        result = boot(DOM0=1, **{name: value})
        expect_status(result, machine.OTHER)
        expect_text(result, f"run: DOM0=1: {name}={value} is for a machine "
                            "without domain 0")


machine.run_all()
