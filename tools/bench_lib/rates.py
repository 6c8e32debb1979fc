# SPDX-License-Identifier: MIT
"""Requests to disks a second, by each way, on one CPU and on two. They are of
this machine's emulation, and of what else it does: nothing is judged by them.
"""

import collections
import statistics

from bench_lib import boots, rows as bench_rows

# Of an operation by a way: one CPU, from the rows; and two.
Rate = collections.namedtuple("Rate", "op way one two")


def has_rate(row):
    return bench_rows.OF_BLOCKS.fullmatch(row.op) is not None


def of_lines(lines):
    """From the lines of one boot: requests a second of each operation."""
    hz = next(int(values["tsc_hz"]) for kind, values in lines
              if kind == "clock")
    found = collections.defaultdict(list)
    for kind, values in lines:
        if kind == "sample" and int(values["ticks"]) > 0:
            found[values["op"]].append(
                hz * int(values["operations"]) / int(values["ticks"]))
    return {op: statistics.median(rates) for op, rates in found.items()}


def measure(rows, way, rounds, pattern):
    """Of the rows of this way, whose time on one CPU is known."""
    two = of_lines(boots.disks(way, cpus=2)(rounds, pattern, icount=False))
    return [Rate(row.op, way, 1e9 / row.ns, two[row.op]) for row in rows
            if has_rate(row) and row.ns and row.op in two]


def print_table(rates):
    ways = list(bench_rows.BLOCKS)
    of = {(rate.op, rate.way): rate for rate in rates}
    print("\nrequests a second, in thousands (no budget: they are this "
          "machine's)")
    print(f"{'':22}" + "".join(f"{cpus:>27}" for cpus in
                               ("on one CPU", "on two CPUs")))
    print(f"{'operation':22}" + f"{ways[0]:>9}{ways[1]:>9}{ways[2]:>9}" * 2)
    for op in dict.fromkeys(rate.op for rate in rates):
        cells = [getattr(of[op, way], cpus) if (op, way) in of else None
                 for cpus in ("one", "two") for way in ways]
        print(f"{op:22}" + "".join(
            "        -" if cell is None else f"{cell / 1000:9.1f}"
            for cell in cells))
