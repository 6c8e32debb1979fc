#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clang-format would change nothing: `make format` was run.

Only the version that decides is asked (tools/format).
"""

import os
import subprocess
import sys

import common


def deciding_program():
    """The clang-format to ask, or a line that says why there is none."""
    found = subprocess.run(["tools/format", "--program"], text=True,
                           capture_output=True)
    if found.returncode == 3:
        print(f"SKIP: check layout: {found.stderr.strip()}")
        sys.exit(0)
    found.check_returncode()
    return found.stdout.strip()


PROGRAM = deciding_program()


def problems_of(paths):
    result = subprocess.run([PROGRAM, "--dry-run", *paths],
                            stderr=subprocess.PIPE, text=True, check=True)
    return sorted({line.split(":")[0] + ": run `make format`"
                   for line in result.stderr.splitlines()
                   if "clang-format-violations" in line})


def check():
    return problems_of(common.sources((".c", ".h")))


def file_with(text, expected):
    def self_test(directory):
        path = os.path.join(directory, "x.c")
        with open(path, "w") as file:
            file.write(text)
        with open(".clang-format") as rules, \
                open(os.path.join(directory, ".clang-format"), "w") as copy:
            copy.write(rules.read())
        return problems_of([path]), expected
    return self_test


common.main("layout", check, {
    "two blanks": file_with("int  x;\n", True),
    "one blank": file_with("int x;\n", False),
})
