# SPDX-License-Identifier: MIT
"""What the report is made of: the rows of the two JSON files, checked.

A file that cannot be used is Bad, with a message for the user; a figure that
a row does not have is None, and stays visible as such on the page.
"""

import json
import re

NUMBERS = ("insns", "budget_insns", "budget_exits", "ticks_median", "ticks_p25",
           "ticks_p75", "ns_median", "bytes_per_s", "iterations", "runs",
           "xen_insns")
NUMBERS_BY_NAME = ("exits_by_name", "insns_by_part")
# More is no figure; nor is NaN, which is less than nothing.
LARGEST = 1e18
# The JSON has one digit after the point: from here on it loses little.
EXACT_NS = 10
OUR_ENGINE = "pv"
BREAKDOWN = "null_hypercall_breakdown_"
BATCH_OF = re.compile(r"(.+)_(\d+)")
# Operations that are a size of a series in every way, not just by batch; of
# the second kind the size is how many domains there are beside.
SERIES = re.compile(r"(.+_(?:batch|among))_([1-9]\d{0,5})")
AMONG = "_among_N"
# Of requests to disks it is how many are under way; and notices are none.
OF_DISKS = re.compile(r"(blk_[a-z_0-9]+_d)([1-9]\d{0,2})")
OF_DEPTHS, OF_NOTICES = "_dN", "blk_notify_"


class Bad(Exception):
    """No figures; the text says which file and why."""


class Row:
    """One operation done in one way; xen is the same row on Xen, or None."""

    def __init__(self, fields):
        self.op = fields["op"]
        self.way = fields["way"]
        self.engine = fields.get("engine")
        self.accel = fields.get("accel")
        self.exits = fields.get("exits_by_name")
        self.parts = fields.get("insns_by_part")
        for name in NUMBERS:
            setattr(self, name, fields.get(name))
        self.ns = self.ns_median  # less rounded, where ticks allow it
        self.ns_p25 = self.ns_p75 = None
        self.xen = None

    @property
    def key(self):
        return self.op, self.way

    @property
    def size(self):
        """Of its place in a series; None for all other rows."""
        match = SERIES.fullmatch(self.op) or OF_DISKS.fullmatch(self.op)
        return int(match[2]) if match else None

    @property
    def block(self):
        """Under which heading it stands: all sizes of a batch under one."""
        if match := OF_DISKS.fullmatch(self.op):
            return f"{match[1]}N"
        is_batch = self.way == "batch" or self.size is not None
        batch = BATCH_OF.fullmatch(self.op) if is_batch else None
        return f"{batch[1]}_N" if batch else self.op

    @property
    def label(self):
        """The way; the engine, too, where it is not what one expects."""
        if self.block.endswith(OF_DEPTHS):
            return f"{self.way}, {self.size} under way"
        if self.block.endswith(AMONG):
            return f"beside {self.size}"
        if self.block != self.op:
            return f"{self.way} of {BATCH_OF.fullmatch(self.op)[2]}"
        usual = (None, OUR_ENGINE, "xen-pv", self.way)
        return self.way if self.engine in usual else \
            f"{self.way} ({self.engine})"

    @property
    def nr_exits(self):
        """For one operation, whatever their names; None: not counted."""
        return None if self.exits is None else round(sum(self.exits.values()),
                                                     1)

    @property
    def budgets(self):
        """Of what it has both a figure and a budget, these two."""
        both = {"instructions": (self.insns, self.budget_insns),
                "exits": (self.nr_exits, self.budget_exits)}
        return {what: pair for what, pair in both.items() if None not in pair}

    @property
    def over_in(self):
        """Of what it takes more than its budget, or None."""
        return next((what for what, (figure, most) in self.budgets.items()
                     if figure > most), None)

    @property
    def is_over(self):
        return self.over_in is not None

    def set_times(self, ns_per_tick):
        """Takes ns_per_tick where its own figures are rounded too much."""
        if (self.ns_median or 0) > EXACT_NS and (self.ticks_median or 0) > 0:
            ns_per_tick = self.ns_median / self.ticks_median
        if None not in (ns_per_tick, self.ticks_median):
            self.ns = self.ticks_median * ns_per_tick
        if None not in (ns_per_tick, self.ticks_p25, self.ticks_p75):
            self.ns_p25 = self.ticks_p25 * ns_per_tick
            self.ns_p75 = self.ticks_p75 * ns_per_tick


def ratio(theirs, ours):
    """How many times as much theirs is; None where that has no meaning."""
    if theirs is None or ours is None or theirs <= 0 or ours <= 0:
        return None
    return theirs / ours


# ---- reading ----

def is_number(value):
    return (isinstance(value, (int, float)) and not isinstance(value, bool) and
            abs(value) < LARGEST)


def mistake(fields):
    """What is wrong with a row, or None."""
    if not isinstance(fields, dict):
        return "is not an object"
    for name in ("op", "way"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            return f"has no {name}"
    for name in NUMBERS:
        value = fields.get(name)
        if value is not None and not is_number(value):
            return f"has a {name} that is no number: {value!r}"
    for name in NUMBERS_BY_NAME:
        value = fields.get(name)
        if value is not None and not (isinstance(value, dict) and
                                      all(map(is_number, value.values()))):
            return f"has {name} that are no numbers by name"
    return None


def ns_per_tick(rows):
    """By the longest row, whose figures lose least by being rounded."""
    timed = [row for row in rows
             if row.ns_median and row.ticks_median and row.ticks_median > 0]
    if not timed:
        return None
    longest = max(timed, key=lambda row: row.ticks_median)
    return longest.ns_median / longest.ticks_median


def parse(text, path):
    try:
        objects = json.loads(text)
    except ValueError as error:
        raise Bad(f"{path} is not whole JSON ({error})") from error
    if not isinstance(objects, list):
        raise Bad(f"{path} is not a list of rows")
    if not objects:
        raise Bad(f"{path} has no rows")
    for number, fields in enumerate(objects, 1):
        if wrong := mistake(fields):
            raise Bad(f"{path}: row {number} {wrong}")
    rows = [Row(fields) for fields in objects]
    factor = ns_per_tick(rows)
    for row in rows:
        row.set_times(factor)
    return rows


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Bad(f"{path}: {reason}") from error


# ---- arranging ----

def known(row):
    """Xen's row, by the instructions that the bench knew without measuring it;
    None: it knew none."""
    return row.xen_insns and Row({"op": row.op, "way": row.way,
                                  "insns": row.xen_insns})


def join(rows, xen_rows):
    """Gives each row of ours its Xen; returns the rows that only Xen has."""
    theirs = {row.key: row for row in xen_rows}
    ours = {row.key for row in rows}
    for row in rows:
        if row.engine in (None, OUR_ENGINE):
            row.xen = theirs.get(row.key) or known(row)
    return [row for row in xen_rows if row.key not in ours]


def split_breakdown(rows):
    """The parts of a null hypercall, and all other rows."""
    parts = [row for row in rows if row.op.startswith(BREAKDOWN)]
    return parts, [row for row in rows if row not in parts]


def blocks(rows):
    """The rows of each block, in the order of their first appearance."""
    found = {}
    for row in rows:
        found.setdefault(row.block, []).append(row)
    return found
