# SPDX-License-Identifier: MIT
"""The bench's rows: what is measured, its budgets, and what came of it."""

import collections
import json
import os
import re
import statistics

BUDGETS = "tests/bench/budgets.txt"
ACCEL = os.environ.get("ACCEL") or "tcg"

# Who runs the operation, by its way; all other ways are a domain's.
ENGINES = {"native": "native", "svm": "svm"}
PV = "pv"

# Rows that differ in their size only: the table has a line for each size.
SERIES = re.compile(r"(pte_batch)_(\d+)")

# In the time pass: a row, how many times cheaper it has to be, than which.
EXPECTATIONS = (
    (("virtual_cli_sti", "shared"), 10, ("null_hypercall", "hypercall")),
    (("null_hypercall", "hypercall"), 1.5, ("virtual_cli", "trap")),
)


class Failed(Exception):
    """No figures; the text says why."""


def rounded(value):
    return None if value is None else round(value, 1)


class Row:
    """One operation done in one way, as budgets.txt lists it."""

    def __init__(self, op, way, budget=None, xen=None):
        self.op = op
        self.way = way
        self.budget = budget
        self.xen = xen  # instructions
        self.counts = []  # instructions for one operation, by sample
        self.ticks = []  # ticks for one operation, by sample
        self.ns_per_tick = None
        self.operations = None
        self.exits = None

    @property
    def name(self):
        return f"{self.op}/{self.way}"

    @property
    def series(self):
        """Its series and its size there; None for most rows."""
        match = SERIES.fullmatch(self.op)
        return (match[1], int(match[2])) if match else None

    @property
    def engine(self):
        return ENGINES.get(self.way, PV)

    @property
    def insns(self):
        return round(statistics.median(self.counts), 1) if self.counts else None

    @property
    def is_over(self):
        return (self.budget is not None and self.insns is not None and
                self.insns > self.budget)

    @property
    def xen_ratio(self):
        """How many times as many instructions Xen takes, or None."""
        return (round(self.xen / self.insns, 1)
                if self.xen and self.insns else None)

    def quartiles(self):
        """p25, median and p75 of the ticks; None each when there are none."""
        if len(self.ticks) < 2:
            return (self.ticks * 3 or [None] * 3)
        return statistics.quantiles(self.ticks, n=4, method="inclusive")

    def result(self):
        p25, median, p75 = self.quartiles()
        ns = median * self.ns_per_tick if median is not None else None
        return {
            "op": self.op, "way": self.way, "engine": self.engine,
            "accel": ACCEL, "insns": self.insns,
            "ticks_median": rounded(median), "ticks_p25": rounded(p25),
            "ticks_p75": rounded(p75), "ns_median": rounded(ns),
            "bytes_per_s": None, "exits_by_name": self.exits,
            "iterations": self.operations, "runs": len(self.ticks),
            "budget_insns": self.budget,
        }


# ---- what is to be measured ----

def number(word):
    return None if word == "-" else int(word)


def read_xen(path):
    """Xen's instructions by op and way; empty before `make bench-xen`."""
    try:
        with open(path, encoding="utf-8") as file:
            return {(row["op"], row["way"]): row["insns"]
                    for row in json.load(file)}
    except FileNotFoundError:
        return {}


def read_rows(pattern, xen):
    """The rows of budgets.txt whose op/way holds the pattern, in its order."""
    rows = collections.OrderedDict()
    with open(BUDGETS, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            op, way, budget, known = line.split()
            if pattern in f"{op}/{way}":
                rows[op, way] = Row(op, way, number(budget),
                                    xen.get((op, way), number(known)))
    if not rows:
        raise Failed(f"no op/way of {BUDGETS} holds BENCH={pattern}")
    return rows


# ---- what the figures have to be ----

def check_complete(rows):
    missing = [row.name for row in rows.values() if not row.ticks]
    if missing:
        raise Failed("no sample of " + ", ".join(missing))


def unsteady(rows):
    """Rows whose counts differ between rounds: something came in between.

    By one, or in a long row by a thousandth, is nothing.
    """
    return [row for row in rows.values() if row.counts and
            max(row.counts) - min(row.counts) > max(1, row.counts[0] / 1000)]


def expectations(rows):
    """(whether it is a failure, text) of each that the time pass disproves.

    Where the quartiles overlap the machine was too noisy to say: a warning.
    """
    for cheap_key, factor, dear_key in EXPECTATIONS:
        if cheap_key not in rows or dear_key not in rows:
            continue
        cheap, dear = rows[cheap_key], rows[dear_key]
        low, cheap_median, _ = cheap.quartiles()
        _, dear_median, high = dear.quartiles()
        if cheap_median * factor > dear_median:
            yield (low * factor > high,
                   f"{dear.name} takes {dear_median / cheap_median:.1f} times "
                   f"as long as {cheap.name}; expected {factor:g} or more")
