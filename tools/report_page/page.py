# SPDX-License-Identifier: MIT
"""The page: one HTML file with its style and its charts inside.

It loads nothing, and its Content-Security-Policy says so to the browser.
"""

import os
from html import escape

from . import (chart, claims, data, figures, longest, owners, plot, programs,
               shares, words)

STYLE = os.path.join(os.path.dirname(__file__), "style.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def element(tag, inner, **attributes):
    names = "".join(f' {name.rstrip("_").replace("_", "-")}='
                    f'"{escape(str(value))}"'
                    for name, value in attributes.items())
    return f"<{tag}{names}>{inner}</{tag}>"


# ---- above the charts ----

def facts_list(facts):
    return element("dl", "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()), class_="facts")


def claims_list(rows):
    items = "".join(
        element("li", f"<b>{escape(claim.figure)}</b>"
                f"{escape(claim.sentence)}<br>" +
                element("span", f"{escape(claim.verdict)} "
                        f"({escape(claim.expected)})",
                        class_="verdict" if claim.holds else "verdict no"))
        for claim in claims.found(rows))
    return ("<h2>In short</h2>" + element("ul", items, class_="claims")
            if items else "")


def legend(rows, has_xen):
    ways = dict.fromkeys(row.way for row in rows)
    items = [(way, f"<b>{escape(way)}</b> "
              f"{escape(words.WAYS.get(way, ''))}") for way in ways]
    items += [("budget", "<b>budget</b> the bar must end at or before this "
               "mark (instructions only)"),
              ("whisker", "<b>quartiles</b> the middle half of the time "
               "samples; the bar ends at their median")]
    if has_xen:
        items += [("xen", "<b>Xen</b> the same operation on its "
                   "paravirtual path, in the same emulator")]
    return element("ul", "".join(
        f"<li>{chart.sample(kind)}<span>{text}</span></li>"
        for kind, text in items), class_="legend")


# ---- the table of contents ----

def block_id(name):
    return f"op-{name}"


def contents(chapters):
    """Links: a chapter is (its id, its heading, the operations in it)."""
    def links(names):
        return " ".join(f'<a href="#{escape(block_id(name))}"><code>'
                        f"{escape(name)}</code></a>" for name in names)

    items = "".join(
        element("li", f'<a href="#{anchor}">{escape(heading)}</a>' +
                (element("p", links(names)) if names else ""))
        for anchor, heading, names in chapters)
    return element("nav", element("ol", items), class_="contents",
                   aria_label="Contents")


# ---- the charts ----

def exits_words(row):
    if row.exits is None:
        return "not counted"
    return ", ".join(f"{count:g} {name}"
                     for name, count in row.exits.items()) or "none"


def exits_line(rows):
    if all(row.exits is None for row in rows):
        return ""
    ways = " \N{MIDDLE DOT} ".join(
        f"<b>{escape(row.label)}</b> {escape(exits_words(row))}"
        for row in rows if row.exits is not None)
    return element("p", f"Exits to the hypervisor for one operation: {ways}",
                   class_="exits")


def image(panel, name, rows, by_key):
    """Lines for a series of sizes, else bars."""
    if any(row.size is None for row in rows):
        return chart.chart(panel, name, rows)
    return plot.plot(panel, name, rows, by_key.get(plot.SINGLE.get(name)))


def block(name, rows, panels, by_key):
    if name.startswith(data.OF_NOTICES):
        panels = [chart.Notices(rows)]
    what = words.OPERATIONS.get(name, words.NO_WORDS)
    pair = "".join(element("div", image(panel, name, rows, by_key))
                   for panel in panels)
    return element("section",
                   f"<h3><code>{escape(name)}</code></h3>"
                   f'<p class="what">{escape(what)}</p>' +
                   element("div", pair, class_="pair") + exits_line(rows),
                   class_="op", id=block_id(name))


def charts(rows):
    of_same = [row for row in rows if not row.op.startswith(data.OF_NOTICES)]
    panels = chart.Instructions(of_same), chart.Time(of_same)
    by_key = {row.key: row for row in rows}
    return "".join(block(name, members, panels, by_key)
                   for name, members in data.blocks(rows).items())


def what_programs_see(rows):
    """Their own heading, the picture of all of them, and a chart of each."""
    if not rows:
        return ""
    pairs = programs.pairs_of(rows)
    names = programs.coloured(pairs)
    whose = owners.overview(pairs, names)
    return (f'<h2 id="programs">{words.PROGRAMS}</h2>'
            f"<p>{words.PROGRAMS_LEAD}</p>" + programs.overview(pairs, names) +
            (f"<p>{words.OWNERS_LEAD}</p>{whose}" if whose else "") +
            charts(rows))


def requests_to_disks(rows):
    """Whose their instructions are, and a plot of each size by depth."""
    if not rows:
        return ""
    pairs = programs.pairs_of([row for row in rows if row.way in
                               ("native", "split") and row.parts])
    names = owners.coloured(pairs)
    whose = owners.overview(pairs, names)
    return (f'<h2 id="disks">{words.DISKS}</h2><p>{words.DISKS_LEAD}</p>' +
            (f"<p>{words.DISKS_OWNERS_LEAD}</p>{whose}" if whose else "") +
            charts(rows))


def breakdown(parts):
    """Where the instructions of a null hypercall go; nothing if unknown."""
    if not parts:
        return ""
    names = [part.op[len(data.BREAKDOWN):] for part in parts]
    total = sum(part.insns or 0 for part in parts)
    items = "".join(f"<li><span></span><span><b>{escape(name)}</b> "
                    f"{escape(words.STAGE_WORDS.get(name, ''))}</span></li>"
                    for name in names)
    return (f'<h2 id="breakdown">{words.STAGES}</h2>'
            f"<p>The guest was stepped through {parts[0].iterations or 'some'} "
            "null hypercalls, and each instruction booked on one part of the "
            f"way: {figures.short(total)} on average. Counts only: a part is "
            "too short to have a time of its own.</p>" +
            element("section", element("div", element(
                "div", chart.parts(names, parts)) + element(
                    "ul", items, class_="stages"), class_="pair"),
                    class_="op"))


# ---- below the charts ----

def mislead():
    return (f'<h2 id="mislead">{words.MISLEAD_HEAD}</h2>' +
            element("div", "".join(
                f"<p><b>{escape(head)}</b> {escape(text)}</p>"
                for head, text in words.MISLEAD), class_="mislead"))


COLUMNS = (
    ("instructions", lambda row: row.insns),
    ("budget", lambda row: row.budget_insns),
    ("Xen instr.", lambda row: row.xen and row.xen.insns),
    ("ns median", lambda row: row.ns_median),
    ("Xen ns", lambda row: row.xen and row.xen.ns_median),
    ("ticks median", lambda row: row.ticks_median),
    ("ticks p25", lambda row: row.ticks_p25),
    ("ticks p75", lambda row: row.ticks_p75),
    ("exits", lambda row: row.nr_exits),
    ("exits' budget", lambda row: row.budget_exits),
    ("bytes per s", lambda row: row.bytes_per_s),
    ("operations in a sample", lambda row: row.iterations),
    ("samples", lambda row: row.runs),
)


def table_row(row, columns):
    cells = "".join(
        element("td", figures.exact(value(row)),
                class_="over" if name == row.over_in else "number")
        for name, value in columns)
    return (f'<tr><th scope="row" class="word"><code>{escape(row.op)}</code>'
            f'</th><td class="word">{escape(row.way)}</td>{cells}'
            f'<td class="word">{escape(exits_words(row))}</td></tr>')


def table(caption, rows):
    """All figures; a column that no row has is left out."""
    columns = [(name, value) for name, value in COLUMNS
               if any(value(row) is not None for row in rows)]
    heads = "".join(f'<th scope="col">{escape(name).replace(" ", "<br>", 1)}'
                    "</th>" for name, _ in columns)
    head = ('<tr><th scope="col" class="word">operation</th>'
            f'<th scope="col" class="word">way</th>{heads}'
            '<th scope="col" class="word">exits for one operation</th></tr>')
    body = "".join(table_row(row, columns) for row in rows)
    return (f'<div class="scroll" tabindex="0" role="region" '
            f'aria-label="{escape(caption)}"><table>'
            f"<caption>{escape(caption)}</caption>"
            f"<thead>{head}</thead><tbody>{body}</tbody></table></div>")


def folded(caption, rows):
    """A table that opens when it is asked for: it is long."""
    if not rows:
        return ""
    return (f"<details><summary>{escape(caption)} ({len(rows)} rows)"
            f"</summary>{table(caption, rows)}</details>")


def all_figures(rows, only_xen):
    """By kind, so that none of the tables is endless."""
    parts, plain = data.split_breakdown(rows)
    of_programs = [row for row in plain if programs.is_program(row)]
    rest = [row for row in plain if row not in of_programs]
    of_disks = [row for row in rest if data.OF_DISKS.fullmatch(row.op)]
    rest = [row for row in rest if row not in of_disks]
    series = [row for row in rest if row.size is not None]
    return (f'<h2 id="figures">{words.FIGURES}</h2>'
            f"<p>{words.FIGURES_LEAD}</p>" +
            folded("Operations of a guest kernel",
                   [row for row in rest if row not in series]) +
            folded("The same, of series of many sizes", series) +
            folded("What programs see", of_programs) +
            folded("Requests to disks", of_disks) +
            folded("Parts of a null hypercall", parts) +
            folded("Measured on Xen only", only_xen))


# ---- the whole ----

def page(rows, xen_rows, facts, no_xen=None, exits=(), by_weight=()):
    """The HTML; no_xen says why there are no rows of Xen; exits are those of
    bench_lib/meter.py, by_weight those of bench_lib/shares.py."""
    only_xen = data.join(rows, xen_rows)
    parts, plain = data.split_breakdown(rows)
    of_programs = [row for row in plain if programs.is_program(row)]
    of_disks = [row for row in plain if data.OF_DISKS.fullmatch(row.op)]
    of_kernels = [row for row in plain if row not in of_programs and
                  row not in of_disks and row.op != claims.TO_SHELL[0]]
    has_xen = any(row.xen for row in rows)
    words_of_xen = (words.OLD_XEN if has_xen else words.NO_XEN)
    warning = (f'<p class="warning">{words_of_xen} {escape(no_xen)}</p>'
               if no_xen else "")
    with open(STYLE, encoding="utf-8") as file:
        style = file.read()
    chapters = [("operations", words.OPERATION_BY_OPERATION,
                 data.blocks(of_kernels)),
                ("programs", words.PROGRAMS, data.blocks(of_programs)),
                ("disks", words.DISKS, data.blocks(of_disks)),
                ("breakdown", words.STAGES, []),
                ("shares", words.SHARES, []),
                ("longest", words.LONGEST, []),
                ("mislead", words.MISLEAD_HEAD, []),
                ("figures", words.FIGURES, [])]
    chapters = [chapter for chapter in chapters
                if (chapter[0] != "programs" or of_programs) and
                (chapter[0] != "disks" or of_disks) and
                (chapter[0] != "breakdown" or parts) and
                (chapter[0] != "shares" or by_weight) and
                (chapter[0] != "longest" or exits)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Parapet: {words.TITLE.lower()}</title>"
        f"<style>\n{style}</style></head>\n<body><header>"
        f"<h1>{words.TITLE}</h1>"
        f'<p class="lead">{words.LEAD}</p>{facts_list(facts)}{warning}'
        f"{contents(chapters)}</header>\n<main>{claims_list(plain)}"
        f'<h2 id="operations">{words.OPERATION_BY_OPERATION}</h2>'
        "<p>Shorter is better everywhere. All bars of a column have the "
        "same axis, so different operations can be compared. Before "
        'drawing conclusions, read <a href="#mislead">how these numbers '
        "mislead</a>.</p>"
        f"{legend(plain, has_xen or bool(xen_rows))}{charts(of_kernels)}\n"
        f"{what_programs_see(of_programs)}\n"
        f"{requests_to_disks(of_disks)}\n"
        f"{breakdown(parts)}\n{shares.section(by_weight)}\n{longest.section(exits)}\n{mislead()}\n"
        f"{all_figures(rows, only_xen)}</main>\n<footer>Made by <code>make report"
        "</code> from the figures of <code>make bench</code> and <code>make "
        "bench-xen</code>. docs/BENCH.md says how each row is measured."
        "</footer></body></html>\n")
