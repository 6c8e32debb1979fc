# SPDX-License-Identifier: MIT
"""The bench's table on the terminal."""

from bench_lib import breakdown

HEADINGS = ("operation", "way", "insns", "budget", "", "Xen", "ratio", "ticks",
            "[p25", "p75]", "ns")
WIDTHS = (-22, -9, 7, 6, -4, 6, 5, 9, 9, 9, 9)


def aligned(values, widths=WIDTHS):
    words = []
    for value, width in zip(values, widths):
        word = "-" if value is None else str(value)
        words.append(word.rjust(width) if width > 0 else word.ljust(-width))
    return "  ".join(words).rstrip()


def verdict(row):
    if row.budget is None or row.insns is None:
        return ""
    return "OVER" if row.is_over else "ok"


def cells(row):
    result = row.result()
    return (row.op, row.way, row.insns, row.budget, verdict(row), row.xen,
            row.xen_ratio, result["ticks_median"], result["ticks_p25"],
            result["ticks_p75"], result["ns_median"])


# ---- series: a line for each size, with native beside it ----

SERIES_HEADINGS = ("N", *HEADINGS[2:], "native insns", "ns")
SERIES_WIDTHS = (5, *WIDTHS[2:], 13, 7)


def series_of(rows):
    """By series and then by size, the rows of each size by way."""
    found = {}
    for row in rows.values():
        if row.series:
            name, size = row.series
            found.setdefault(name, {}).setdefault(size, {})[row.way] = row
    return found


def series_cells(size, ways):
    batch, native = ways.get("batch"), ways.get("native")
    left = cells(batch) if batch else (None,) * len(HEADINGS)
    return (size, *left[2:], native and native.insns,
            native and native.result()["ns_median"])


def print_series(name, sizes):
    print(f"{name}_N, one of N in a call:")
    print(aligned(SERIES_HEADINGS, SERIES_WIDTHS))
    for size, ways in sorted(sizes.items()):
        print(aligned(series_cells(size, ways), SERIES_WIDTHS))


def print_table(rows, parts, xen_source):
    single = [row for row in rows.values() if not row.series]
    if single:
        print(aligned(HEADINGS))
    for row in single:
        print(aligned(cells(row)))
    for number, (name, sizes) in enumerate(series_of(rows).items()):
        if single or number:
            print()
        print_series(name, sizes)
    if parts:
        print("\nOne null hypercall, where its instructions are:")
        for part, insns in parts.items():
            print(f"  {breakdown.TEXTS.get(part, part):<16}  {insns:5.1f}")
    print("\ninsns: executed by guest and hypervisor together, for one "
          f"operation. Xen: the same\nof 4.17, PV, {xen_source}; ratio: Xen's "
          "to ours.\nticks, ns: of this machine's emulation; compare them "
          "with each other only.")
