# SPDX-License-Identifier: MIT
"""From a figure to a place on an axis, linear or logarithmic.

All charts of one unit share one scale, so that bars of different operations
can be compared by eye.
"""

import math

# From which ratio of largest to smallest a linear axis would hide the small.
SPAN_FOR_LOG = 30
# Less than this is noise; a logarithmic axis does not follow it down.
LEAST = 0.1


class Scale:
    def __init__(self, figures, left, right):
        shown = [figure for figure in figures
                 if figure is not None and figure > 0]
        high = max(shown, default=1)
        low = max(min(shown, default=1), LEAST)
        self.left, self.right = left, right
        self.is_log = high / low > SPAN_FOR_LOG
        # Half a bar's worth of room to the left of the smallest figure.
        self.low = low / 2 if self.is_log else 0
        self.high = high * (1.3 if self.is_log else 1.05)

    @property
    def name(self):
        return "log scale" if self.is_log else "linear scale"

    def place(self, figure):
        """The x of a figure, kept on the axis."""
        figure = min(max(figure, self.low), self.high)
        if self.is_log:
            part = math.log(figure / self.low) / math.log(self.high / self.low)
        else:
            part = figure / self.high
        return round(self.left + part * (self.right - self.left), 1)

    def is_below(self, figure):
        return figure < self.low

    def ticks(self):
        if self.is_log:
            first = math.ceil(math.log10(self.low) - 1e-9)
            last = math.floor(math.log10(self.high) + 1e-9)
            step = max(1, math.ceil((last - first) / 6))
            return [10.0 ** power for power in range(first, last + 1, step)]
        step = 10.0 ** math.floor(math.log10(self.high))
        while self.high / step < 2.5:
            step /= 2
        return [step * n for n in range(int(self.high / step) + 1)]
