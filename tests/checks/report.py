#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The report is a whole HTML page that shows every row, and loads nothing."""

import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile

import common

VOID = {"meta", "br", "line", "rect", "path"}
LOADS = {"src", "srcset", "data", "poster", "background", "action"}
HOSTILE = '<script>alert("&1")</script>'
NULLS = dict.fromkeys(("insns", "budget_insns", "ticks_median", "ticks_p25",
                       "ticks_p75", "ns_median", "bytes_per_s", "iterations",
                       "runs", "exits_by_name", "budget_exits"))


class Page(html.parser.HTMLParser):
    """Collects what is wrong with the page's form, and its words."""

    def __init__(self, text):
        super().__init__()
        self.problems = []
        self.open = []
        self.words = []
        self.ids = []
        self.links = []
        self.feed(text)
        self.close()
        self.problems += [f"<{tag}> is never closed" for tag in self.open]
        self.problems += [f"a link leads nowhere: {link}"
                          for link in self.links if link[1:] not in self.ids]
        self.problems += [f"the id {name} is there twice"
                          for name in set(self.ids) if
                          self.ids.count(name) > 1]

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.problems.append("it has a script")
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.problems.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            if name in LOADS or (name in ("href", "xlink:href") and
                                 not (value or "").startswith("#")):
                self.problems.append(f"<{tag} {name}> loads something")
            if name == "id":
                self.ids.append(value)
            if name == "href":
                self.links.append(value)
            if name == "aria-label":
                self.words.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes what is not open")

    def handle_data(self, data):
        self.words.append(data)
        if re.search(r"url\(|@import", data):
            self.problems.append("its style loads something")


def row(op="null_hypercall", way="hypercall", **fields):
    return {"op": op, "way": way, "engine": "pv", "accel": "tcg", **NULLS,
            **fields}


def timed(op, way, figure, **fields):
    return row(op, way, insns=figure, ticks_median=figure, ticks_p25=figure,
               ticks_p75=figure * 2, ns_median=figure / 2, **fields)


def make(directory, results, xen=None, exits=None, shares=None):
    """Runs the tool; returns its status, what it said, and the page."""
    bench = os.path.join(directory, "bench")
    os.makedirs(bench, exist_ok=True)
    for name, text in (("results", results), ("xen", xen),
                       ("meter", exits), ("shares", shares)):
        if text is not None:
            with open(os.path.join(bench, f"{name}.json"), "w") as file:
                file.write(text if isinstance(text, str) else json.dumps(text))
    run = subprocess.run(["tools/report"],
                         env={**os.environ, "BUILD": directory},
                         stderr=subprocess.PIPE, text=True,
                         stdin=subprocess.DEVNULL)
    path = os.path.join(bench, "report.html")
    if run.returncode != 0 or not os.path.exists(path):
        return run.returncode, run.stderr, None
    with open(path, encoding="utf-8") as file:
        return 0, run.stderr, file.read()


def problems_of(text, rows):
    page = Page(text)
    words = " ".join(page.words)
    return page.problems + [f"it does not name {name}" for fields in rows
                            for name in (fields["op"], fields["way"])
                            if name not in words]


# ---- pages that must be good ----

def good(results, xen=None, says=(), exits=None, shares=None):
    """No problems, and the page's words hold each of these."""
    def self_test(directory):
        status, said, text = make(directory, results, xen, exits, shares)
        if status != 0:
            return [f"no page: {said}"], False
        words = " ".join(Page(text).words)
        rows = results + (xen if isinstance(xen, list) else [])
        return problems_of(text, rows) + [
            f"it does not say '{word}'" for word in says
            if word not in words], False
    return self_test


# ---- files that must be refused ----

def refused(results, says):
    """No page, exit status 1, and these words to the user."""
    def self_test(directory):
        status, said, _ = make(directory, results)
        complaint = [] if status == 0 else [said]
        return [] if says not in said or "Traceback" in said else complaint, \
            True
    return self_test


def malformed(text):
    return lambda directory: (Page(text).problems, True)


SPAN = [timed("virtual_cli", "shared", 1.0),
        timed("virtual_cli", "trap", 1000.0, budget_insns=160)]

BATCHES = [timed(f"pte_batch_{size}", way, figure / size + least,
                 budget_insns=budget)
           for way, figure, least in (("batch", 200, 50), ("native", 3, 4))
           for size in (1, 2, 128)
           for budget in ([70] if (way, size) == ("batch", 128) else [None])]

PROGRAMS = [timed("lat_proc_exec", "native", 9000.0,
                  insns_by_part={"program": 1000, "guest kernel": 8000}),
            timed("lat_proc_exec", "hypercall", 27000.0, budget_exits=120,
                  insns_by_part={"guest kernel": 9000, "program": 1000,
                                 "mmu_update": 10000, "iret": 0},
                  exits_by_name={"iret": 70, "page_fault": 60, "few": -0.1}),
            timed("lat_sig", "hypercall", 500.0,
                  exits_by_name={f"reason_{n}": 9 - n for n in range(9)}),
            timed("bw_mem", "hypercall", 500.0, exits_by_name={}),
            timed("lat_pipe", "native", 500.0),
            row("boot_to_shell", "hypercall", ns_median=1.2e9)]

DISKS = [timed(f"blk_read_4k_d{depth}", way, figure / depth + 2000.0,
               depth=depth, insns_by_part=owned)
         for way, figure, owned in (
             ("native", 700, {"program": 100, "guest kernel": 2600}),
             ("domain0", 1400, None),
             ("split", 7000, {"program": 100, "guest kernel": 3000,
                              "other domain": 1700, "block": 2000,
                              "grant_hold": 2200, "copy": 165}))
         for depth in (1, 32)]

SELF_TESTS = {
    "a page with an open tag": malformed("<p><b>x</p>"),
    "a page with a picture from outside": malformed('<img src="//x">'),
    "a link that leads nowhere": malformed('<a href="#x">x</a>'),
    "an id that is there twice": malformed('<p id="x"></p><b id="x"></b>'),
    "a page with a script": malformed("<script></script>"),
    "nulls everywhere": good([row()], says=["not measured",
                                            "No figures of Xen"]),
    "one row": good([timed("iret", "hypercall", 47.0)],
                    says=["linear scale"]),
    "the longest exits": good(
        [row()], says=["The longest exit", "mmu_pin", "19,338", "20,000"],
        exits=[{"kind": "hypercall", "name": "mmu_pin", "longest": 19338,
                "seen": 7, "bound": 20000}]),
    "longest exits that are something else": good([row()], exits="[{}]"),
    "shares by weight": good(
        [row()], says=["Shares of a CPU", "1,024", "80.3 %", "what is fair"],
        shares=[{"weight": weight, "beside": 256, "share": share}
                for weight, share in ((64, 0.2), (1024, 0.803))]),
    "one share": good([row()], says=["50.0 %"], shares=[
        {"weight": 256, "beside": 256, "share": 0.5}]),
    "shares that are something else": good([row()], shares='[{"weight": "x"}]'),
    "only op and way": good([{"op": "iret", "way": "native"}]),
    "a thousand-fold span": good(SPAN, says=["log scale", "exceeded"]),
    "less than nothing": good(
        SPAN + [timed("virtual_cli", "native", -0.3)],
        says=["less than the axis shows"]),
    "zeros": good([timed("iret", "native", 0)]),
    "names that are markup": good(
        [timed(HOSTILE, HOSTILE, 3.0, engine=HOSTILE, accel=HOSTILE,
               exits_by_name={HOSTILE: 1})]),
    "Xen as the bench knew it": good(
        [timed("domain_create", "pctl", 2000.0, xen_insns=42000)],
        says=["21.0\N{MULTIPLICATION SIGN}", "tests/bench/budgets.txt"]),
    "Xen beside": good(SPAN, [timed("virtual_cli", "trap", 2500.0),
                              timed("pte_update", "trap", 5.0)],
                       says=["2.5\N{MULTIPLICATION SIGN}",
                             "Measured on Xen only", "Xen 2,500"]),
    "a Xen file that is no JSON": good(SPAN, "[{", says=["No figures of Xen"]),
    "sizes of a batch": good(
        BATCHES + [timed("pte_update", "trap", 400.0)],
        [timed("pte_batch_2", "batch", 900.0)],
        says=["batch: 250 of 1, 150 of 2, 51.6 of 128",
              "native: 7.0 of 1, 5.5 of 2, 4.0 of 128",
              "trap, one by one: 400", "Xen, batch: 900 of 2",
              "entries in a batch"]),
    "sizes that are domains": good(
        [timed("send_among_1", "hypercall", 86.0),
         timed("send_among_256", "hypercall", 87.0,
               exits_by_name={"hypercall": 1})],
        says=["hypercall: 86.0 of 1, 87.0 of 256", "linear scale",
              "other domains, alive beside it", "beside 256"]),
    "one size of a batch": good(BATCHES[:1], says=["batch: 250 of 1"]),
    "sizes without figures": good([row("pte_batch_1", "batch"),
                                   row("pte_batch_2", "batch")],
                                  says=["not measured"]),
    "sizes that take no time": good([timed("pte_batch_1", "native", 0),
                                     timed("pte_batch_2", "native", -1.0)],
                                    says=["less than the axis shows"]),
    "the parts of a null hypercall": good(
        [row("null_hypercall_breakdown_entry", insns=13.0),
         row("null_hypercall_breakdown_exit", insns=14.0)],
        says=["entry: 13.0 instructions", "52%"]),
    "exits of programs": good(PROGRAMS, says=[
        "70.0 iret, 60.0 page_fault; 4,500 ns natively, 13,500 here, 3.0",
        "lat_proc_exec by hypercall", "0 of 1", "others", "no exits",
        "not counted", "1.20 s", "lat_proc_exec: instructions: 9,000 guest "
        "kernel, 1,000 program, 10,000 mmu_update", "50%", "8,000"]),
    "parts that are none": good([
        timed("lat_sig", "hypercall", 5.0, insns_by_part={"program": 0})]),
    "requests to disks": good(DISKS, says=[
        "native: 2,700 of 1, 2,022 of 32", "split: 9,000 of 1, 2,219 of 32",
        "requests under way", "Requests to disks",
        "blk_read_4k_d1: instructions: 100 program, 3,000 guest kernel, 1,700 "
        "other domain, 2,000 block, 2,200 grant_hold", "4,200", "47%"]),
    "notifications": good([
        row("blk_notify_per_req_d32", "split", insns=0.062, budget_insns=0.1)],
        says=["split: 0.062 of 32", "How often the two ends", "Notifications"]),
    "a file that is missing": refused(None, "run `make bench` first"),
    "half a file": refused('[{"op": "iret",', "is not whole JSON"),
    "no list": refused({"op": "iret"}, "is not a list"),
    "no rows": refused([], "has no rows"),
    "a row without a name": refused([{"way": "trap"}], "has no op"),
    "a figure that is a word": refused([row(insns="many")], "is no number"),
    "parts that are words": refused(
        [row(insns_by_part={"program": "few"})], "no numbers by name"),
    "a figure that is NaN": refused([row(insns=float("nan"))], "is no number"),
}


def check():
    """The page of the last bench, if there was one."""
    path = os.path.join(common.BUILD, "bench", "results.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        status, said, page = make(directory, text)
    if status != 0:
        return [said.strip()]
    return problems_of(page, json.loads(text))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    common.main("report", check, SELF_TESTS)
