#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of advisories in tests/kernels/grants_xsa.c is whole and true.

Each row begins with an advisory's number, and the numbers rise. A test that the
last column names is a function of the file named before it, or of this one; and
each test_xsa_N here has a row. clang-format breaks a line of more than 80
columns, and the table with it: this notices.
"""

import os
import re

import common

DIRECTORY = "tests/kernels"
TABLE = "grants_xsa.c"
HEAD = re.compile(r"^ \*   XSA  .*(?=\btest$)")
# Two digits have a blank more.
FIRST = re.compile(r"^ \*   (\d+(?:, \d+)*) {2,3}\S")
# Another line of the row; its first cell is empty.
MORE = re.compile(r"^ \* {8}\s*\S")
# What the last column names: a file, or a test.
NAME = re.compile(r"\b(?:(\w+):|(test_\w+))")


def table_of(text):
    """The table's lines, each with its number, and its last column's place."""
    lines = list(enumerate(text.splitlines(), 1))
    for i, (_, line) in enumerate(lines):
        if head := HEAD.match(line):
            rows = []
            for number, row in lines[i + 1:]:
                if not row[2:].strip():
                    break
                rows.append((number, row))
            return rows, head.end()
    return [], 0


def rows_of(lines, column):
    """(line, advisories, last column) of each row; and what is no row."""
    rows, problems = [], []
    for number, line in lines:
        first = FIRST.match(line)
        if not (first or (rows and MORE.match(line))) or \
                line[column - 1:column].strip():
            problems.append(f"{number}: the row is broken:{line[2:]}")
            continue
        if first:
            rows.append([number, [int(n) for n in first[1].split(", ")], ""])
        rows[-1][2] += " " + line[column:].strip()
    return rows, problems


def has_test(directory, name, test):
    path = os.path.join(directory, name + ".c")
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        return re.search(rf"^static void {test}\(", file.read(), re.M)


def untrue(directory, number, cell):
    """What one row names that there is not."""
    name = os.path.splitext(TABLE)[0]
    for file, test in NAME.findall(cell):
        name = file or name
        if test and not has_test(directory, name, test):
            yield f"{number}: there is no {test} in {name}"


def problems_of(directory, text):
    lines, column = table_of(text)
    rows, problems = rows_of(lines, column)
    named = "".join(cell for _, _, cell in rows)
    numbers = [n for _, advisories, _ in rows for n in advisories]
    if not rows:
        problems.append("1: there is no table")
    if numbers != sorted(set(numbers)):
        problems.append("1: the advisories' numbers do not rise")
    for number, _, cell in rows:
        problems += untrue(directory, number, cell)
    for test in re.findall(r"^static void (test_xsa_\d+)\(", text, re.M):
        if not re.search(rf"\b{test}\b", named):
            problems.append(f"1: no row names {test}")
    return problems


def check(directory=DIRECTORY):
    path = os.path.join(directory, TABLE)
    with open(path, encoding="utf-8") as file:
        return [f"{path}:{problem}"
                for problem in problems_of(directory, file.read())]


# ---- self-tests ----

GOOD = """\
/* The table.
 *
 *   XSA  kind of mistake          here     test
 *   217  a page changes hands     applies  test_xsa_217
 *        while it is mapped
 *   218  two unmaps at once       applies  other:
 *                                          test_take_back
 *   219, 220  none of ours        none
 *
 */
static void test_xsa_217(void)
"""


def table(old, new, expected):
    """The good table with a change, beside a file with one test."""
    def self_test(directory):
        for name, text in (("other.c", "static void test_take_back(void)\n"),
                           (TABLE, GOOD.replace(old, new))):
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        return check(directory), expected
    return self_test


if __name__ == "__main__":
    common.main("advisories", check, {
        "a good table": table("", "", False),
        "no table": table("XSA", "ASX", True),
        "rows that flow into each other":
            table("   218  two", " all 218 two", True),
        "a cell that reaches into the last column":
            table("applies  other", "applies, another", True),
        "a test that has gone": table("test_take_back", "test_gone", True),
        "a file that has gone": table("other:", "another:", True),
        "a test without a row":
            table("applies  test_xsa_217", "applies", True),
        "numbers that do not rise": table("218", "216", True),
    })
