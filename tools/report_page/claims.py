# SPDX-License-Identifier: MIT
"""The study's expectations, each with the figure that was found.

What cannot be said, since a row was not measured, is left out.
"""

from . import data, figures

SHARED = ("virtual_cli", "shared")
NULL = ("null_hypercall", "hypercall")
TRAP = ("virtual_cli", "trap")
BATCH = ("pte_batch_128", "batch")
TABLE_TRAP = ("pte_update", "trap")
TIMES_CHEAPER_SHARED = 10
TIMES_CHEAPER_CALL = 1.5
TIMES_CHEAPER_BATCH = 4
TIMES_SHORTER_THAN_XEN = 4
TO_SHELL = ("boot_to_shell", "hypercall")
SECONDS_TO_SHELL = 1


class Claim:
    """A figure, a sentence about it, and whether it is as expected.

    holds is None where the quartiles overlap: this run cannot tell.
    """

    def __init__(self, figure, sentence, expected, holds):
        self.figure = figure
        self.sentence = sentence
        self.expected = expected
        self.holds = holds

    @property
    def verdict(self):
        return {True: "as expected", False: "NOT as expected",
                None: "cannot be told: quartiles overlap"}[self.holds]


def budgets(rows):
    held = [row for row in rows if row.budgets]
    if not held:
        return []
    over = [row for row in held if row.is_over]
    names = ", ".join(f"{row.op} by {row.way}" for row in over)
    return [Claim(f"{len(held) - len(over)} of {len(held)}",
                  "budgets of instructions and exits kept" +
                  (f"; exceeded: {names}" if over else ""),
                  "all of them", not over)]


def cheaper(cheap, dear, factor, sentence):
    """How much cheaper in time the first is than the second."""
    found = data.ratio(dear and dear.ns, cheap and cheap.ns)
    if found is None:
        return []
    holds = found >= factor
    if not holds and None not in (cheap.ns_p25, dear.ns_p75) and \
            cheap.ns_p25 * factor <= dear.ns_p75:
        holds = None
    return [Claim(figures.times(found), sentence,
                  f"at least {factor:g} times", holds)]


def against_xen(rows):
    """The least and the greatest ratio of the rows that have a budget."""
    ratios = [ratio for row in rows
              if row.budget_insns is not None and row.xen and
              row.way not in ("shared", "pctl") and
              (ratio := data.ratio(row.xen.insns, row.insns)) is not None]
    if not ratios:
        return []
    return [Claim(f"{figures.times(min(ratios))} to "
                  f"{figures.times(max(ratios))}",
                  "fewer instructions than Xen on the paths through the "
                  "hypervisor that have a budget",
                  f"at least {TIMES_SHORTER_THAN_XEN} times",
                  min(ratios) >= TIMES_SHORTER_THAN_XEN)]


def to_shell(row):
    if row is None or row.ns is None:
        return []
    seconds = row.ns / 1e9
    return [Claim(f"{seconds:.2f} s",
                  "from the start of QEMU to the prompt of the shell in a "
                  "domain", f"about {SECONDS_TO_SHELL} s",
                  seconds < 1.5 * SECONDS_TO_SHELL)]


def found(rows):
    by_key = {row.key: row for row in rows if row.engine in (None, "pv")}
    shared, null, trap, batch, table_trap = (
        by_key.get(key) for key in (SHARED, NULL, TRAP, BATCH, TABLE_TRAP))
    return [
        *budgets(rows),
        *cheaper(shared, null, TIMES_CHEAPER_SHARED,
                 "less time to set a shared flag than to call the hypervisor"),
        *cheaper(null, trap, TIMES_CHEAPER_CALL,
                 "less time for an empty hypercall than for a cli that traps"),
        *cheaper(batch, table_trap, TIMES_CHEAPER_BATCH,
                 "less time to change a page-table entry in a batch of 128 "
                 "than by a store that traps"),
        *against_xen(rows),
        *to_shell(by_key.get(TO_SHELL)),
    ]
