# SPDX-License-Identifier: MIT
"""Edits of C sources that name what they change, and no line number.

They serve tests that work on a copy of the tree. What is to be changed has to
be there once: else these raise Refused, with words for whoever reads the test.
"""

import os
import re


class Refused(Exception):
    """What is to be changed is not there, or more than once."""


def once(found, where, what):
    """The only one of what was found."""
    if not found:
        raise Refused(f"{where} has no {what}")
    if len(found) > 1:
        raise Refused(f"{where} has {len(found)} times, not once: {what}")
    return found[0]


def functions(text, name):
    """Matches of the functions of this name, each with the comment above it,
    up to the brace in the first column; their group 'body' is in braces. The
    type may be on a line of its own."""
    return list(re.finditer(
        r"(?:^/\*(?:(?!\*/).)*\*/\n)?"
        rf"(?:^\w[^\n;]*\b|^\w[^\n;{{}}]*\n){re.escape(name)}"
        r"\([^;{]*\)\n(?P<body>\{\n.*?^\}\n)", text, re.M | re.S))


def replace_text(where, text, old, new):
    """Exactly the old text becomes the new one."""
    once(re.findall(re.escape(old), text), where, old)
    return text.replace(old, new)


def replace_function(where, text, name, code):
    """The whole function, with the comment above it, becomes the code."""
    found = once(functions(text, name), where, f"function {name}")
    return text[:found.start()] + code + text[found.end():]


def tokens_pattern(code):
    """Matches the code, however it is laid out."""
    tokens = re.findall(r"\w+|[^\w\s]", code)
    pattern = re.escape(tokens[0])
    for before, token in zip(tokens, tokens[1:]):
        words = re.match(r"\w", before) and re.match(r"\w", token)
        pattern += (r"\s+" if words else r"\s*") + re.escape(token)
    begin = r"\b" if re.match(r"\w", tokens[0]) else ""
    end = r"\b" if re.match(r"\w", tokens[-1]) else ""
    return re.compile(begin + pattern + end)


def replace_in_function(root, name, old, new):
    """A statement or an expression in a function, wherever below root that
    is. Returns the path of its file and the file's new text."""
    found = []
    for directory, _, files in os.walk(root):
        for path in (os.path.join(directory, file) for file in sorted(files)
                     if file.endswith((".c", ".h"))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if name in text:  # most files are done with that
                found += [(path, text, match)
                          for match in functions(text, name)]
    path, text, match = once(found, root, f"function {name}")
    start, end = match.span("body")
    body = match["body"]
    place = once(list(tokens_pattern(old).finditer(body)),
                 f"{name} in {path}", old)
    body = body[:place.start()] + new + body[place.end():]
    return path, text[:start] + body + text[end:]
