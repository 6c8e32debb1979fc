#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mistake in abi/hypercalls.def or abi/bus_states.def fails the build, and says
what is wrong.

Works on a scratch copy of the tree, whose first build must succeed: what
fails afterwards fails because of the mistake. A mistake that is not about its
number has one that is free, whatever hypercalls of their own the tree has.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import common

NAME = "hypercalls"
DIRS = ("abi", "lib", "hypervisor", "guest-kernel", "pvdrivers", "user",
        "tools", "docs")


def copy_tree(directory):
    for name in filter(os.path.isdir, DIRS):
        shutil.copytree(name, os.path.join(directory, name))
    for name in ["Makefile"] + glob.glob("tests/*/objects.mk"):
        copy = os.path.join(directory, name)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copy2(name, copy)
    # With the objects that are made already, this takes a second or two.
    shutil.copytree(os.path.join(common.BUILD, "hv"),
                    os.path.join(directory, "build", "hv"))
    shutil.copy2(os.path.join(common.BUILD, "flags"),
                 os.path.join(directory, "build", "flags"))


def make(directory, target):
    """The status of a build in the scratch copy, and what it printed."""
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(("MAKE", "MFLAGS"))}
    variables["BUILD"] = "build"
    result = subprocess.run(["make", "-C", directory, target], env=variables,
                            stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout


def freshen(directory, stale):
    """Only this object is made anew, and all are linked: nothing that the others
    take from the list matters then."""
    for place, _, names in os.walk(os.path.join(directory, "build", "hv")):
        for name in names:
            file = os.path.join(place, name)
            if not file.endswith(stale):
                os.utime(file)


def build_fails(directory, line, message, regenerate=False,
                of="abi/hypercalls.def"):
    """With the line added to the list, the build fails with the message."""
    path = os.path.join(directory, of)
    with open(path) as file:
        before = file.read()
    with open(path, "a") as file:
        file.write(line + "\n")
    if regenerate:
        make(directory, "docs")
        freshen(directory, "hypervisor/core/hypercall.o")
    status, output = make(directory, "build/hypervisor.elf")
    with open(path, "w") as file:
        file.write(before)
    if status == 0:
        return [f"the build took {line}"]
    if message not in output:
        last = (output.strip().splitlines() or ["nothing"])[-1]
        return [f"expected the message '{message}', got: {last}"]
    return []


def free_number(directory):
    """The highest number that no line of the list has."""
    with open(os.path.join(directory, "abi/abi.h")) as file:
        end = int(re.search(r"#define PARAPET_NR_HYPERCALLS (\d+)",
                            file.read()).group(1))
    with open(os.path.join(directory, "abi/hypercalls.def")) as file:
        taken = set(map(int, re.findall(r"PARAPET_HYPERCALL\(\s*(\d+)",
                                        file.read())))
    return max(set(range(end)) - taken)


def main():
    good = True
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        copy_tree(directory)
        status, output = make(directory, "build/hypervisor.elf")
        if status != 0:
            sys.stderr.write(output)
            common.report(NAME, ["an unchanged copy does not build"])
            sys.exit(1)
        free = free_number(directory)
        for what, problems in (
                ("a number used twice", build_fails(
                    directory, 'PARAPET_HYPERCALL(1, twice, 0, "", "x")',
                    "twice (number 1): has the number of abi_version")),
                ("an unknown error", build_fails(
                    directory,
                    f'PARAPET_HYPERCALL({free}, odd, 0, "EODD", "x")',
                    "abi/errors.def has no EODD")),
                ("an unknown type", build_fails(
                    directory,
                    f'PARAPET_HYPERCALL({free}, odd, 0, "", "x", u7, a)',
                    "unknown type of argument: u7")),
                ("an argument without a name", build_fails(
                    directory,
                    f'PARAPET_HYPERCALL({free}, odd, 0, "", "x", u32)',
                    "lacks_a_type_or_name")),
                ("seven arguments", build_fails(
                    directory,
                    f'PARAPET_HYPERCALL({free}, odd, 0, "", "x", u32, a, '
                    'u32, b, u32, c, u32, d, u32, e, u32, f, u32, g)',
                    "has_seven_arguments")),
                ("a number out of range", build_fails(
                    directory, 'PARAPET_HYPERCALL(256, far, 0, "", "x")',
                    "not below PARAPET_NR_HYPERCALLS")),
                ("a stale docs/hypercalls.md", build_fails(
                    directory, f'PARAPET_HYPERCALL({free}, stale, 0, "", "x")',
                    "docs/hypercalls.md is stale")),
                ("a stale docs/RINGS.md", build_fails(
                    directory, "#ifdef PARAPET_BUS_MOVE\nPARAPET_BUS_MOVE("
                    'back, closed, closed, closing, "x")\n#endif',
                    "docs/RINGS.md is stale", of="abi/bus_states.def")),
                ("a state of the bus that no move leads to", build_fails(
                    directory, "#ifdef PARAPET_BUS_STATE\n"
                    "PARAPET_BUS_STATE(5, odd)\n#endif",
                    "odd: no move leads there", of="abi/bus_states.def")),
                ("a missing handler", build_fails(
                    directory,
                    f'PARAPET_HYPERCALL({free}, absent, 0, "", "x")',
                    "hc_absent", regenerate=True))):
            good &= common.report(f"{NAME}: {what} fails the build", problems)
    sys.exit(0 if good else 1)


main()
