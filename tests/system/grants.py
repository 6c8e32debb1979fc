#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hypervisor that forgets to flush what a grant was mapped by is found out."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
# pylint: disable=wrong-import-position
import edit
import machine
from machine import BUILD, expect, expect_status, test

# What the hypervisor is built from.
PARTS = ("Makefile", "abi", "docs", "guest-kernel", "hypervisor", "lib",
         "tests", "tools", "user")
# Which of the directories in BUILD: its objects, so that few are built again.
OBJECTS = ("host", "host-lib", "hv", "tool")

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def copy_all():
    """The sources and the objects; the makefiles find them at the same
    places."""
    for part in PARTS:
        copy = shutil.copytree if os.path.isdir(part) else shutil.copy2
        copy(part, os.path.join(scratch.name, part))
    build = os.path.join(scratch.name, "build")
    os.makedirs(build)
    for name in os.listdir(BUILD):
        path = os.path.join(BUILD, name)
        if name in OBJECTS:
            shutil.copytree(path, os.path.join(build, name))
        elif os.path.isfile(path) and not name.endswith((".elf", ".cpio")):
            shutil.copy2(path, build)


def built_without(statements):
    """The hypervisor's image, with a statement taken out of each function."""
    copy_all()
    for function, statement in statements.items():
        path, text = edit.replace_in_function(
            os.path.join(scratch.name, "hypervisor"), function, statement, ";")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    image = os.path.join("build", "hypervisor.elf")
    expect_status(machine.complete(
        ["make", "-C", scratch.name, "DOCTOR=0", image],
        env=machine.environment(BUILD="build"), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT), machine.OK)
    return os.path.join(scratch.name, image)


@test("grants: without the flush of an unmap control_grant_stale fails")
def stale():
    image = built_without({"unmap_some": "flush(c->m);",
                           "unmap_short": "flush(m);"})
    # QEMU takes the last -kernel.
    result = machine.complete(
        ["tests/kernels/run", "--meter", "off", "control_grant_stale"],
        stdout=subprocess.PIPE,
        env=machine.environment(QEMU_EXTRA=f"-kernel {image}"))
    expect(result.status != machine.OK and
           "a partner has written entry" in result.output, result.shown())


machine.run_all()
