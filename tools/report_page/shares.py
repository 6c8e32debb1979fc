# SPDX-License-Identifier: MIT
"""The figure of what share of a CPU a domain has by its weight, beside one other:
what was measured, and the line of what is fair."""

import math
from html import escape

from . import chart, words

WIDTH, HEIGHT = 580, 300
LEFT, RIGHT = 52, 440
TOP, BOTTOM = 34, 258
POINT = 3.4
STEPS = 48  # of the line


def fair(weight, beside):
    return weight / (weight + beside)


class Axes:
    """From a weight, on a logarithmic axis, and a share to a place."""

    def __init__(self, shares):
        weights = [share.weight for share in shares]
        self.first = math.log2(min(weights))
        self.last = math.log2(max(weights))

    def x(self, weight):
        part = (math.log2(weight) - self.first) / (self.last - self.first or 1)
        return round(LEFT + 28 + part * (RIGHT - LEFT - 56), 1)

    def y(self, share):
        return round(BOTTOM + share * (TOP - BOTTOM), 1)

    def weights(self):
        """From the least to the most."""
        return [2 ** (self.first + (self.last - self.first) * step / STEPS)
                for step in range(STEPS + 1)]


def grid(axes, shares):
    marks = ""
    for percent in (0, 25, 50, 75, 100):
        y = axes.y(percent / 100)
        marks += chart.line(LEFT, y, RIGHT, y, "grid" if percent else "axis")
        marks += chart.text(LEFT - 6, y + 4, f"{percent} %", "muted small",
                            "end")
    for share in shares:
        marks += chart.text(axes.x(share.weight), BOTTOM + 16,
                            f"{share.weight:,}", "muted small", "middle")
    return marks + chart.text((LEFT + RIGHT) / 2, BOTTOM + 33, "weight",
                              "muted small", "middle")


def point(axes, share):
    x, y = axes.x(share.weight), axes.y(share.share)
    said = f"{share.share:.1%}".replace("%", " %")
    return (f"<g><title>weight {share.weight}: {escape(said)}</title>"
            f'<circle cx="{x}" cy="{y}" r="{POINT}" '
            f'class="{chart.colour("hypercall")}"/></g>' +
            chart.text(x, y - 9, said, "small halo", "middle"))


def plot(shares):
    axes = Axes(shares)
    beside = shares[0].beside
    curve = " L".join(f"{axes.x(weight)} {axes.y(fair(weight, beside))}"
                      for weight in axes.weights())
    described = ", ".join(f"weight {share.weight}: {share.share:.1%}"
                          for share in shares)
    end = axes.y(fair(shares[-1].weight, beside))
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape("Share of the CPU by weight: " + described)}">'
            f"{chart.text(0, 14, words.SHARES_AXIS, 'title')}"
            f"{grid(axes, shares)}"
            f'<path d="M{curve}" class="curve {chart.colour("native")} '
            'dashed"/>' +
            "".join(point(axes, share) for share in shares) +
            chart.text(RIGHT + 8, end + 4, "what is fair", "small") + "</svg>")


def section(shares):
    """Nothing, where they were not measured."""
    if not shares:
        return ""
    lead = words.SHARES_LEAD.format(beside=shares[0].beside)
    return (f'<h2 id="shares">{words.SHARES}</h2><p>{lead}</p>'
            f'<section class="op"><div class="pair"><div>{plot(shares)}</div>'
            "</div></section>")
