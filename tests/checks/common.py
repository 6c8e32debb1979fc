# SPDX-License-Identifier: MIT
"""What the checks share: the tree's sources, commands, and the report.

A check is a function that returns a list of problems, each a line of text.
Next to it stand self-tests: bad input that the check must object to, and the
good input that it must not. Every result is a line that tests/run-tests.py
counts:

    PASS: check arrows
    FAIL: check arrows: abi/x.h:3: abi must not include lib/list.h
"""

import os
import subprocess
import sys
import tempfile

C_DIRS = ("abi", "lib", "hypervisor", "pvdrivers", "guest-kernel", "user",
          "tools", "tests")
BUILD = os.environ.get("BUILD", "build")


def sources(extensions, directories=C_DIRS, root="."):
    """The paths below root, sorted, of all files with these extensions."""
    found = set()
    for directory in directories:
        for path, _, files in os.walk(os.path.join(root, directory)):
            found |= {os.path.relpath(os.path.join(path, name), root)
                      for name in files if name.endswith(tuple(extensions))}
    return sorted(found)


def flags(name):
    """The compiler flags of a world, as the Makefile exports them."""
    if name not in os.environ:
        sys.exit(f"{name} is not set: run `make check`")
    return [flag for flag in os.environ[name].split()
            if flag not in ("-MMD", "-MP")]


def cross(tool):
    """The name of a compiler or of a tool of binutils for x86-64."""
    return os.environ.get("CROSS", "") + tool


def output(command):
    """What the command prints; its failure is an error of the test."""
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          text=True, stdin=subprocess.DEVNULL).stdout


def binutils(tool, *arguments):
    """What one of the tools prints that are for x86-64 (Makefile: CROSS)."""
    return output([cross(tool), *arguments])


def compile_c(text, directory, extra=("-O2",)):
    """An object file made of the text, for the self-tests."""
    source = os.path.join(directory, "scratch.c")
    with open(source, "w") as file:
        file.write(text)
    result = os.path.join(directory, "scratch.o")
    subprocess.run([cross("gcc"), "-ffreestanding", *extra, "-c", source, "-o",
                    result], check=True)
    return result


def report(name, problems):
    for problem in problems:
        print(f"FAIL: check {name}: {problem}")
    if not problems:
        print(f"PASS: check {name}")
    return not problems


def main(name, check, self_tests):
    """Runs the self-tests, then the check; exits with 1 on any problem.

    self_tests maps what is tested to a function that is given an empty
    directory and returns (problems found, whether there should be any).
    """
    good = True
    for what, self_test in self_tests.items():
        with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
            problems, expected = self_test(directory)
        wrong = []
        if expected and not problems:
            wrong = ["bad input was not noticed"]
        elif not expected and problems:
            wrong = [f"good input was refused: {problems[0]}"]
        good &= report(f"{name}, self-test: {what}", wrong)
    good &= report(name, check())
    sys.exit(0 if good else 1)
