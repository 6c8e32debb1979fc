# SPDX-License-Identifier: MIT
"""The longest exit of each name, as tools/bench metered them."""

from html import escape

from . import figures, words

HEADS = ("instructions", "bound", "seen")


def line(row):
    over = row.bound and row.longest > row.bound
    return (f'<tr><th scope="row" class="word"><code>{escape(row.name)}</code>'
            f'</th><td class="word">{escape(row.kind)}</td>'
            f'<td class="{"over" if over else "number"}">'
            f"{figures.exact(row.longest)}</td>"
            f'<td class="number">{figures.exact(row.bound)}</td>'
            f'<td class="number">{figures.exact(row.seen)}</td></tr>')


def section(rows):
    """Nothing, where they were not metered."""
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    return (f'<h2 id="longest">{words.LONGEST}</h2>'
            f"<p>{words.LONGEST_LEAD}</p>"
            '<div class="scroll" tabindex="0" role="region" '
            f'aria-label="{words.LONGEST}"><table>'
            f"<caption>{words.LONGEST}</caption>"
            '<thead><tr><th scope="col" class="word">exit</th>'
            f'<th scope="col" class="word">kind</th>{heads}</tr></thead>'
            f"<tbody>{''.join(map(line, rows))}</tbody></table></div>")
