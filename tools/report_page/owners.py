# SPDX-License-Identifier: MIT
"""Whose the instructions of a program's operation are, in a domain.

    lat_pipe   [program|guest kernel   |mmu_set_user_root|iret ...]   figures

A bar of one length for each operation, as programs.py has them for exits and in
the same colours; the mark is where the operation ends natively.
"""

from html import escape

from . import chart, figures, programs
from .programs import BAR, HEAD, LEFT, RIGHT, ROW, WIDTH

PROGRAM, KERNEL = "program", "guest kernel"
OTHER = "other domain"
OWN = {PROGRAM: "part-program", KERNEL: "part-kernel", OTHER: "part-other"}

NR_EXITS = 5
OF_DISKS = "blk_"

COLUMNS = (("program", 770), ("native", 872), ("domain", 956),
           ("hypervisor", 1074), ("share", 1178))
GROUPS = (("Instructions for one operation, by whose they are", LEFT, "start"),
          ("Guest kernel", 956, "end"))


def ordered(pair, names):
    """The program's, the kernel's, and the hypervisor's by exit."""
    own = {name: pair.parts[name] for name in OWN if name in pair.parts}
    rest = {name: count for name, count in pair.parts.items()
            if name not in OWN}
    return {**own, **programs.grouped(rest, names)}


def coloured(pairs):
    """The names of what the hypervisor does most; not as many as there are
    colours, as another domain has one of them."""
    parts = {}
    for pair in pairs:
        total = sum(pair.parts.values())
        for name, count in pair.parts.items():
            if name not in OWN:
                parts[name] = parts.get(name, 0) + count / total
    return sorted(parts, key=parts.get, reverse=True)[:NR_EXITS]


def of_hypervisor(pair):
    return sum(count for name, count in pair.parts.items() if name not in OWN)


def native_mark(pair, middle):
    parts = pair.native and pair.native.parts or {}
    native = sum(count for name, count in parts.items()
                 if name != programs.COPY)
    total = sum(pair.parts.values())
    if not 0 < native <= total:
        return ""
    x = LEFT + (RIGHT - LEFT) * native / total
    half = BAR / 2 + 3
    return chart.line(x, middle - half, x, middle + half, "budget")


def cells(pair):
    native = pair.native and pair.native.parts or {}
    hypervisor = of_hypervisor(pair)
    share = hypervisor / sum(pair.parts.values())
    return (*map(figures.short, (pair.parts.get(PROGRAM), native.get(KERNEL),
                                 pair.parts.get(KERNEL), hypervisor)),
            f"{share:.0%}")


def line(pair, names, middle):
    texts = "".join(chart.text(x, middle + 4, text, "figure", "end")
                    for (_, x), text in zip(COLUMNS, cells(pair)))
    name = pair.op.removeprefix(OF_DISKS)  # those are long
    return (chart.text(LEFT - 8, middle + 4, name, "label", "end") +
            programs.segments(ordered(pair, names),
                              lambda name: colour(name, names), middle) +
            native_mark(pair, middle) + texts)


def colour(name, names):
    return OWN.get(name) or programs.colour(name, names)


def words(pair):
    parts = ", ".join(f"{figures.short(count)} {name}"
                      for name, count in pair.parts.items())
    return f"{pair.op}: instructions: {parts}"


def picture(pairs, names):
    height = HEAD + ROW * len(pairs) + 8
    body = "".join(
        chart.text(x, 14, text, "title", anchor) for text, x, anchor in GROUPS)
    body += "".join(chart.text(x, 32, text, "muted small", "end")
                    for text, x in COLUMNS)
    body += "".join(line(pair, names, HEAD + ROW * n + ROW / 2)
                    for n, pair in enumerate(pairs))
    label = escape(". ".join(map(words, pairs)))
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{label}">{body}</svg>')


def overview(pairs, names):
    """The picture of all operations that were traced; nothing without any."""
    pairs = [pair for pair in pairs if pair.parts]
    if not pairs:
        return ""
    shown = {name for pair in pairs for name in ordered(pair, names)}
    in_order = [name for name in (*OWN, *names, programs.OTHERS)
                if name in shown]
    return programs.card(in_order, lambda name: colour(name, names),
                         picture(pairs, names))
