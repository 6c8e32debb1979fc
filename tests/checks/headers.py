#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone, twice in a row, with its world's flags."""

import os
import subprocess

import common

HV = ("HV_CFLAGS", [])
GK_PV = ("GK_CFLAGS", ["-Iguest-kernel/privops/pv"])
GK_NATIVE = ("GK_CFLAGS", ["-Iguest-kernel/privops/native"])
MG = ("MG_CFLAGS", [])
# Guests of others, which need not be in GNU's C.
C11 = ("MG_CFLAGS", ["-std=c11"])
WORLDS = {
    "abi": (HV, GK_PV, C11),
    "lib": (HV, GK_PV),
    "hypervisor": (HV,),
    "pvdrivers": (GK_PV,),
    "guest-kernel": (GK_PV, GK_NATIVE),
    "guest-kernel/privops/pv": (GK_PV,),
    "guest-kernel/privops/native": (GK_NATIVE,),
    "tests/kernels": (MG,),
    "tests/probe": (MG,),
}
# For assembly only, which their names say.
ASSEMBLY = "_asm.h"


def worlds_of(header):
    return WORLDS[max((directory for directory in WORLDS
                       if header.startswith(directory + "/")), key=len)]


def problem_of(header, flags, root="."):
    text = f'#include "{header}"\n#include "{header}"\n'
    result = subprocess.run(
        [os.environ.get("CC", "gcc"), *flags, *common.flags("LIBFDT_INC"),
         "-fsyntax-only", "-x", "c", "-"],
        input=text, text=True, cwd=root, stderr=subprocess.PIPE)
    if result.returncode == 0:
        return []
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    return [f"{header}: {(errors or ['does not compile'])[0]}"]


def check():
    problems = []
    for header in common.sources((".h",), WORLDS):
        if not header.endswith(ASSEMBLY):
            for world, more in worlds_of(header):
                problems += problem_of(header, common.flags(world) + more)
    return problems


def header_of(text, expected):
    def self_test(directory):
        with open(os.path.join(directory, "x.h"), "w") as file:
            file.write(text)
        return (problem_of("x.h", common.flags("HV_CFLAGS"), directory),
                expected)
    return self_test


common.main("headers", check, {
    "a missing include": header_of("#pragma once\nuint32_t f(void);\n", True),
    "no include guard": header_of("struct x { int y; };\n", True),
    "a good header": header_of("#pragma once\nint f(void);\n", False),
})
