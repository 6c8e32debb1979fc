# SPDX-License-Identifier: MIT
"""The SVG of a series in one unit: the cost for each entry by batch size, or
that of an operation by how many domains are beside.

    1,000  x---x---x---x   Xen, batch
           - - - - - - -   trap, one by one
      100  o
             `o---o---o-   batch
       10
           *---*---*---*   native
           1   2   4   8   entries in a batch

Both axes are logarithmic where the figures differ much. As in chart.py, colours are classes of style.css,
and all that the lines show is once more in words in the image's label.
"""

import math
from html import escape

from . import chart, data, figures
from .scale import Scale

WIDTH, HEIGHT = 580, 300
LEFT, RIGHT = 52, 440
TOP, BOTTOM = 34, 258
LABEL_GAP = 15
POINT = 3.4
# What the lines of a series are compared with: its operation done singly.
SINGLE = {"pte_batch_N": ("pte_update", "trap")}
# Of a batch, and of all others: what each figure is of, and the sizes.
BATCH = "for each entry", "batch size", "entries in a batch"
AMONG = "of one", "domains beside", "other domains, alive beside it"
DEPTHS = "for a request", "depth", "requests under way"


class Line:
    """Figures by size; a single operation has the same for all sizes."""

    def __init__(self, name, kind, figures_by_size, quartiles=None,
                 is_single=False):
        self.name = name
        self.kind = kind  # a way, or xen
        self.points = sorted(figures_by_size.items())
        self.quartiles = quartiles or {}
        self.is_single = is_single

    @property
    def words(self):
        if self.is_single:
            return f"{self.name}: {figures.short(self.points[0][1])}"
        return f"{self.name}: " + ", ".join(
            f"{figures.short(figure)} of {size}"
            for size, figure in self.points)


def by_size(panel, rows, way):
    found = {row.size: panel.figure(row) for row in rows if row.way == way}
    return {size: figure for size, figure in found.items()
            if figure is not None and figure > 0}


def xen_by_size(panel, rows):
    found = {row.size: panel.figure(row.xen) for row in rows if row.xen}
    return {size: figure for size, figure in found.items()
            if figure is not None and figure > 0}


def quartiles_by_size(panel, rows, way):
    found = {row.size: panel.quartiles(row) for row in rows if row.way == way}
    return {size: pair for size, pair in found.items() if None not in pair}


def lines_of(panel, rows, single):
    """All that there are figures for; single is a row or None."""
    sizes = sorted({row.size for row in rows})
    lines = [Line(way, way, by_size(panel, rows, way),
                  quartiles_by_size(panel, rows, way))
             for way in dict.fromkeys(row.way for row in rows)]
    lines.append(Line("Xen, batch", "xen", xen_by_size(panel, rows)))
    figure = single and panel.figure(single)
    if figure is not None and figure > 0:
        lines.append(Line(f"{single.way}, one by one", single.way,
                          dict.fromkeys(sizes, figure), is_single=True))
    return [line for line in lines if line.points]


class Axes:
    """From a size and a figure to a place."""

    def __init__(self, panel, rows, lines):
        self.sizes = sorted({row.size for row in rows})
        shown = [figure for line in lines for _, figure in line.points]
        shown += [panel.budget(row) for row in rows]
        self.scale = Scale(shown, BOTTOM, TOP)

    def x(self, size):
        first, last = math.log2(self.sizes[0]), math.log2(self.sizes[-1])
        part = (math.log2(size) - first) / (last - first or 1)
        return round(LEFT + 10 + part * (RIGHT - LEFT - 20), 1)

    def y(self, figure):
        return self.scale.place(figure)


# ---- the marks ----

def words(op):
    if op.endswith(data.OF_DEPTHS):
        return DEPTHS
    return AMONG if op.endswith(data.AMONG) else BATCH


def grid(axes, sizes):
    marks = ""
    for figure in axes.scale.ticks():
        y = axes.y(figure)
        marks += chart.line(LEFT, y, RIGHT, y, "grid")
        marks += chart.text(LEFT - 6, y + 4, figures.tick(figure),
                            "muted small", "end")
    for size in axes.sizes:
        marks += chart.text(axes.x(size), BOTTOM + 16, f"{size:,}",
                            "muted small", "middle")
    return (marks + chart.line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis") +
            chart.text((LEFT + RIGHT) / 2, BOTTOM + 33, sizes,
                       "muted small", "middle"))


def point(axes, line, size, figure):
    x, y = axes.x(size), axes.y(figure)
    said = f"{line.name}, {size}: {figures.short(figure)}"
    mark = (chart.xen_mark(x, y) if line.kind == "xen" else
            f'<circle cx="{x}" cy="{y}" r="{POINT}" '
            f'class="{chart.colour(line.kind)}"/>')
    return f"<g><title>{escape(said)}</title>{mark}</g>"


def spread(axes, line):
    """The quartiles, where there are any."""
    return "".join(
        chart.line(axes.x(size), axes.y(low), axes.x(size), axes.y(high),
                   "whisker") for size, (low, high) in line.quartiles.items())


def one_line(axes, line):
    places = [f"{axes.x(size)} {axes.y(figure)}"
              for size, figure in line.points]
    if line.is_single:
        y = axes.y(line.points[0][1])
        places = [f"{LEFT} {y}", f"{RIGHT} {y}"]
    kind = chart.colour(line.kind) if line.kind != "xen" else "xen-line"
    dashes = " dashed" if line.is_single else ""
    marks = (f'<path d="M{" L".join(places)}" '
             f'class="curve {kind}{dashes}"/>')
    if line.is_single:
        return marks
    return (marks + spread(axes, line) +
            "".join(point(axes, line, *place) for place in line.points))


def budgets(panel, axes, rows):
    marks = ""
    for row in rows:
        budget = panel.budget(row)
        if budget is None:
            continue
        x, y = axes.x(row.size), axes.y(budget)
        marks += chart.line(x - 9, y, x + 9, y, "budget")
        marks += chart.text(x, y - 6,
                            "\N{LESS-THAN OR EQUAL TO} " + f"{budget:,g}",
                            "small halo", "middle")
    return marks


def labels(axes, lines):
    """Each line's name and last figure, right of it; none on another."""
    marks = ""
    below = TOP - LABEL_GAP
    ends = sorted(((axes.y(line.points[-1][1]), line) for line in lines),
                  key=lambda end: end[0])
    for y, line in ends:
        below = max(y, below + LABEL_GAP)
        marks += chart.text(RIGHT + 8, below + 4,
                            f"{line.name} {figures.short(line.points[-1][1])}",
                            "small")
    return marks


def first_figures(axes, lines):
    return "".join(
        chart.text(axes.x(line.points[0][0]), axes.y(line.points[0][1]) - 8,
                   figures.short(line.points[0][1]), "small muted halo",
                   "middle")
        for line in lines if not line.is_single)


def plot(panel, op, rows, single):
    """The image; single is the row of the operation done singly, or None."""
    lines = lines_of(panel, rows, single)
    if not lines:
        return chart.chart(panel, op, rows)
    axes = Axes(panel, rows, lines)
    each, by, sizes = words(op)
    described = ". ".join(line.words for line in lines)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(f"{op}, {panel.unit} by {by}: ")}'
        f'{escape(described)}">'
        f"{chart.text(0, 14, f'{panel.title} {each}', 'title')}"
        f"{chart.text(RIGHT, 14, axes.scale.name, 'muted small', 'end')}"
        f"{grid(axes, sizes)}{budgets(panel, axes, rows)}"
        f"{''.join(one_line(axes, line) for line in lines)}"
        f"{first_figures(axes, lines)}{labels(axes, lines)}</svg>")
