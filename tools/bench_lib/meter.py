# SPDX-License-Identifier: MIT
"""The table that meter=on prints when the machine ends (core/meter.h)."""

import collections
import re

# What is printed before it; a guest can say nothing after that.
END = "parapet: no domain is left: the machine ends"
ROW = re.compile(r"^parapet: meter: (\w+) +(\w+) +(\d+) +(\d+) +(\d+|-)$",
                 re.MULTILINE)

# longest is in instructions, when they were counted; bound is None where there
# is none.
Exit = collections.namedtuple("Exit", "kind name longest seen bound")


def table(console):
    """Its rows, the longest first; none when there is no table."""
    return [Exit(kind, name, int(longest), int(seen),
                 None if bound == "-" else int(bound))
            for kind, name, longest, seen, bound in
            ROW.findall(console.rpartition(END)[2])]


def over(rows):
    return [row for row in rows if row.bound and row.longest > row.bound]


def complaint(row):
    """What is wrong with an exit that took too long, and what to do."""
    text = (f"{row.kind} {row.name} took {row.longest:,} instructions: "
            f"expected at most {row.bound:,}")
    if row.kind == "hypercall":
        text += (". Let it stop early with -ERESTART and mark its line "
                 "HC_PREEMPTIBLE (docs/ABI.md, section 3)")
    return text
