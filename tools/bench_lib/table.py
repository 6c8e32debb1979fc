# SPDX-License-Identifier: MIT
"""The bench's tables on the terminal."""

from bench_lib import breakdown
from bench_lib.parts import (COPY_PART, GUESTS_AND_COPY, KERNEL_PART,
                             OTHER_PART, PROGRAM_PART)
from bench_lib.rows import BLOCKS, CONTROL, CROWD, KERNEL, LIFE, PV, SWITCH

HEADINGS = ("operation", "way", "insns", "budget", "", "Xen", "ratio", "ticks",
            "[p25", "p75]", "ns")
WIDTHS = (-22, -9, 9, 7, -4, 8, 5, 9, 9, 9, 9)


def aligned(values, widths=WIDTHS):
    words = []
    for value, width in zip(values, widths):
        word = "-" if value is None else str(value)
        words.append(word.rjust(width) if width > 0 else word.ljust(-width))
    return "  ".join(words).rstrip()


def verdict(row):
    if not row.is_judged:
        return ""
    return "OVER" if row.excess else "ok"


def cells(row):
    result = row.result()
    return (row.op, row.way, row.insns, row.budget, verdict(row), row.xen,
            row.xen_ratio, result["ticks_median"], result["ticks_p25"],
            result["ticks_p75"], result["ns_median"])


# ---- series: a line for each size, with native beside it ----

SERIES_HEADINGS = ("N", *HEADINGS[2:], "native insns", "ns")
SERIES_WIDTHS = (5, *WIDTHS[2:], 13, 7)
NR_NATIVE = 2  # the last columns
SERIES_WORDS = {"pte_batch": "one of N in a call"}
AMONG = "beside N other domains"


def series_of(rows):
    """By series and then by size, the rows of each size by way."""
    found = {}
    for row in rows.values():
        if row.series:
            name, size = row.series
            found.setdefault(name, {}).setdefault(size, {})[row.way] = row
    return found


def series_cells(size, ways):
    native = ways.get("native")
    batch = ways.get("batch") or ways.get("hypercall")
    left = cells(batch) if batch else (None,) * len(HEADINGS)
    return (size, *left[2:], native and native.insns,
            native and native.result()["ns_median"])


def print_series(name, sizes):
    print(f"{name}_N, {SERIES_WORDS.get(name, AMONG)}:")
    nr = len(SERIES_HEADINGS)
    if not any("native" in ways for ways in sizes.values()):
        nr -= NR_NATIVE
    print(aligned(SERIES_HEADINGS[:nr], SERIES_WIDTHS))
    for size, ways in sorted(sizes.items()):
        print(aligned(series_cells(size, ways)[:nr], SERIES_WIDTHS))


# ---- programs: natively and in a domain in one line ----

PROGRAM_HEADINGS = ("for programs", "native insns", "pv", "budget", "",
                    "native ns", "pv", "times", "exits", "the most frequent")
PROGRAM_WIDTHS = (-18, 12, 9, 10, -4, 10, 10, 5, 6, -1)
MOST_FREQUENT = 4
LEAST = 0.05  # less would be shown as 0.0


def most_frequent(row):
    exits = sorted((row.exits or {}).items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:.1f}" for name, count
                     in exits[:MOST_FREQUENT] if count >= LEAST)


def bandwidths(rows):
    """In words, of rows that move data."""
    figures = [f"{row.engine} {row.bytes_per_s / 1e6:,.0f}" for row in rows
               if row.bytes_per_s]
    return f" ({', '.join(figures)} MB/s)" if figures else ""


def whole(value):
    return None if value is None else round(value)


def program_cells(op, native, pv):
    ns = [row and whole(row.ns) for row in (native, pv)]
    return (op, native and native.insns, pv and pv.insns,
            pv and pv.budget_word, pv and verdict(pv), *ns,
            f"{ns[1] / ns[0]:.1f}" if None not in ns and ns[0] else None,
            pv and pv.nr_exits,
            (most_frequent(pv) if pv else "") +
            bandwidths([row for row in (native, pv) if row]))


def print_programs(rows):
    by_op = {}
    for row in rows:
        by_op.setdefault(row.op, {})[row.engine] = row
    print(aligned(PROGRAM_HEADINGS, PROGRAM_WIDTHS))
    for op, engines in by_op.items():
        print(aligned(program_cells(op, engines.get("native"),
                                    engines.get("pv")), PROGRAM_WIDTHS))


# ---- requests to disks: their ways in one line ----

DISK_WAYS = tuple(BLOCKS)
DISK_HEADINGS = ("for a request", *(f"{way} insns" for way in DISK_WAYS),
                 "budget", "", "hypervisor's",
                 *(f"{way} ns" for way in DISK_WAYS))
DISK_WIDTHS = (-22, 12, 13, 11, 27, -4, 12, 9, 10, 9)


def disk_cells(op, ways):
    rows = [ways.get(way) for way in DISK_WAYS]
    judged = [row for row in rows if row and row.budget_word != "-"]
    bad = any(row.excess for row in judged)
    return (op, *(row and row.insns for row in rows),
            " ".join(row.budget_word for row in judged) or None,
            judged and ("OVER" if bad else "ok") or "",
            rows[-1] and rows[-1].hypervisor,
            *(row and whole(row.ns) for row in rows))


def print_disks(rows):
    by_op = {}
    for row in rows:
        by_op.setdefault(row.op, {})[row.way] = row
    print(aligned(DISK_HEADINGS, DISK_WIDTHS))
    for op, ways in by_op.items():
        print(aligned(disk_cells(op, ways), DISK_WIDTHS))


# ---- whose the instructions of programs are ----

PART_HEADINGS = ("whose insns", "the program's", "the kernel's", "natively",
                 "the hypervisor's", "for")
PART_WIDTHS = (-26, 13, 12, 9, 16, -1)
MOST = 3


def part_cells(native, pv):
    served = {name: count for name, count in pv.parts.items()
              if name not in GUESTS_AND_COPY and round(count) > 0}
    most = sorted(served, key=served.get, reverse=True)
    name = pv.op if pv.depth is None else pv.name
    return (name, whole(pv.parts[PROGRAM_PART]), whole(pv.parts[KERNEL_PART]),
            whole(native.parts[KERNEL_PART]) if native and native.parts
            else None, whole(sum(served.values())),
            ", ".join([f"{name} {served[name]:.0f}" for name in most[:MOST]] +
                      [f"apart: {name} {pv.parts[name]:.0f}" for name in
                       (OTHER_PART, COPY_PART) if pv.parts.get(name)]))


def print_program_parts(rows):
    print(aligned(PART_HEADINGS, PART_WIDTHS))
    for row in rows:
        print(aligned(part_cells(row.native, row), PART_WIDTHS))


# ---- all of them ----

def print_rows(rows):
    print(aligned(HEADINGS))
    for row in rows:
        print(aligned(cells(row)))


def print_parts(parts):
    print("One null hypercall, where its instructions are:")
    for part, insns in parts.items():
        print(f"  {breakdown.TEXTS.get(part, part):<16}  {insns:5.1f}")


EXIT = "{:<10}  {:<24}  {:>10}  {:>10}  {:>7}"


def print_exits(exits):
    print("The longest exit of each name, in instructions:")
    print(EXIT.format("kind", "name", "longest", "seen", "bound"))
    for row in exits:
        print(EXIT.format(row.kind, row.name, row.longest, row.seen,
                          row.bound or "-"))


def print_table(rows, parts, xen_source, exits=()):
    kernel = [row for row in rows.values()
              if row.measured_by in (KERNEL, CROWD, LIFE, SWITCH, CONTROL)]
    single = [row for row in kernel if not row.series]
    disks = [row for row in rows.values() if row.depth is not None]
    programs = [row for row in rows.values()
                if row not in kernel and row not in disks]
    if single:
        print_rows(single)
        print()
    for name, sizes in series_of(rows).items():
        print_series(name, sizes)
        print()
    if programs:
        print_programs(programs)
        print()
    if disks:
        print_disks(disks)
        print()
    traced = [row for row in rows.values() if row.engine == PV and row.parts]
    if traced:
        print_program_parts(traced)
        print()
    if parts:
        print_parts(parts)
        print()
    if exits:
        print_exits(exits)
        print()
    print("insns: executed by guest and hypervisor together, for one "
          "operation; the zeroing of\nnew frames is left out, and so is the copy of grant_copy.")
    if single:
        print(f"Xen: the same on its PV path, {xen_source}; ratio: Xen's to "
              "ours.")
    print("ticks, ns: of this machine's emulation; compare them with each "
          "other only.")
