#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What programs do to a kernel; it survives, and has its memory back."""

import os
import random
import re

import machine
from machine import PLATFORMS, expect, expect_text, shell, test

# What the shell itself, and the kernel's caches, may keep.
SLACK_KIB = 128

# `make` sets it for whatever is random: more, in `make soak`, than otherwise.
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
SEED = random.randrange(1000) if FUZZ_SECONDS > 10 else 1
NR_ROUNDS = max(FUZZ_SECONDS * 2 // 10, 1)
# As many as would show that some bytes are lost with each.
NR_FORKS = 10000 if FUZZ_SECONDS > 10 else 3000

# Each with what it prints.
ABUSES = {
    "abuse bomb": "bomb: all are gone\n",
    "hog": "hog: 1 of 1 killed\n",
    "hog 3": "hog: 3 of 3 killed\n",
    "abuse recursion": "recursion: killed by signal 11\n",
    "abuse garbage 100": "garbage: 200 programs\n",
    "abuse pipes": "pipes: stopped by: ",
    "abuse threads": "threads: stopped by: ",
    f"abuse forks {NR_FORKS}": f"forks: {NR_FORKS} of {NR_FORKS}\n",
    "scramble 10 1000 7": "children have ended\n",
    f"storm {SEED} {NR_ROUNDS}":
        f"storm: seed {SEED}: {NR_ROUNDS} rounds, 0 failed, ",
}
FREE = "sed -n 's/MemFree: */free /p' /proc/meminfo"


def lines_of(command):
    return [FREE, command, "echo status $?", "echo the shell answers"]


def free_kib(result):
    return [int(size) for size in
            re.findall(r"^free (\d+) kB$", result.output, re.M)]


def expect_survival(command, said, **settings):
    """The first round fills caches; after the second all is as before it."""
    result = shell(lines_of(command) * 2 + [FREE], **settings)
    expect(result.output.count("\nthe shell answers\n") == 2,
           "the shell does not answer", result)
    expect(result.output.count(said) == 2, f"expected {said!r} twice", result)
    expect(result.output.count("\nstatus 0\n") == 2, "it failed", result)
    first, before, after = free_kib(result)
    expect(after >= before - SLACK_KIB,
           f"{first}, {before}, then {after} KiB free", result)
    return result


def register(command, said):
    @test(f"abuse: {command}")
    def abuse():
        result = expect_survival(command, said, APPEND="audit=on")
        audits = re.findall(r"audit: .*", result.output)
        expect(len(audits) == 1 and
               audits[0].strip().endswith(" 0 differences"),
               "the audit did not take place, or found something", result)
        expect_survival(command, said, **PLATFORMS["native"])


for abuse_command, abuse_said in ABUSES.items():
    register(abuse_command, abuse_said)


@test("abuse: a fork bomb in the shell, and kill -9 -1")
def shell_bomb():
    # What is killed ends when it has a turn; before that the shell cannot fork
    # and drops its line. So it waits without one: by a read that finds nothing.
    for settings in PLATFORMS.values():
        result = shell(["mkfifo /tmp/f; bomb() { bomb | bomb & }",
                        "bomb 2>/dev/null; sleep 1", "kill -9 -1",
                        "read -t 3 x <>/tmp/f", "echo all are gone; ps", FREE],
                       **settings)
        names = re.findall(r"^ +\d+ root +(\S+)", result.output, re.M)
        expect_text(result, "\nall are gone\n")
        expect(names[:2] == ["/init", "-sh"] and len(names) <= 4,
               f"expected only /init and shells, got {names}", result)
        expect(len(free_kib(result)) == 1, "the shell does not work", result)


machine.run_all()
