#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples in C of docs/ABI.md compile as they stand, as a guest's code.

EXTENDING.md's are built and run by tests/system/extending.py.
"""

import os
import re
import subprocess

import common

PAGE = "docs/ABI.md"
EXAMPLE = re.compile(r"^```c\n(.*?)^```$", re.M | re.S)


def problems_of(text):
    examples = list(EXAMPLE.finditer(text))
    problems = [] if examples else [f"{PAGE}: no example in C was found"]
    for example in examples:
        # Its lines count as the page's; nobody calls what it defines.
        line = text.count("\n", 0, example.start(1)) + 1
        result = subprocess.run(
            [os.environ.get("CC", "gcc"), *common.flags("MG_CFLAGS"),
             "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-"],
            input=f'#line {line} "{PAGE}"\n{example.group(1)}', text=True,
            stderr=subprocess.PIPE)
        if result.returncode:
            errors = [error for error in result.stderr.splitlines()
                      if "error" in error]
            problems.append((errors or [f"{PAGE}:{line}: does not compile"])[0])
    return problems


def check():
    with open(PAGE) as file:
        return problems_of(file.read())


def page(text, expected):
    return lambda _: (problems_of(text), expected)


common.main("examples", check, {
    "a page without one": page("Text.\n", True),
    "a name that there is not": page("```c\nint x = y;\n```\n", True),
    "a second one that is wrong":
        page("```c\nint x;\n```\nText.\n```c\nint x\n```\n", True),
    "a good one": page("```c\nstatic int f(void)\n{\n    return 1;\n}\n```\n",
                       False),
})
