#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table in docs/SENSITIVE.md is what the probe sees now, and the page
names only files and functions that there are. With another QEMU than the page's
the probe must run to its end; what it sees there is not judged."""

import contextlib
import io
import os
import re
import sys
from unittest import mock

import common

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "probe"))
import table  # pylint: disable=wrong-import-position

PATH = re.compile(r"`([a-z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)+)`")
FUNCTION = re.compile(r"`([a-z0-9_]+)\(\)`")


def stale(page, fresh):
    """The first line in which the two tables differ."""
    old, new = page.splitlines(), fresh.splitlines()
    for here, there in zip(old, new):
        if here != there:
            return [f"{table.PAGE}: '{here.strip()}' is now "
                    f"'{there.strip()}': run `make sensitive`"]
    if len(old) != len(new):
        return [f"{table.PAGE}: {len(old)} lines of table are now {len(new)}: "
                "run `make sensitive`"]
    return []


def all_words():
    words = set()
    for path in common.sources((".c", ".h", ".S", ".def")):
        with open(path, encoding="utf-8") as file:
            words |= set(re.findall(r"\w+", file.read()))
    return words


def unknown_names(text, words):
    problems = [f"{table.PAGE}: there is no file {path}"
                for path in PATH.findall(text) if not os.path.exists(path)]
    return problems + [f"{table.PAGE}: there is no function {name}()"
                       for name in FUNCTION.findall(text) if name not in words]


def check():
    try:
        before, page, after = table.read_page()
        version = table.qemu_version()
        fresh = table.generated(table.parse(table.run_both()), version)
    except table.Failed as failed:
        return [line for line in str(failed).splitlines() if line]
    names = unknown_names(before + after, all_words())
    if table.version_of(page) not in (None, version):
        print(f"SKIP: check sensitive, the table: {table.PAGE} was made with "
              f"QEMU {table.version_of(page)}, and this is {version}")
        return names
    return stale(page, fresh) + names


# ---- self-tests ----

def console_with(ring0, ring3, parapet):
    return "group | ring0 | Flags\n" + "".join(
        f"probe | {name} | cli | control | {seen}\n" for name, seen in
        (("ring0", ring0), ("ring3", ring3), ("parapet", parapet)))


def text_of(parapet, ring0="ran | on = 0 |", ring3="#GP | - |"):
    return table.generated(table.parse(console_with(ring0, ring3, parapet)),
                           "7.2")


def undefined_natively(parapet):
    return text_of(parapet, "#UD | - |", "#UD | - |")


EMULATED = text_of("ran | on = 0 | emulated=1")


def pages(page, fresh, expected):
    return lambda directory: (stale(page, fresh), expected)


def says(text, words):
    return lambda directory: ([] if words in text else [f"no '{words}'"],
                              False)


def names(text, expected):
    return lambda directory: (unknown_names(text, {"pv_emulate"}), expected)


def lost_row(directory):
    """A pass that ended early must not look like a table."""
    try:
        table.parse("probe | ring0 | cli | control | ran | - |\n")
    except table.Failed as failed:
        return [str(failed)], True
    return [], True


def updated(version, any_qemu=False):
    """What an update by this QEMU makes of a page that 7.2 has made."""
    written = []
    page = "before", EMULATED, "after"
    with mock.patch.object(table, "read_page", lambda: page), \
            mock.patch.object(table, "write_page",
                              lambda *parts: written.append(parts)), \
            contextlib.redirect_stdout(io.StringIO()) as said:
        table.update(text_of("#GP | - | reflected=1"), version, any_qemu)
    return said.getvalue(), bool(written)


def writes(version, expected, any_qemu=False):
    return lambda directory: (["written"] if updated(version, any_qemu)[1]
                              else [], expected)


SELF_TESTS = {
    "another verdict": pages(EMULATED, text_of("#GP | - | reflected=1"), True),
    "another value": pages(EMULATED, text_of("ran | on = 1 | emulated=1"),
                           True),
    "a lost line": pages(EMULATED, EMULATED + "more\n", True),
    "the same table": pages(EMULATED, EMULATED, False),
    "a pass without the row": lost_row,
    "what is emulated": says(EMULATED, "emulated, the same"),
    "what is refused": says(text_of("#GP | - | reflected=1"), "refused: #GP"),
    "what is silent": says(text_of("ran | on = 1 |"),
                           "**silently different**: on = 1"),
    "natively undefined, here emulated": says(
        undefined_natively("ran | - | emulated=1"), "| emulated: done "),
    "natively undefined, in the sum": says(
        undefined_natively("ran | - | emulated=1"),
        "1 are undefined there, and not under Parapet: `cli`."),
    "natively undefined, refused": says(
        undefined_natively("#GP | - | reflected=1"), "refused: #GP"),
    "undefined everywhere": says(undefined_natively("#UD | - |"),
                                 "the same #UD"),
    "the page's QEMU writes it": writes("7.2", True),
    "another QEMU does not": writes("10.0", False),
    "another QEMU does if asked": writes("10.0", True, any_qemu=True),
    "another QEMU says what differs": says(
        updated("10.0")[0], "+| `cli` | control, privileged | on = 0 | #GP | "
        "refused: #GP |"),
    "another QEMU says why": says(updated("10.0")[0],
                                  "made with QEMU 7.2, and this is 10.0"),
    "a file that is not there": names("`hypervisor/nowhere.c`", True),
    "a function that is not there": names("`nothing()`", True),
    "a file and a function": names("`tests/run-tests.py`, `pv_emulate()`",
                                   False),
}


if __name__ == "__main__":
    common.main("sensitive", check, SELF_TESTS)
