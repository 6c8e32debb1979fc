# SPDX-License-Identifier: MIT
"""The SVG of one operation in one unit: a bar for each way, with its marks.

    instructions          here  budget    Xen   ratio
    hypercall   ######|   42.7    45 ok   278    6.5x
    trap        ############      -       790
                1   10   100   1,000        log scale

Colours and fonts are classes of style.css. Whatever a bar shows stands beside
it as a figure, and all of it once more in words, in the label of the image.
"""

from html import escape

from . import data, figures
from .scale import Scale

WIDTH = 580
PLOT_LEFT, PLOT_RIGHT = 92, 336
ROW, HEAD, FOOT = 25, 24, 22
BAR = 13


class Panel:
    """One unit: where a row's figures are, and which columns to print."""

    def __init__(self, title, unit, columns, rows):
        self.title = title
        self.unit = unit
        self.columns = columns  # (heading, right edge, row -> text)
        self.scale = Scale([figure for row in rows
                            for figure in self.figures(row)],
                           PLOT_LEFT, PLOT_RIGHT)

    def figures(self, row):
        """All figures of a row that must find a place on the axis."""
        xen = self.figure(row.xen) if row.xen else None
        return [self.figure(row), xen, self.budget(row), *self.quartiles(row)]

    def figure(self, row):
        raise NotImplementedError

    def budget(self, row):
        return None

    def quartiles(self, row):
        return None, None


class Instructions(Panel):
    def __init__(self, rows):
        super().__init__("Instructions", "instructions", (
            ("here", 392, lambda row: figures.short(row.insns)),
            ("budget", 458, budget_text),
            ("Xen", 516, lambda row: figures.short(
                row.xen.insns if row.xen else None)),
            ("Xen \N{DIVISION SIGN} here", 578,
             lambda row: figures.times(self.ratio(row)))), rows)

    def figure(self, row):
        return row.insns

    def budget(self, row):
        return row.budget_insns

    def ratio(self, row):
        return data.ratio(row.xen.insns, row.insns) if row.xen else None


class Notices(Panel):
    """A row whose figure is no instructions."""

    def __init__(self, rows):
        super().__init__("Notifications", "notifications", (
            ("here", 392, lambda row: figures.exact(row.insns)),
            ("budget", 458, budget_text)), rows)

    def figure(self, row):
        return row.insns

    def budget(self, row):
        return row.budget_insns


class Time(Panel):
    def __init__(self, rows):
        super().__init__("Time, ns", "nanoseconds", (
            ("median", 388, lambda row: figures.short(row.ns)),
            ("quartiles", 470, quartile_text),
            ("Xen", 516, lambda row: figures.short(
                row.xen.ns if row.xen else None)),
            ("Xen \N{DIVISION SIGN} here", 578,
             lambda row: figures.times(self.ratio(row)))), rows)

    def figure(self, row):
        return row.ns

    def quartiles(self, row):
        return row.ns_p25, row.ns_p75

    def ratio(self, row):
        return data.ratio(row.xen.ns, row.ns) if row.xen else None


def budget_text(row):
    if row.budget_insns is None:
        return figures.NOTHING
    sign = ("" if row.insns is None else
            " \N{BALLOT X}" if row.is_over else " \N{CHECK MARK}")
    return f"\N{LESS-THAN OR EQUAL TO} {row.budget_insns:,g}{sign}"


def quartile_text(row):
    if row.ns_p25 is None or row.ns_p75 is None:
        return figures.NOTHING
    return figures.span(row.ns_p25, row.ns_p75)


# ---- in words ----

def words(panel, row):
    """A row for somebody who does not see the chart."""
    figure = panel.figure(row)
    parts = ["not measured" if figure is None
             else f"{figures.short(figure)} {panel.unit}"]
    low, high = panel.quartiles(row)
    if low is not None and high is not None:
        parts.append(f"quartiles {figures.short(low)} to "
                     f"{figures.short(high)}")
    if panel.budget(row) is not None:
        kept = ("" if figure is None else
                ", exceeded" if row.is_over else ", kept")
        parts.append(f"budget {figures.short(panel.budget(row))}{kept}")
    if row.xen and panel.figure(row.xen) is not None:
        parts.append(f"Xen {figures.short(panel.figure(row.xen))}")
    return f"{row.label}: {', '.join(parts)}"


# ---- the marks ----

def text(x, y, words_, kind="", anchor="start"):
    return (f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">'
            f'{escape(words_)}</text>')


def line(x1, y1, x2, y2, kind):
    return (f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" '
            f'class="{kind}"/>')


def colour(way):
    """A class of style.css; a way it does not know gets the plain colour."""
    known = ("native", "direct", "shared", "hypercall", "batch", "trap",
             "emulated", "svm", "domain0")
    return f"way-{way}" if way in known else "way-other"


def bar(panel, row, middle):
    figure = panel.figure(row)
    if figure is None:
        return text(PLOT_LEFT + 6, middle + 4, "not measured", "muted small")
    end = panel.scale.place(figure)
    width = max(round(end - PLOT_LEFT, 1), 2)
    marks = (f'<rect x="{PLOT_LEFT}" y="{middle - BAR / 2}" width="{width}" '
             f'height="{BAR}" class="bar {colour(row.way)}"/>')
    if panel.scale.is_below(figure):
        marks += text(PLOT_LEFT + 6, middle + 4,
                      "\N{LEFTWARDS ARROW} less than the axis shows",
                      "muted small")
    return marks


def whiskers(panel, row, middle):
    low, high = panel.quartiles(row)
    if low is None or high is None:
        return ""
    left, right = panel.scale.place(low), panel.scale.place(high)
    return (line(left, middle, right, middle, "whisker") +
            line(left, middle - 4, left, middle + 4, "whisker") +
            line(right, middle - 4, right, middle + 4, "whisker"))


def budget_mark(x, middle):
    return line(x, middle - 10, x, middle + 10, "budget")


def xen_mark(x, middle):
    return (f'<path d="M{x} {middle - 5.5} l5.5 5.5 -5.5 5.5 -5.5 -5.5 z" '
            'class="xen"/>')


def other_marks(panel, row, middle):
    marks = whiskers(panel, row, middle)
    if panel.budget(row) is not None:
        marks += budget_mark(panel.scale.place(panel.budget(row)), middle)
    if row.xen and panel.figure(row.xen) is not None:
        marks += xen_mark(panel.scale.place(panel.figure(row.xen)), middle)
    return marks


# ---- the parts of a chart ----

def headings(panel):
    return text(0, 14, panel.title, "title") + "".join(
        text(right, 14, heading, "muted small", "end")
        for heading, right, _ in panel.columns)


def one_row(panel, row, middle):
    label = row.label if len(row.label) < 14 else row.label[:12] + "\u2026"
    kind = "over" if row.is_over else ""
    columns = "".join(
        text(right, middle + 4, column(row),
             f"figure {kind}" if n == 0 else f"muted figure {kind}", "end")
        for n, (_, right, column) in enumerate(panel.columns))
    return (f"<g><title>{escape(words(panel, row))}</title>"
            f"{text(PLOT_LEFT - 8, middle + 4, label, 'label', 'end')}"
            f"{bar(panel, row, middle)}{other_marks(panel, row, middle)}"
            f"{columns}</g>")


def axis(panel, bottom):
    marks = line(PLOT_LEFT, HEAD, PLOT_LEFT, bottom, "axis")
    for figure in panel.scale.ticks():
        x = panel.scale.place(figure)
        marks += line(x, HEAD, x, bottom, "grid")
        marks += text(x, bottom + 14, figures.tick(figure), "muted small",
                      "middle")
    return marks + text(392, bottom + 14,
                        f"{panel.unit}, {panel.scale.name}",
                        "muted small")


def chart(panel, op, rows):
    bottom = HEAD + ROW * len(rows)
    height = bottom + FOOT
    body = "".join(one_row(panel, row, HEAD + ROW * n + ROW / 2)
                   for n, row in enumerate(rows))
    described = ". ".join(words(panel, row) for row in rows)
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{escape(f"{op}, {panel.unit}: {described}")}">'
            f"{axis(panel, bottom)}{headings(panel)}{body}</svg>")


def sample(kind):
    """A mark alone, for the legend."""
    marks = {"budget": budget_mark(15, 10), "xen": xen_mark(15, 10),
             "whisker": line(5, 10, 25, 10, "whisker") +
             line(5, 6, 5, 14, "whisker") + line(25, 6, 25, 14, "whisker")}
    body = marks.get(kind) or (f'<rect x="0" y="4" width="30" height="12" '
                               f'class="bar {colour(kind)}"/>')
    return (f'<svg class="sample" viewBox="0 0 30 20" width="30" height="20" '
            f'aria-hidden="true">{body}</svg>')


class Parts(Panel):
    """Instructions of the parts of a path, with their share of it."""

    def __init__(self, rows):
        total = sum(row.insns or 0 for row in rows)
        super().__init__("Instructions", "instructions", (
            ("here", 392, lambda row: figures.short(row.insns)),
            ("share", 458, lambda row: figures.NOTHING
             if row.insns is None or not total
             else f"{row.insns / total:.0%}")), rows)

    def figure(self, row):
        return row.insns


class Part:
    """A row under the name of its part, for one_row."""

    def __init__(self, name, row):
        self.label = name
        self.way = row.way
        self.insns = row.insns
        self.is_over = False
        self.xen = None


def parts(names, rows):
    named = [Part(name, row) for name, row in zip(names, rows)]
    return chart(Parts(named), "null_hypercall", named)
