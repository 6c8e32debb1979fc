# SPDX-License-Identifier: MIT
"""The bench's table on the terminal."""

from bench_lib import breakdown

HEADINGS = ("operation", "way", "insns", "budget", "", "Xen", "ratio", "ticks",
            "[p25", "p75]", "ns")
WIDTHS = (-22, -9, 7, 6, -4, 6, 5, 9, 9, 9, 9)


def aligned(values):
    words = []
    for value, width in zip(values, WIDTHS):
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


def print_table(rows, parts, xen_source):
    print(aligned(HEADINGS))
    for row in rows.values():
        print(aligned(cells(row)))
    if parts:
        print("\nOne null hypercall, where its instructions are:")
        for part, insns in parts.items():
            print(f"  {breakdown.TEXTS.get(part, part):<16}  {insns:5.1f}")
    print("\ninsns: executed by guest and hypervisor together, for one "
          f"operation. Xen: the same\nof 4.17, PV, {xen_source}; ratio: Xen's "
          "to ours.\nticks, ns: of this machine's emulation; compare them "
          "with each other only.")
