#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench_lib/meter.py: the table of meter=on is read, and only that."""

import os
import sys

import common

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tools"))
# pylint: disable=wrong-import-position
from bench_lib import meter

TABLE = f"""\
{meter.END}
parapet: meter: the longest of each exit, in ticks of the time stamp counter
parapet: meter: kind       name        longest        seen   bound
parapet: meter: exit       audit       4308478          85       -
parapet: meter: hypercall  sum           41414           1   20000
parapet: meter: exit       killed        59999           1   60000
parapet: meter: interrupt  timer         20000         409   20000
run: a domain ended badly
"""
SAID = ("hypercall sum", "41,414", "20,000", "-ERESTART", "HC_PREEMPTIBLE",
        "docs/ABI.md, section 4")
# A guest prints what it likes, but not once the last domain has ended.
SPOOFED = f"""\
{meter.END}
parapet: meter: hypercall  spoofed           1           1   20000
"""


def expected_to_be(what, wanted, got):
    return [] if wanted == got else [f"{what}: expected {wanted}, got {got}"]


def names(rows):
    return [row.name for row in rows]


def check():
    rows = meter.table(SPOOFED + TABLE)
    over = meter.over(rows)
    text = " / ".join(map(meter.complaint, over))
    return (expected_to_be("the rows", ["audit", "sum", "killed", "timer"],
                           names(rows)) +
            expected_to_be("over their bounds", ["sum"], names(over)) +
            expected_to_be("without an end", [], meter.table("no table")) +
            [f"'{part}' is not in: {text}" for part in SAID
             if part not in text])


common.main("meter", check, {})
