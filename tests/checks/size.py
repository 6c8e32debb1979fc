#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hypervisor's text and data together are at most 256 KiB."""

import os

import common

LIMIT = 256 * 1024


def problems_of(path, limit):
    # The second line of `size` begins with text (read-only data included)
    # and data.
    text, data = common.binutils("size", path).splitlines()[1].split()[:2]
    total = int(text) + int(data)
    if total > limit:
        return [f"{path}: text {text} + data {data} = {total} bytes, "
                f"over the budget of {limit}"]
    return []


def check():
    return problems_of(os.path.join(common.BUILD, "hypervisor.elf"), LIMIT)


def compiled(size, expected):
    text = f"char x[{size}] = {{1}};\n"
    return lambda directory: (
        problems_of(common.compile_c(text, directory), 4096), expected)


common.main("size", check, {
    "too large": compiled(8192, True),
    "small enough": compiled(1024, False),
})
