#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A build for x86-64 on another host: each program that it runs is one of the
cross tools, one of the host's own, or made for the host.

make only prints the build's commands here, with names for its compilers and
tools that are easily told apart.
"""

import collections
import os
import re
import subprocess

import common

DIR = "nothing-is-built-here"
SETTINGS = ("CROSS=cross-", "HOSTCC=host-cc", "MUSL_CC=cross-musl",
            f"BUILD={DIR}", "V=1", "DOCTOR=0")
# What any host has, and what is made for it: the tree's own tools.
OF_THE_HOST = {"host-cc", "clang", "[", "mkdir", "sed", "echo", "cmp", "cp", "touch",
               "printf", "false", "{", "}", ":",
               f"{DIR}/hcdoc", f"{DIR}/busdoc", f"{DIR}/fuzz/make_seeds"}
CROSS_TOOLS = {"cross-gcc", "cross-ld", "cross-nm", "cross-as",
               "cross-objdump", "cross-musl"}
ASSIGNMENT = re.compile(r"^\w+=(\$\()?")


def programs(text):
    """What each command of a text starts with, and how often."""
    text = re.sub(r"'[^']*'", "TEXT", text.replace("\\\n", " "))
    commands = [ASSIGNMENT.sub("", command.strip()) for line in
                text.splitlines() for command in re.split(r"&&|\|\||[|;]", line)]
    return collections.Counter(command.split()[0] for command in commands
                               if command)


def problems_of(text):
    found = programs(text)
    strange = [name for name in found
               if name not in OF_THE_HOST | CROSS_TOOLS
               and not name.startswith("tools/")]
    return ([f"the build runs {name}, which may not be for this host"
             for name in sorted(strange)] +
            [f"the build never runs {name}"
             for name in sorted(CROSS_TOOLS - found.keys())])


def commands_of_the_build():
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(("MAKE", "MFLAGS"))}
    result = subprocess.run(
        ["make", "-n", *SETTINGS, "build", f"{DIR}/fuzz/fuzz_bundle"],
        env=variables, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=True)
    return result.stdout


def check():
    return problems_of(commands_of_the_build())


ALL = "".join(f"{name} x\n" for name in sorted(CROSS_TOOLS))


def text(added, expected):
    return lambda directory: (problems_of(ALL + added), expected)


common.main("cross", check, {
    "the host's linker": text("mkdir -p x\nld -o x y.o\n", True),
    "a tool in a pipe": text("cross-gcc x | \\\n  objdump -d x\n", True),
    "a program of the guest's":
        text("names=$(/bin/busybox --list | sed 's,a,b,')\n", True),
    "cross tools": text("n=$(tools/applets x | \\\n sed 's|a|b|') && "
                        "cross-ld x 'a;b'\n", False),
    "a tool that is not used":
        lambda directory: (problems_of(ALL.replace("cross-nm x\n", "")), True),
})
