#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest of somebody's own: the example, built and run outside the tree."""

import os
import re
import shutil
import subprocess
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, test


def replace_words(path, words):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in words.items():
        assert old in text, f"{path} has no {old}"
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def run_example(compiler, flags=None):
    """Flags: what stands in the example's Makefile, and what is to be there."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        copy = os.path.join(directory, "example")
        shutil.copytree("tests/system/example-guest", copy)
        replace_words(os.path.join(copy, "Makefile"), flags or {})
        subprocess.run(["make", "-s", "-C", copy, f"CC={compiler}",
                        f"PARAPET={os.getcwd()}"], check=True)
        return boot(command=machine.make(
            "run", f"GUEST={os.path.join(copy, 'hello.elf')}"), DOM0="")


@test("guest: make run GUEST= runs the example, built outside the tree")
def example():
    for compiler in (f"{machine.CROSS}gcc", "clang --target=x86_64-linux-gnu"):
        result = run_example(compiler)
        expect_status(result, machine.OK)
        expect_text(result, "hello.elf: no domain 0 is booted, as in `make "
                    "run-domain`\n", "hello from a guest in one C file",
                    "the device tree is where it should be",
                    "d1: powered off (guest)")
        expect(re.search(r"ABI is \d+\.\d+; the clock is at \d+ micro",
                         result.output), "no version and clock", result)


@test("guest: GNU's property note and a build id beside ours do no harm")
def other_notes():
    flags = {"--build-id=none": "--build-id=sha1",
             "-fcf-protection=none": "-fcf-protection"}
    for compiler in ("gcc", "clang"):
        result = run_example(compiler, flags)
        expect_status(result, machine.OK)
        expect_text(result, "hello from a guest in one C file")


@test("guest: make run GUEST= of what is no guest is refused with a reason")
def no_guest():
    result = boot(command=machine.make("run", "GUEST=LICENSE"), DOM0="")
    expect(result.status != 0, "it was taken", result)
    expect_text(result, "not an ELF file", "run: the boot was refused")


machine.run_all()
