#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every source says in its first three lines that its licence is MIT."""

import os

import common

TAG = "SPDX-License-Identifier: MIT"
EXTENSIONS = (".c", ".h", ".S", ".def", ".lds", ".mk", ".py", ".sh", ".dts",
              ".dtsi", ".gdb", "Makefile")


def has_tag(path):
    with open(path, errors="replace") as file:
        return any(TAG in file.readline() for _ in range(3))


def is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def check(root="."):
    paths = common.sources(EXTENSIONS, root=root)
    paths += [path for path in common.sources(("",), root=root)
              if is_script(os.path.join(root, path))]
    paths += [name for name in ("Makefile", ".ci/run")
              if os.path.exists(os.path.join(root, name))]
    return [f"{path}: no SPDX line" for path in sorted(set(paths))
            if not has_tag(os.path.join(root, path))]


def file_with(name, text, expected):
    def self_test(directory):
        os.mkdir(os.path.join(directory, "lib"))
        with open(os.path.join(directory, "lib", name), "w") as file:
            file.write(text)
        return check(directory), expected
    return self_test


common.main("licence", check, {
    "a C file without": file_with("x.c", "int x;\n", True),
    "a script without": file_with("x", "#!/bin/sh\ntrue\n", True),
    "a C file with": file_with("x.c", f"/* {TAG} */\n", False),
})
