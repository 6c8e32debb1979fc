#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes point only where docs/DESIGN.md section 2 allows.

An include in quotes is relative to the root and must exist; one in angle
brackets is a freestanding header, or libfdt.h where it may be, or anything at
all for what runs on the host. The directories of the hypervisor and those of
the guest kernel have an order, and inside of each no file leads back to itself.
"""

import os
import re

import common

FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h",
                "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h"}
LIBFDT = FREESTANDING | {"libfdt.h"}
ANY = None

# The longest prefix of a file's path decides: which directories it may include
# from, and which system headers.
RULES = {
    "abi/": (("abi/",), FREESTANDING),
    "lib/": (("lib/",), FREESTANDING),
    "lib/builder/": (("abi/", "lib/"), LIBFDT),
    "hypervisor/": (("abi/", "lib/", "hypervisor/"), LIBFDT),
    "pvdrivers/": (("abi/", "lib/", "pvdrivers/"), FREESTANDING),
    "guest-kernel/": (("abi/", "lib/", "pvdrivers/", "guest-kernel/"), LIBFDT),
    "user/": (("abi/", "user/"), ANY),
    "user/pctl/": (("abi/", "lib/", "user/"), ANY),
    "tools/": (("abi/", "tools/"), ANY),
    "tests/unit/": (("",), ANY),
    "tests/fuzz/": (("",), ANY),
    "tests/kernels/": (("abi/", "lib/", "pvdrivers/", "tests/kernels/"),
                       FREESTANDING),
    "tests/bench/": (("abi/", "lib/", "pvdrivers/", "tests/"), FREESTANDING),
    "tests/probe/": (("abi/", "lib/", "tests/"), FREESTANDING),
    "tests/system/": (("abi/",), FREESTANDING),
    "tests/system/example-guest/": (("abi/", "pvdrivers/"), FREESTANDING),
}
# Found by an include path: irqflag.h in privops/pv or privops/native,
# whichever is built; the others are made by the build.
BY_PATH = {("hypervisor/", "asm_offsets.h"), ("guest-kernel/", "irqflag.h"),
           ("tests/unit/", "decode_listing.inc"),
           ("guest-kernel/", "syscall_names.inc")}
# From below to above: a file includes from its own directory and from those
# before it. docs/DESIGN.md section 2 says what each is.
LAYERS = {"hypervisor/": ("x86", "base", "mm", "core", "sched", "engine",
                          "build", "boot"),
          # "": what lies at its top. Its builds are last, since nothing but
          # their bench knows which of them it is.
          "guest-kernel/": ("", "x86", "privops", "core", "mm", "thread", "fs",
                            "block", "proc", "tty", "procfs", "monitor",
                            "boot", "dev", "privops/pv", "privops/native",
                            "pvenv", "control", "bench")}
# What is one engine's own: whose headers begin so, and who else may have them.
PRIVATE = {"hypervisor/engine/pv": ("hypervisor/engine/asm_offsets.c",)}
# Files of one directory that include each other in a circle (x.c and x.h are
# one), and why that stays.
CIRCLES = {
    ("hypervisor/build/bundle", "hypervisor/build/bundle_node"):
        "one reader in two files: bundle_node.h is private to it",
    ("hypervisor/x86/decode", "hypervisor/x86/decode_maps"):
        "one decoder in two files: decode_maps.h is private to it",
    ("guest-kernel/mm/area", "guest-kernel/mm/space",
     "guest-kernel/mm/space_parts", "guest-kernel/mm/table"):
        "an address space in parts, which know its rights from space.h",
    ("guest-kernel/thread/sched", "guest-kernel/thread/thread"):
        "a thread is born into the scheduler, which switches threads",
    ("guest-kernel/proc/exec", "guest-kernel/proc/exec_stack",
     "guest-kernel/proc/files", "guest-kernel/proc/oom",
     "guest-kernel/proc/process", "guest-kernel/proc/process_parts",
     "guest-kernel/proc/signal", "guest-kernel/proc/signal_frame",
     "guest-kernel/proc/syscall", "guest-kernel/proc/user"):
        "Unix's own knot: docs/DESIGN.md section 12",
    ("guest-kernel/tty/tty", "guest-kernel/tty/tty_parts"):
        "one terminal in several files: tty_parts.h is private to it",
    ("guest-kernel/bench/native", "guest-kernel/bench/native_memory",
     "guest-kernel/bench/native_user"):
        "one table of rows in three files",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def includes(path):
    with open(path) as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1) == "<", match.group(2)


def layer_of(path):
    """The layered directory and the layer's number there; or a problem."""
    for top, layers in LAYERS.items():
        if path.startswith(top):
            directory = os.path.dirname(path)[len(top):]
            while directory not in layers and "/" in directory:
                directory = os.path.dirname(directory)
            known = directory in layers
            return top, layers.index(directory) if known else None
    return None, None


def upward(path, name):
    """What is wrong with this include in the order of directories, or None."""
    (top, own), (other_top, other) = layer_of(path), layer_of(name)
    if top is None or top != other_top:
        return None
    if own is None or other is None:
        return f'"{path if own is None else name}" is in no directory of ' \
               f'{top} that has a place in the order'
    if other > own:
        return f'must not include "{name}": {top}{LAYERS[top][other]} is ' \
               f'above {top}{LAYERS[top][own]}'
    return None


def foreign(path, name):
    """What is wrong with this include of what is private, or None."""
    for prefix, others in PRIVATE.items():
        if name.startswith(prefix) and path.startswith("hypervisor/") and \
                not path.startswith(prefix) and path not in others:
            return f'must not include "{name}", which is private to {prefix}*'
    return None


def circles(edges):
    """The sets of modules that lead to each other, each sorted."""
    def reached(start):
        found, rest = set(), [start]
        while rest:
            new = edges.get(rest.pop(), set()) - found
            found |= new
            rest += new
        return found

    reach = {module: reached(module) for module in edges}
    return {tuple(sorted(other for other in reach[module]
                         if module in reach.get(other, ())))
            for module in edges} - {()}


def module_of(path):
    return os.path.splitext(path)[0]


def circle_problems(root, files):
    """Circles inside layered directories that only the tree or the list has."""
    edges = {}
    for path in files:
        if layer_of(path)[0] is not None:
            edges.setdefault(module_of(path), set()).update(
                module_of(name)
                for _, system, name in includes(os.path.join(root, path))
                if not system and module_of(name) != module_of(path) and
                os.path.dirname(name) == os.path.dirname(path))
    found = circles(edges)
    return [f"{circle[0]}: a circle of files, each of which leads to the "
            f"others: {', '.join(circle)}"
            for circle in sorted(found - set(CIRCLES))] + \
           [f"{circle[0]}: is in no circle any more: take it off CIRCLES"
            for circle in CIRCLES
            if circle not in found and edges.keys() >= set(circle)]


def objection(root, path, system, name):
    rule = max((prefix for prefix in RULES if path.startswith(prefix)),
               key=len, default=None)
    if rule is None:
        return "tests/checks/arrows.py has no rule for its directory"
    directories, system_headers = RULES[rule]
    if system:
        if system_headers is not ANY and name not in system_headers:
            return f"must not include <{name}>"
    elif not any(path.startswith(directory) and name == header
                 for directory, header in BY_PATH):
        if not os.path.exists(os.path.join(root, name)):
            return f'includes "{name}", which is no path from the root'
        if not name.startswith(directories):
            return f'must not include "{name}"'
        return upward(path, name) or foreign(path, name)
    return None


def check(root="."):
    problems = []
    files = common.sources((".c", ".h", ".S", ".def", ".inc"), root=root)
    for path in files:
        for number, system, name in includes(os.path.join(root, path)):
            what = objection(root, path, system, name)
            if what:
                problems.append(f"{path}:{number}: {what}")
    return problems + circle_problems(root, files)


def problems_of(directory, files):
    """Of a tree with four headers and these files, a line of each given."""
    for name in ("abi/abi.h", "lib/list.h", "hypervisor/core/domain.h",
                 "hypervisor/engine/pv.h"):
        os.makedirs(os.path.dirname(os.path.join(directory, name)))
        open(os.path.join(directory, name), "w").close()
    for path, line in files.items():
        target = os.path.join(directory, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(f"#include <stdint.h>\n{line}\n")
    return check(directory)


def bad(path, line):
    return lambda directory: (problems_of(directory, {path: line}), True)


def good(path, line):
    return lambda directory: (problems_of(directory, {path: line}), False)


def headers(expected, **lines):
    """Headers of hypervisor/core/, by name and what each includes."""
    tree = {f"hypervisor/core/{name}.h":
            "".join(f'#include "hypervisor/core/{other}.h"\n'
                    for other in others)
            for name, others in lines.items()}
    return lambda directory: (problems_of(directory, tree), expected)


PV = '#include "hypervisor/engine/pv.h"'
def process(expected, path):
    """A file of the guest kernel that includes what processes are."""
    return lambda directory: (
        problems_of(directory, {"guest-kernel/proc/process.h": "",
                                path: PROCESS}), expected)


DOMAIN = '#include "hypervisor/core/domain.h"'
PROCESS = '#include "guest-kernel/proc/process.h"'
common.main("arrows", check, {
    "abi includes lib": bad("abi/x.h", '#include "lib/list.h"'),
    "lib includes abi": bad("lib/x.c", '#include "abi/abi.h"'),
    "guest kernel includes the hypervisor":
        bad("guest-kernel/x.c", '# include "hypervisor/core/domain.h"'),
    "hypervisor includes a host header":
        bad("hypervisor/core/x.c", "#include <stdio.h>"),
    "a directory without a rule": bad("tests/new/x.c", '#include "abi/abi.h"'),
    "a path that is not from the root":
        bad("hypervisor/core/x.c", '#include "domain.h"'),
    "hypervisor includes lib":
        good("hypervisor/core/x.c", '#include "lib/list.h"'),
    "a lower directory includes an upper one":
        bad("hypervisor/mm/x.h", DOMAIN),
    "the lowest one does": bad("hypervisor/x86/x.S", DOMAIN),
    "an upper directory includes a lower one":
        good("hypervisor/sched/x.c", DOMAIN),
    "a directory without a place in the order":
        bad("hypervisor/new/x.c", DOMAIN),
    "build/ knows an engine": bad("hypervisor/build/x.c", PV),
    "another engine knows pv": bad("hypervisor/engine/svm.c", PV),
    "pv does": good("hypervisor/engine/pv_x.c", PV),
    "a program includes lib": bad("user/x.c", '#include "lib/list.h"'),
    "pctl does": good("user/pctl/x.c", '#include "lib/list.h"'),
    "a builder includes the hypervisor": bad("lib/builder/x.c", DOMAIN),
    "a driver includes a kernel":
        bad("pvdrivers/x.h", '#include "guest-kernel/core/x.h"'),
    "a driver includes a host header": bad("pvdrivers/x.c", "#include <errno.h>"),
    "the hypervisor includes a driver": lambda directory: (
        problems_of(directory, {
            "pvdrivers/ring.h": "",
            "hypervisor/core/x.c": '#include "pvdrivers/ring.h"'}), True),
    "a kernel includes a driver": lambda directory: (
        problems_of(directory, {
            "pvdrivers/ring.h": "",
            "guest-kernel/core/x.c": '#include "pvdrivers/ring.h"'}), False),
    "the guest kernel's threads include its processes":
        process(True, "guest-kernel/thread/x.c"),
    "its files do": process(True, "guest-kernel/fs/x.h"),
    "what is at its top does": process(True, "guest-kernel/x.h"),
    "the interface of its builds does":
        process(True, "guest-kernel/privops/x.h"),
    "one of its builds does": process(False, "guest-kernel/privops/pv/x.c"),
    "its terminal does": process(False, "guest-kernel/tty/x.c"),
    "its processes know which build it is": lambda directory: (
        problems_of(directory, {
            "guest-kernel/privops/pv/pv.h": "",
            "guest-kernel/proc/x.c":
                '#include "guest-kernel/privops/pv/pv.h"'}), True),
    "two files in a circle": headers(True, a=["b"], b=["a"]),
    "three files in a circle": headers(True, a=["b"], b=["c"], c=["a"]),
    "a file that is included twice":
        headers(False, a=["b", "c"], b=["c"], c=["domain"]),
    "a circle that has gone, in the list": lambda directory: (
        problems_of(directory, {"hypervisor/x86/decode.h": "",
                                "hypervisor/x86/decode_maps.h": ""}), True),
    "a circle in the list": lambda directory: (
        problems_of(directory, {
            "hypervisor/x86/decode.h":
                '#include "hypervisor/x86/decode_maps.h"',
            "hypervisor/x86/decode_maps.h":
                '#include "hypervisor/x86/decode.h"'}), False),
})
