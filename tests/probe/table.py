#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the probe in its two environments and makes a table of what it saw.

    tests/probe/table.py             the table, on standard output
    tests/probe/table.py --update    and into docs/SENSITIVE.md
    tests/probe/table.py --update --any-qemu    whatever QEMU the page is of

QEMU's versions differ in what they make of some instructions. The page names
the one that it was made with; with another one, --update prints what is
different and leaves the page as it is, but for --any-qemu.

Nothing about an instruction is known here but what tests/probe/probe.c prints:
a line for each row and pass, of fields between bars. The passes are ring0 and
ring3 on the bare machine, and parapet. Each verdict compares their lines.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys

BUILD = os.environ.get("BUILD", "build")
PAGE = "docs/SENSITIVE.md"
BEGIN = "<!-- Made by `make sensitive`: do not edit from here -->"
END = "<!-- to here -->"
PASSES = ("ring0", "ring3", "parapet")
# What tools/run takes from the environment: the page is made on one machine.
SETTINGS = ("APPEND", "BUNDLE", "ICOUNT", "GDB", "QEMU_EXTRA", "V", "VCPUS",
            "DOMAIN_MEM", "CPU")
MACHINE = {"MACHINE": "microvm", "ACCEL": "tcg", "SMP": "1", "MEM": "256M",
           "DOM0": "0", "TIMEOUT": os.environ.get("TIMEOUT") or "3600"}


class Failed(Exception):
    """The probe did not run to its end; the text says what happened."""


class Seen:
    """One row in one pass."""

    def __init__(self, kind, outcome, view, exits):
        self.kind = kind
        self.fault = None if outcome == "ran" else outcome
        self.view = None if view == "-" else view
        self.exits = dict(pair.split("=") for pair in exits.split())

    def alike(self, other):
        return self.fault == other.fault and self.view == other.view


class Row:
    """One instruction in all passes."""

    def __init__(self, group, name):
        self.group = group
        self.name = name
        self.seen = {}

    def __getitem__(self, name):
        return self.seen[name]

    @property
    def kind(self):
        return self["ring0"].kind

    @property
    def privileged(self):
        """It traps in ring 3 and does something else in ring 0."""
        return (self["ring3"].fault is not None and
                self["ring3"].fault != self["ring0"].fault)

    @property
    def absent(self):
        """Natively undefined in whatever ring: not in this CPU, or mode."""
        return self["ring0"].fault == self["ring3"].fault == "#UD"

    @property
    def different(self):
        """The guest kernel sees something else than it would in ring 0."""
        return not self["parapet"].alike(self["ring0"])

    @property
    def caught(self):
        """Under Parapet it is emulated, or faults where ring 0 does not."""
        here = self["parapet"]
        return "emulated" in here.exits or (here.fault is not None and
                                            self.different)


# ---- the runs ----

def environment(image):
    variables = {name: value for name, value in os.environ.items()
                 if name not in SETTINGS}
    variables.update(MACHINE, GUEST=f"{BUILD}/probe/{image}.elf",
                     RAMDISK="" if image == "parapet" else
                     f"{BUILD}/ramdisk.cpio")
    return variables


def console(image, *arguments):
    done = subprocess.run(["tools/run", *arguments], env=environment(image),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace")
        raise Failed(f"{image}: tools/run ended with status "
                     f"{done.returncode}\n{text}{why}")
    return text


def run_both():
    return console("native", "--native") + console("parapet")


def parse(text):
    """The rows, in the order of rows.def."""
    rows = {}
    group = None
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if fields[0] == "group":
            group = fields[2]
        elif fields[0] == "probe":
            row = rows.setdefault(fields[2], Row(group, fields[2]))
            if fields[1] in row.seen:
                raise Failed(f"'{row.name}' stands twice in rows.def")
            row.seen[fields[1]] = Seen(*fields[3:7])
    for row in rows.values():
        if sorted(row.seen) != sorted(PASSES):
            raise Failed(f"'{row.name}' was seen in {', '.join(row.seen)} only")
    if not rows:
        raise Failed("the probe printed no row")
    return list(rows.values())


# ---- words ----

def plain(view):
    """A small number in decimal."""
    return re.sub(r"0x([0-9])$", r"\1", view)


def code(name):
    instruction, bracket, rest = name.partition(" (")
    return f"`{instruction}`{bracket}{rest}"


def effect(seen):
    if seen.fault:
        return seen.fault
    return plain(seen.view) if seen.view else "done"


def class_of(row):
    if row.absent:
        return f"{row.kind}; absent"
    if row.privileged:
        return f"{row.kind}, privileged"
    return f"**{row.kind}**"


def verdict(row):
    here = row["parapet"]
    if row.absent and not row.different:
        return "the same #UD"
    if "emulated" in here.exits:
        what = "emulated"
    elif "reflected" in here.exits:
        return f"refused: {effect(here)}"
    elif here.fault:
        what = f"{here.fault} at once"
        return what if row.different else f"the same {here.fault}"
    elif "hypercall" in here.exits:
        what = "a hypercall"
    elif row.different:
        what = "**silently different**"
    else:
        return "no trap, the same"
    if not row.different:
        return f"{what}, the same"
    return f"{what}: {effect(here)}"


# ---- the page ----

HEADS = ("instruction", "sensitive", "native ring 0", "native ring 3",
         "under Parapet")


def cells(row):
    return (code(row.name), class_of(row), effect(row["ring0"]),
            effect(row["ring3"]), verdict(row))


def line(values, widths):
    return "| " + " | ".join(
        value.ljust(width) for value, width in zip(values, widths)) + " |"


def tables(rows):
    lines = []
    widths = [max(map(len, column))
              for column in zip(HEADS, *map(cells, rows))]
    for group in dict.fromkeys(row.group for row in rows):
        lines += [f"### {group}", "", line(HEADS, widths),
                  "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
        lines += [line(cells(row), widths) for row in rows
                  if row.group == group]
        lines.append("")
    return lines


def listing(rows, what):
    names = ", ".join(code(row.name) for row in rows)
    return f"- {len(rows)} {what}: {names}."


def summary(rows):
    present = [row for row in rows if not row.absent]
    open_rows = [row for row in present if not row.privileged]
    privileged = len(present) - len(open_rows)
    rest = [row for row in open_rows if not row.caught]
    added = [row for row in rows if row.absent and row.different]
    return [
        "### The sum", "",
        f"Of {len(present)} cases, {privileged} are privileged. The other "
        f"{len(open_rows)} are sensitive and do not trap in ring 3 of the "
        "bare machine. Under Parapet, of these", "",
        listing([row for row in open_rows if row.caught],
                "are caught all the same, emulated or by a fault"),
        listing([row for row in rest if row.different],
                "raise no exception and do something else than in ring 0"),
        listing([row for row in rest if not row.different],
                "do the same as in ring 0"), "",
        *([listing(added, "are undefined there, and not under Parapet"), ""]
          if added else [])]


def qemu_version():
    """Major and minor number."""
    program = os.environ.get("QEMU") or "qemu-system-x86_64"
    text = subprocess.run([program, "--version"], stdout=subprocess.PIPE,
                          check=True, text=True).stdout
    return re.search(r"version (\d+\.\d+)", text).group(1)


def made_on(version):
    return f"Made with QEMU {version}, TCG, `-machine microvm -cpu max`."


def generated(rows, version):
    """What stands between the marks."""
    return "\n".join([made_on(version), "", *tables(rows), *summary(rows)])


def split_page(text):
    """What is before the marks, between them, and after."""
    try:
        before, rest = text.split(BEGIN + "\n")
        between, after = rest.split(END + "\n")
    except ValueError:
        raise Failed(f"{PAGE}: the two marks must stand there once") from None
    return before + BEGIN + "\n", between, END + "\n" + after


def read_page():
    with open(PAGE, encoding="utf-8") as file:
        return split_page(file.read())


def version_of(page):
    """The QEMU that the table was made with, or None without a table."""
    match = re.search(re.escape(made_on("@")).replace("@", r"(\d+\.\d+)"), page)
    return match and match.group(1)


def write_page(before, text, after):
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(before + text + after)


def differences(page, text, version):
    """Line by line, whatever the width of the columns."""
    def lines(table):
        return re.sub(r"([ -])\1+", r"\1", table).splitlines()
    return list(difflib.unified_diff(lines(page), lines(text), PAGE,
                                     f"QEMU {version}", n=0, lineterm=""))


def update(text, version, any_qemu):
    """Into the page; or, if that is another QEMU's, what is different."""
    before, page, after = read_page()
    if any_qemu or version_of(page) in (None, version):
        write_page(before, text, after)
        return
    print(*differences(page, text, version), sep="\n")
    print(f"probe: {PAGE} was made with QEMU {version_of(page)}, and this is "
          f"{version}: not written. Above is what is different; `make "
          "sensitive ANY_QEMU=1` writes it all the same.")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--any-qemu", action="store_true")
    options = parser.parse_args()
    try:
        version = qemu_version()
        text = generated(parse(run_both()), version)
        print(text)
        if options.update:
            update(text, version, options.any_qemu)
    except Failed as failed:
        print(f"probe: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
