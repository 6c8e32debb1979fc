# SPDX-License-Identifier: MIT
"""Where the difference goes: what programs do, natively and in a domain.

    lat_pipe   [system_call|iret|mmu_set_root....]   18.0   1,200 -> 4,300  3.6x

A line for each operation: its exits by name as parts of a bar of one length,
how many they are, and what it costs in both. Colours are classes of style.css,
one for each of the most frequent names; all that the bars show is once more in
words, in the label of the image.
"""

from html import escape

from . import chart, data, figures

WIDTH = 1180
LEFT, RIGHT = 132, 700
ROW, HEAD, BAR = 25, 40, 13
NR_COLOURS = 7  # of names; all others have one together
OTHERS = "others"
MEASURED = ("lat_", "bw_")
COPY = "copy"  # a part that no figure has


def is_program(row):
    return row.op.startswith(MEASURED)


class Pair:
    """One operation, natively and in a domain; either may be None."""

    def __init__(self, op, rows):
        self.op = op
        self.native = next((row for row in rows if row.way == "native"), None)
        self.domain = next((row for row in rows if row.way != "native"), None)

    @property
    def exits(self):
        """By name; a baseline that was taken off can leave less than none."""
        exits = (self.domain and self.domain.exits) or {}
        return {name: count for name, count in exits.items() if count > 0}

    @property
    def parts(self):
        """Of the instructions in a domain, by whose they are."""
        parts = (self.domain and self.domain.parts) or {}
        return {name: count for name, count in parts.items()
                if count > 0 and name != COPY}

    def figures(self, name):
        """Of both, and their ratio, as texts."""
        both = [row and getattr(row, name)
                for row in (self.native, self.domain)]
        return (*map(figures.short, both),
                figures.times(data.ratio(both[1], both[0])))


def pairs_of(rows):
    found = {}
    for row in rows:
        found.setdefault(row.op, []).append(row)
    return [Pair(op, members) for op, members in found.items()]


def coloured(pairs):
    """The names with a colour of their own, the most frequent one first.

    By its part of each bar, or the longest operation alone would decide.
    """
    parts = {}
    for pair in pairs:
        total = sum(pair.exits.values())
        for name, count in pair.exits.items():
            parts[name] = parts.get(name, 0) + count / total
    return sorted(parts, key=parts.get, reverse=True)[:NR_COLOURS]


def grouped(exits, names):
    """The exits in the order of the colours, all others last."""
    groups = {name: exits[name] for name in names if name in exits}
    rest = sum(count for name, count in exits.items() if name not in names)
    return {**groups, OTHERS: rest} if rest else groups


# ---- the picture ----

def colour(name, names):
    return f"exit-{names.index(name)}" if name in names else "exit-others"


def segments(counts, colour_of, middle):
    """A bar of all counts together; colour_of gives each name its class."""
    total = sum(counts.values())
    marks, x = "", float(LEFT)
    for name, count in counts.items():
        width = (RIGHT - LEFT) * count / total
        title = f"{name}: {figures.short(count)} of {figures.short(total)}"
        marks += (f"<g><title>{escape(title)}</title>"
                  f'<rect x="{x:.1f}" y="{middle - BAR / 2}" '
                  f'width="{width:.1f}" height="{BAR}" '
                  f'class="bar {colour_of(name)}"/></g>')
        x += width
    return marks


def stack(pair, names, middle):
    if not pair.exits:
        words = "no exits" if pair.domain and pair.domain.exits is not None \
            else "not counted"
        return chart.text(LEFT + 6, middle + 4, words, "muted small")
    return segments(grouped(pair.exits, names),
                    lambda name: colour(name, names), middle)


COLUMNS = (("exits", 752), ("native", 822), ("domain", 896), ("", 950),
           ("native", 1034), ("domain", 1122), ("", 1178))
GROUPS = (("Exits for one operation, by name", LEFT, "start"),
          ("Instructions", 950, "end"), ("Time, ns", 1178, "end"))


def headings():
    return "".join(
        chart.text(x, 14, text, "title", anchor)
        for text, x, anchor in GROUPS) + "".join(
        chart.text(x, 32, text, "muted small", "end") for text, x in COLUMNS)


def columns(pair):
    total = sum(pair.exits.values())
    return (figures.short(total) if total else figures.NOTHING,
            *pair.figures("insns"), *pair.figures("ns"))


def line(pair, names, middle):
    over = pair.domain is not None and pair.domain.is_over
    cells = "".join(
        chart.text(x, middle + 4, text, "over" if over else "figure", "end")
        for (_, x), text in zip(COLUMNS, columns(pair)))
    return (chart.text(LEFT - 8, middle + 4, pair.op, "label", "end") +
            stack(pair, names, middle) + cells)


def words(pair):
    exits = ", ".join(f"{figures.short(count)} {name}"
                      for name, count in pair.exits.items()) or "no exits"
    native, domain, times = pair.figures("ns")
    return f"{pair.op}: {exits}; {native} ns natively, {domain} here, {times}"


def picture(pairs, names):
    height = HEAD + ROW * len(pairs) + 8
    body = "".join(line(pair, names, HEAD + ROW * n + ROW / 2)
                   for n, pair in enumerate(pairs))
    label = escape(". ".join(map(words, pairs)))
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{label}">{headings()}{body}</svg>')


def legend(names, colour_of):
    items = "".join(
        '<li><svg class="sample" viewBox="0 0 30 20" width="30" height="20" '
        'aria-hidden="true"><rect x="0" y="4" width="30" height="12" '
        f'class="bar {colour_of(name)}"/></svg>'
        f"<span>{escape(name)}</span></li>" for name in names)
    return f'<ul class="legend exits-legend">{items}</ul>'


def card(names, colour_of, drawing):
    return (f'<section class="op">{legend(names, colour_of)}'
            f'<div class="scroll">{drawing}</div></section>')


def overview(pairs, names):
    """The picture of all operations of programs."""
    has_others = any(OTHERS in grouped(pair.exits, names) for pair in pairs)
    return card([*names] + [OTHERS] * has_others,
                lambda name: colour(name, names), picture(pairs, names))
