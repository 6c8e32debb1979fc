#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The monitor's `counters`: exits counted and timed, as table and histogram."""

import re

import machine
from machine import expect, expect_text, monitor, test

# Enough for one in 64 of some exits to be timed.
ECHOES = "echo\n" * 1000
ROW = re.compile(r"^  (\w+) +(\d+) +(\d+|-)"
                 r"(?: +<?\d+\+? +<?\d+ [nu]s\+?){0,2}$", re.M)
HISTOGRAM = re.compile(r"^(\w+) (\w+): (\d+) of (\d+) timed\n"
                       r"((?: +<?\d+\+? +<?\d+ [nu]s\+? +\d+(?: #+)?\n)+)",
                       re.M)


def rows(result):
    """Count and samples of each name."""
    return {name: (int(count), 0 if timed == "-" else int(timed))
            for name, count, timed in ROW.findall(result.output)}


@test("counters: the table has counts, samples, median and 99th percentile")
def table():
    result = monitor(ECHOES + "counters\npoweroff\n")
    expect_text(result, "hypercall ", "count", "timed", "median", "99 %")
    found = rows(result)
    for name in ("console_write", "console_read", "interrupt", "event"):
        expect(name in found, f"no row of {name}: {found}", result)
    count, timed = found["console_write"]
    expect(count >= 2000 and timed > 0 and count > timed,
           f"console_write: {count} counted, {timed} timed", result)
    # Those that are too short, or too few, have no sample and no times.
    expect(found["set_callback"] == (2, 0), 
           f"set_callback: expected (2, 0), got {found['set_callback']}",
           result)


@test("counters -h: the buckets of a histogram are the samples it names")
def histograms():
    result = monitor(ECHOES + "counters -h\npoweroff\n")
    found = {match[2]: match for match in HISTOGRAM.finditer(result.output)}
    expect("console_write" in found, f"only {sorted(found)}", result)
    for match in found.values():
        lines = match[5].splitlines()
        counts = [int(re.search(r"s\+? +(\d+)", line)[1]) for line in lines]
        expect(sum(counts) == int(match[3]), f"{match[0]}", result)
        bars = [line.count("#") for line in lines]
        expect(counts.index(max(counts)) == bars.index(max(bars)) and
               all((bar > 0) == (count > 0)
                   for bar, count in zip(bars, counts)),
               f"{match[0]}", result)


@test("counters: natively it says that there is nothing to count")
def native():
    for command in ("counters", "counters -h"):
        expect_text(monitor(f"{command}\npoweroff\n", native=True),
                    "no hypervisor, so nothing is counted or timed")


@test("counters: another word is refused")
def refused():
    expect_text(monitor("counters x\npoweroff\n"), "usage: counters [-h]")


machine.run_all()
