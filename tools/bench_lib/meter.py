# SPDX-License-Identifier: MIT
"""The table that meter=on prints when the machine ends (core/meter.h)."""

import collections
import json
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


def joined(tables):
    """One of several: the longest of each exit, and how many were seen."""
    by_name = {}
    for row in (row for rows in tables for row in rows):
        other = by_name.get((row.kind, row.name))
        by_name[row.kind, row.name] = row if other is None else row._replace(
            longest=max(row.longest, other.longest),
            seen=row.seen + other.seen)
    return sorted(by_name.values(), key=lambda row: -row.longest)


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        json.dump([row._asdict() for row in rows], file, indent=2)
        file.write("\n")


def read(path):
    """What write() wrote; none when it is not there or something else."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = [Exit(**fields) for fields in json.load(file)]
        return [row._replace(longest=int(row.longest), seen=int(row.seen))
                for row in rows]
    except (OSError, ValueError, TypeError):
        return []


def over(rows):
    return [row for row in rows if row.bound and row.longest > row.bound]


def complaint(row):
    """What is wrong with an exit that took too long, and what to do."""
    text = (f"{row.kind} {row.name} took {row.longest:,} instructions: "
            f"expected at most {row.bound:,}")
    if row.kind == "hypercall":
        text += (". Let it stop early with -ERESTART and mark its line "
                 "HC_PREEMPTIBLE (docs/ABI.md, section 4)")
    return text
