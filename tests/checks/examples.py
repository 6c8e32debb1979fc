#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples in C of some pages compile as they stand, as a guest's code.

EXTENDING.md's are built and run by tests/system/extending.py.
"""

import os
import re
import subprocess

import common

PAGES = ["docs/ABI.md", "docs/GRANTS.md"]
EXAMPLE = re.compile(r"^```c\n(.*?)^```$", re.M | re.S)


def problems_of(text, page="a page"):
    examples = list(EXAMPLE.finditer(text))
    problems = [] if examples else [f"{page}: no example in C was found"]
    for example in examples:
        # Its lines count as the page's; nobody calls what it defines.
        line = text.count("\n", 0, example.start(1)) + 1
        result = subprocess.run(
            [os.environ.get("CC", "gcc"), *common.flags("MG_CFLAGS"),
             "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-"],
            input=f'#line {line} "{page}"\n{example.group(1)}', text=True,
            stderr=subprocess.PIPE)
        if result.returncode:
            errors = [error for error in result.stderr.splitlines()
                      if "error" in error]
            problems.append((errors or [f"{page}:{line}: does not compile"])[0])
    return problems


def check():
    problems = []
    for page in PAGES:
        with open(page) as file:
            problems += problems_of(file.read(), page)
    return problems


def text_of(text, expected):
    return lambda _: (problems_of(text), expected)


common.main("examples", check, {
    "a page without one": text_of("Text.\n", True),
    "a name that there is not": text_of("```c\nint x = y;\n```\n", True),
    "a second one that is wrong":
        text_of("```c\nint x;\n```\nText.\n```c\nint x\n```\n", True),
    "a good one":
        text_of("```c\nstatic int f(void)\n{\n    return 1;\n}\n```\n", False),
})
