#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the change of one mutation to the hypervisor's sources below DIR, and
prints which file that is.

    tests/mutations/mutate.py DIR FILE.mutation

The file says what tests/mutations/run does with it, and here:

    Function: the function that is changed, wherever in hypervisor/ it is
    Replace:  a statement or an expression in it, laid out anyhow
    By:       what stands there instead; a statement that goes becomes ;

What is longer than a line goes on in lines that are indented.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import edit  # pylint: disable=wrong-import-position

FIELD = re.compile(r"^([A-Z][\w ]*):[ ]*(.*\n(?:[ ].*\n)*)", re.M)


def fields(path):
    with open(path, encoding="utf-8") as file:
        found = {name: value.strip()
                 for name, value in FIELD.findall(file.read())}
    for name in ("Function", "Replace", "By"):
        if not found.get(name):
            raise edit.Refused(f"{path} does not say '{name}:'")
    return found


def changed(directory, path):
    """The file that the mutation changes, and its new text."""
    change = fields(path)
    return edit.replace_in_function(
        os.path.join(directory, "hypervisor"), change["Function"],
        change["Replace"], change["By"])


def mutate(directory, path):
    source, text = changed(directory, path)
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    print(os.path.relpath(source, directory))


if __name__ == "__main__":
    try:
        mutate(*sys.argv[1:])
    except edit.Refused as refused:
        sys.exit(f"{refused}")
