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
SERIES = re.compile(r"(pte_batch|[a-z]+_among)_(\d+)")

# Who measures a row, by its name: a program, this one's own clock, or else a
# guest kernel.
PROGRAM, BOOT, KERNEL = "program", "boot", "kernel"
MEASURED_BY = {"lat": PROGRAM, "bw": PROGRAM, "boot": BOOT}
# Or one that has many beside it: the rows of tests/bench/ops_crowd.c.
CROWD = "crowd"
IN_A_CROWD = {"set_timer_256"}
# Or a control domain that makes others: tests/bench/life.c.
LIFE = "life"
OF_LIFE = re.compile(r"domain_(create|destroy)|[a-z]+_among_\d+")
# Or one whose others yield: tests/bench/switch.c.
SWITCH = "switch"
OF_SWITCHES = re.compile(r"vcpu_switch(_\d+)?")
# Or a program of domain 0, which commands others: user/bench/rows_control.c.
CONTROL = "control"
OF_CONTROL = "pctl"  # its way
TO_UART = {"console_bytes"}
# Or a program, for which disks are there, by its way: user/bench/rows_block.c.
# What tells the two ends of each other in such a request is a row of its own.
BLOCKS = {way: f"blocks {way}" for way in ("native", "domain0", "split")}
OF_BLOCKS = re.compile(r"blk_(?:ram_)?(?:read|write)_\d+k_d(\d+)")
OF_NOTICES = re.compile(r"blk_notify_per_req_d(\d+)")

# The words of a budget in budgets.txt, and the attribute of a Row that it sets.
BUDGET = re.compile(r"(?P<limit>\d+|0\.\d+)|native\+(?P<over_native>\d+)|"
                    r"exits=(?P<exits_limit>\d+)|flat\+(?P<over_flat>\d+)%|"
                    r"hypervisor=(?P<hypervisor_limit>\d+)|"
                    r"(?P<base>[a-z_]+)\+(?P<over_base>\d+)")

# In the time pass: a row, how many times cheaper it has to be, than which.
EXPECTATIONS = (
    (("virtual_cli_sti", "shared"), 10, ("null_hypercall", "hypercall")),
    (("null_hypercall", "hypercall"), 1.5, ("virtual_cli", "trap")),
)


class Failed(Exception):
    """No figures; the text says why."""


def rounded(value):
    return None if value is None else round(value, 1)


def value_of(digits):
    """Of a word of a budget: a number, a name, or None."""
    if digits is None or not digits[0].isdigit():
        return digits
    return float(digits) if "." in digits else int(digits)


class Row:
    """One operation done in one way, as budgets.txt lists it."""

    def __init__(self, op, way, budget="-", xen=None):
        self.op = op
        self.way = way
        self.budget_word = budget
        self.limit = self.over_native = self.exits_limit = None
        self.over_flat = None  # percent
        self.hypervisor_limit = None  # of its share of the instructions
        self.base = self.over_base = None  # the name of a row; more than that
        if budget != "-":
            self.set_budget(budget)
        self.native = None  # the same operation, for over_native
        self.smallest = None  # of its series, for over_flat
        self.base_row = None  # by the same way, for over_base
        self.xen = xen  # instructions
        self.counts = []  # instructions for one operation, by sample
        self.apart = 0  # of these, what zeroes or copies frames
        self.ticks = []  # ticks for one operation, by sample
        self.ns_per_tick = None
        self.operations = None
        self.exits = None
        self.parts = None  # instructions for one operation, by whose they are
        self.hypervisor = None  # its share of them, where it has a budget
        self.bytes = None  # that one operation moves

    def set_budget(self, word):
        for part in word.split(","):
            match = BUDGET.fullmatch(part)
            if not match:
                raise Failed(f"{BUDGETS}: {self.name} has a budget of {word}")
            for name, digits in match.groupdict().items():
                if digits is not None:
                    setattr(self, name, value_of(digits))

    @property
    def name(self):
        return f"{self.op}/{self.way}"

    @property
    def series(self):
        """Its series and its size there; None for most rows."""
        match = SERIES.fullmatch(self.op)
        return (match[1], int(match[2])) if match else None

    @property
    def depth(self):
        """So many requests are under way; None: it is of no requests."""
        match = (OF_BLOCKS.fullmatch(self.op) or
                 OF_NOTICES.fullmatch(self.op))
        return int(match[1]) if match else None

    @property
    def is_of_notices(self):
        """Its figure is no instructions, but events for a request."""
        return bool(OF_NOTICES.fullmatch(self.op))

    @property
    def engine(self):
        return ENGINES.get(self.way, PV)

    @property
    def measured_by(self):
        if self.op in IN_A_CROWD:
            return CROWD
        if self.way == OF_CONTROL:
            return CONTROL
        if self.depth is not None:
            return BLOCKS[self.way]
        if OF_LIFE.fullmatch(self.op):
            return LIFE
        if OF_SWITCHES.fullmatch(self.op):
            return SWITCH
        return MEASURED_BY.get(self.op.split("_")[0], KERNEL)

    @property
    def insns_copy(self):
        """With the zeroing and copying of frames."""
        return (round(statistics.median(self.counts),
                      3 if self.is_of_notices else 1)
                if self.counts else None)

    @property
    def insns(self):
        if not self.counts or self.is_of_notices:
            return self.insns_copy
        return rounded(self.insns_copy - self.apart)

    @property
    def nr_exits(self):
        """For one operation, whatever their names; None: not counted."""
        return (None if self.exits is None
                else round(sum(self.exits.values()), 1))

    @property
    def budget(self):
        """The most instructions that it may take; None: any number."""
        if self.over_flat is not None:
            least = self.smallest and self.smallest.insns
            return least and round(least * (1 + self.over_flat / 100), 1)
        if self.over_native is None and self.over_base is None:
            return self.limit
        other, more = ((self.native, self.over_native) if self.base is None
                       else (self.base_row, self.over_base))
        return other and other.insns and round(other.insns + more, 1)

    @property
    def excess(self):
        """In words how it exceeds its budget; None: it does not."""
        unit = "notifications" if self.is_of_notices else "instructions"
        for what, value, most in (
                (unit, self.insns, self.budget),
                ("exits", self.nr_exits, self.exits_limit),
                ("instructions of the hypervisor's", self.hypervisor,
                 self.hypervisor_limit)):
            if None not in (value, most) and value > most:
                return f"{self.name} takes {value} {what}, its budget is {most}"
        return None

    @property
    def is_judged(self):
        """Whether it has a budget, and the figure to be held against it."""
        return (None not in (self.insns, self.budget) or
                None not in (self.nr_exits, self.exits_limit))

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

    @property
    def ns(self):
        median = self.quartiles()[1]
        return None if median is None else median * self.ns_per_tick

    @property
    def bytes_per_s(self):
        return round(self.bytes / self.ns * 1e9) \
            if self.bytes and self.ns else None

    def result(self):
        # The start of the machine is not timed by ticks of its clock.
        p25, median, p75 = ([None] * 3 if self.measured_by == BOOT
                            else self.quartiles())
        return {
            "op": self.op, "way": self.way, "engine": self.engine,
            "accel": ACCEL, "insns": self.insns,
            "insns_copy": self.insns_copy,
            "ticks_median": rounded(median), "ticks_p25": rounded(p25),
            "ticks_p75": rounded(p75), "ns_median": rounded(self.ns),
            "bytes": self.bytes, "bytes_per_s": self.bytes_per_s,
            "depth": self.depth, "exits_by_name": self.exits,
            "insns_by_part": self.parts and
                             {part: round(count, 1)
                              for part, count in self.parts.items()},
            "iterations": self.operations, "runs": len(self.ticks),
            "budget_insns": self.budget, "budget_exits": self.exits_limit,
            "xen_insns": self.xen,
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
    names = set()
    with open(BUDGETS, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            op, way, budget, known = line.split()
            names.add(op)
            if pattern in f"{op}/{way}":
                rows[op, way] = Row(op, way, budget,
                                    xen.get((op, way), number(known)))
    smallest = {}
    for row in rows.values():
        if row.base and row.base not in names:
            raise Failed(f"{BUDGETS}: {row.name} has a budget by a row that "
                         f"is not there, {row.base}")
        row.native = rows.get((row.op, "native"))
        row.base_row = rows.get((row.base, row.way))
        if row.series:
            row.smallest = smallest.setdefault((row.series[0], row.way), row)
    if not rows:
        raise Failed(f"no op/way of {BUDGETS} holds BENCH={pattern}")
    return rows


# ---- what the figures have to be ----

def check_complete(rows):
    missing = [row.name for row in rows.values()
               if not row.ticks and not (row.depth and row.counts)]
    if missing:
        raise Failed("no sample of " + ", ".join(missing))


def unsteady(rows):
    """Rows whose counts differ between rounds: something came in between.

    By one, or in a long row by a thousandth, is nothing; nor, in a program's,
    by a fortieth: the clock goes on, and a process grows; nor, of a domain's
    life, by a two hundredth: each is told on the console, by its number; nor, of
    what goes to the UART, by a fiftieth: it may have to wait for its reader.
    """
    def slack(row):
        parts = {PROGRAM: 40, LIFE: 200, CONTROL: 100}
        part = 50 if row.op in TO_UART else parts.get(row.measured_by, 1000)
        return max(1, row.counts[0] / part)

    return [row for row in rows.values() if row.counts and
            max(row.counts) - min(row.counts) > slack(row)]


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
