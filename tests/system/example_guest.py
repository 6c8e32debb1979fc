#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/WRITING-A-GUEST.md, followed to the letter: its pieces are the guest's
whole file, and its commands build the guest, create it and show what it says."""

import contextlib
import os
import re
import subprocess
import tempfile

import machine
from domain0 import in_domain0
from machine import Failure, boot, expect, expect_status, expect_text, test

PAGE = "docs/WRITING-A-GUEST.md"
EXAMPLE = "tests/system/example-guest"
SOURCE = f"{EXAMPLE}/ring.c"
MAX_LINES = 200

BOOT = "make run ADD=mine\n"
PROMPT = re.compile(r"^parapet:~# (.*)\n((?:(?!parapet:~# ).*\n)*)", re.M)
# Of the table: "200 in `ring.c`", and "`guest.lds`, 37".
LINES = re.compile(r"\b(\d+) in `(ring\.c|guest\.lds)`|"
                   r"`(guest\.lds|pvdrivers/[\w.]+)`, (\d+)\b")
HEADERS = re.compile(r"are (\d+) files of some ([\d,]+) lines")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", read(PAGE), re.M | re.S)


def page_script():
    """The page's commands in front of the boot, as one script."""
    commands = blocks("console")[0]
    expect(commands.endswith(f"$ {BOOT}"), f"{PAGE} does not boot:\n{commands}")
    return re.sub(r"^\$ ", "", commands[:-len(f"$ {BOOT}")], flags=re.M)


@contextlib.contextmanager
def built_by(compiler):
    """The page's directory `mine`, made by its commands."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        os.symlink(os.path.abspath("tests"), os.path.join(directory, "tests"))
        result = machine.complete(
            ["bash", "-ec", page_script()], cwd=directory,
            env=machine.environment(CC=compiler), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        expect_status(result, machine.OK)
        yield os.path.join(directory, "mine")


@test("example guest: the page's pieces are the whole file, in 200 lines")
def pieces():
    source = read(SOURCE)
    expect("\n".join(blocks("c")) == source, f"{PAGE} is not {SOURCE}")
    expect(source.count("\n") <= MAX_LINES, f"over {MAX_LINES} lines")
    others = [path for path in re.findall(r'^#include "(.*)"$', source, re.M)
              if not path.startswith(("abi/", "pvdrivers/"))]
    expect("#include <" not in source and not others,
           f"includes more than abi/ and pvdrivers/: {others}")


@test("example guest: the page's figures of its files are true")
def figures():
    found = [(match[2] or match[3], int(match[1] or match[4]))
             for match in LINES.finditer(read(PAGE))]
    expect(len(found) == 4, f"found {found}")
    for name, lines in found:
        path = name if "/" in name else f"{EXAMPLE}/{name}"
        real = read(path).count("\n")
        expect(lines == real, f"{name} has {real} lines, not {lines}")


@test("example guest: the page's figures of its headers are true")
def headers():
    rule = subprocess.run([f"{machine.CROSS}gcc", "-MM", "-I.", SOURCE],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = rule.replace("\\\n", " ").split()[2:]
    lines = sum(read(path).count("\n") for path in paths)
    match = HEADERS.search(read(PAGE))
    expect(match, f"{PAGE} says nothing of the headers")
    said = int(match[2].replace(",", ""))
    expect(int(match[1]) == len(paths) and abs(said - lines) <= lines / 10,
           f"{len(paths)} files of {lines} lines, not {match[0]}")


@test("example guest: the page's session, by gcc and by clang")
def session():
    steps = PROMPT.findall(blocks("console")[1])
    if len(steps) < 5:
        raise Failure(f"{PAGE} has no session")
    for compiler in (f"{machine.CROSS}gcc", "clang --target=x86_64-linux-gnu"):
        with built_by(compiler) as mine:
            said = in_domain0([command for command, _ in steps], add=mine)
        for step, (_, shown) in zip(said, steps):
            step.expect(0, shown)


@test("example guest: what is longer than the page's streams is echoed whole")
def long_echo():
    with built_by(f"{machine.CROSS}gcc") as mine:
        said = in_domain0([
            "pctl create ring",
            "(seq 1 5000; printf '\\004') | pctl console ring > /tmp/shown; "
            "sed '1d;$d' /tmp/shown | md5sum", "seq 1 5000 | md5sum",
            "wc -l < /tmp/shown"], add=mine)
    said[1].expect(0, said[2].out)
    said[3].expect(0, "5002\n")


@test("example guest: asked to reboot it says that it wants to")
def reboot():
    with built_by(f"{machine.CROSS}gcc") as mine:
        said = in_domain0(["pctl create ring", "pctl shutdown --reboot ring",
                           "pctl wait ring", "pctl list ring"], add=mine)
    said[1].expect(0, "")
    expect(" wants a reboot\n" in said[3].expect(0).out, said[3].out)


@test("example guest: without domain 0 it says what it expected")
def no_console():
    with built_by(f"{machine.CROSS}gcc") as mine:
        result = boot(command=machine.make(
            "run", f"GUEST={os.path.join(mine, 'boot/ring.elf')}"))
    expect_text(result, "ring: expected a console: make me by `pctl create`")
    expect(result.status != machine.OK, "it did not fail", result)


machine.run_all()
