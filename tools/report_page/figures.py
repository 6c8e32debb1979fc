# SPDX-License-Identifier: MIT
"""How figures are written: few digits in charts, all of them in the table."""

NOTHING = "\N{EN DASH}"


def short(figure):
    """Three digits or so: what a chart has room for."""
    if figure is None:
        return NOTHING
    size = abs(figure)
    if size >= 1e8:
        return f"{figure:.2e}"
    if 0 < size < 0.1:
        return f"{figure:.3f}".replace("-", "\N{MINUS SIGN}")
    text = f"{figure:,.0f}" if size >= 100 else f"{figure:.1f}"
    return text.replace("-", "\N{MINUS SIGN}")


def span(low, high):
    """From one figure to another, in thousands where that is shorter."""
    if high >= 1e4:
        return f"{short(low / 1e3)}{NOTHING}{short(high / 1e3)}k"
    return f"{short(low)}{NOTHING}{short(high)}"


def tick(figure):
    """Short, for labels stand side by side."""
    if figure >= 1e6:
        return f"{figure:.0e}".replace("+0", "").replace("+", "")
    if figure >= 1e4:
        return f"{figure / 1e3:,g}k"
    return f"{figure:,.0f}" if figure == int(figure) else f"{figure:g}"


def exact(figure):
    """As the JSON has it."""
    return NOTHING if figure is None else f"{figure:,}"


def times(factor):
    if factor is None:
        return NOTHING
    digits = 0 if factor >= 99.5 else 1
    return f"{factor:,.{digits}f}\N{MULTIPLICATION SIGN}"
