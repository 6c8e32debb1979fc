#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every mutation finds what it changes, and once (tests/edit.py).

So whoever changes or moves a function learns it from `make check`, before the
mutations are run. The self-tests show what a mutation survives and what not.
"""

import glob
import os
import sys

import common

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "mutations"))
import mutate  # pylint: disable=wrong-import-position

FUNCTION = ("/* What it gives. */\nstatic int given(int a,\n"
            "                 int b)\n{\n    if (a)\n        return b;\n"
            "    return a + b;\n}\n")
ENTIRE = ("Function: given\nReplace: if (a) return b;\nBy: ;\n")


def problem(directory, path):
    """What the mutation does not find below the directory, in lines."""
    try:
        mutate.changed(directory, path)
    except mutate.edit.Refused as refused:
        return [f"{path}: {' '.join(str(refused).split())}"]
    return []


def check():
    paths = sorted(glob.glob("tests/mutations/*.mutation"))
    problems = [] if paths else ["tests/mutations has no mutation"]
    for path in paths:
        problems += problem(".", path)
    return problems


def write(directory, path, text):
    path = os.path.join(directory, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def mutation(expected, files, text=ENTIRE, result=None):
    """Of these files; the problem has the expected words, or the first file
    becomes what is the result."""
    def self_test(directory):
        for path, content in files.items():
            write(directory, f"hypervisor/{path}", content)
        found = problem(directory, write(directory, "x/x.mutation", text))
        if expected:
            return ([line for line in found if expected in line], True)
        changed = found or mutate.changed(
            directory, f"{directory}/x/x.mutation")[1]
        if not found and changed != result:
            found = [f"it became: {changed}"]
        return found, False
    return self_test


CHANGED = FUNCTION.replace("if (a)\n        return b;", ";")

common.main("mutations", check, {
    "in another directory": mutation(
        None, {"new/directory/x.h": FUNCTION}, result=CHANGED),
    "other neighbours": mutation(
        None, {"a.c": f"int a;\n\n{FUNCTION}\nint given(int a, int b);\n"},
        result=f"int a;\n\n{CHANGED}\nint given(int a, int b);\n"),
    "part of a longer name": mutation(
        "has no retur", {"a.c": FUNCTION},
        ENTIRE.replace("if (a) return b;", "retur")),
    "no such function": mutation(
        "no function given", {"a.c": FUNCTION.replace("given", "taken")}),
    "a function of that name twice": mutation(
        "2 times, not once: function given",
        {"a.c": FUNCTION, "b/a.h": FUNCTION}),
    "no such statement": mutation(
        "has no if (a) return b;", {"a.c": FUNCTION.replace("(a)", "(b)")}),
    "such a statement twice": mutation(
        "2 times, not once: b", {"a.c": FUNCTION},
        ENTIRE.replace("if (a) return b;", "b")),
    "no replacement": mutation(
        "does not say 'By:'", {"a.c": FUNCTION}, ENTIRE.replace("By: ;", "")),
})
