#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/applets finds in a busybox what it says of itself, and no more."""

import os
import subprocess
import sys

import common

BUSYBOX = os.environ.get("BUSYBOX", "/bin/busybox")


def read_names(path):
    result = subprocess.run(["tools/applets", path], text=True,
                            stdin=subprocess.DEVNULL, capture_output=True)
    return result.stdout.split(), result.stderr


def check():
    said = common.output([BUSYBOX, "--list"]).split()
    found, error = read_names(BUSYBOX)
    if found == said:
        return []
    differing = sorted(set(found) ^ set(said))
    return [f"{BUSYBOX}: {error.strip() or f'differing: {differing}'}"]


def file_with(content, expected, says=""):
    """A file whose names should be those expected, or none with a message."""
    def self_test(directory):
        path = os.path.join(directory, "program")
        with open(path, "wb") as file:
            file.write(content)
        found, error = read_names(path)
        good = found == expected and says in error
        return [] if good else [f"found {found}, {error}"], False
    return self_test


NAMES = "[ ash awk cat chmod cp dd echo grep ls sed sh wc".split()
TABLE = "\0".join(NAMES).encode() + b"\0"


def host_can_run_it():
    try:
        common.output([BUSYBOX, "--list"])
    except OSError:
        return False
    return True


if not host_can_run_it():
    print("SKIP: check applets: this host's CPU cannot run the guest's busybox")
    sys.exit(0)
common.main("applets", check, {
    "the table": file_with(b"\x7fELF\0\0" + TABLE + b"\0ls\0cat\0", NAMES),
    "strings right before and after it":
        file_with(b"usage\0" + TABLE + b"out of memory\0", NAMES),
    "no busybox": file_with(b"\x7fELF\0puts\0", [], "is no busybox"),
})
