#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the build generates from a source is made anew when a header of that
source changes, as objects are: make's own list of prerequisites has them."""

import os
import re
import subprocess

import common

ASSEMBLY = ["-I.", "-D__ASSEMBLY__"]


def database():
    """The rules that make knows, those of the compiler's .d files included."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("MAKE")}
    return subprocess.run(["make", "-pn", "DOCTOR=0", "docs"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, text=True,
                          env=environment).stdout


def prerequisites(rules, target):
    lines = re.findall(rf"^{re.escape(target)}:(?!=)(.*)$", rules, re.MULTILINE)
    return [name for line in lines for name in line.split("|")[0].split()]


def included(source, flags):
    """The project's files that the source includes, after the compiler."""
    command = [os.environ.get("CC", "gcc"), *flags, "-MM", "-MT", "x",
               "-MG", source]
    text = common.output(command).replace("\\\n", " ")
    return set(text.split(":", 1)[1].split()) - {source}


def problems_of(rules, target, flags):
    known = prerequisites(rules, target)
    sources = sorted({name for name in known if name.endswith((".c", ".S"))})
    if len(sources) != 1:
        return [f"{target}: expected a rule with one source, got {sources}"]
    return [f"{target} is not made anew when {header} changes"
            for header in sorted(included(sources[0], flags) - set(known))]


def check():
    rules = database()
    generated = [(os.path.join(common.BUILD, "hv/asm_offsets.h"),
                  common.flags("HV_CFLAGS")),
                 (os.path.join(common.BUILD, "gk/guest-kernel/mm/kernel.lds"),
                  ASSEMBLY)]
    return [problem for target, flags in generated
            for problem in problems_of(rules, target, flags)]


def with_rule(rule, expected):
    """The rule names a.c, which includes a.h, and stands beside both."""
    def self_test(directory):
        for name, text in (("a.c", '#include "a.h"\n'), ("a.h", "int a;\n")):
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        rules = re.sub(r"a\.[ch]", rf"{directory}/\g<0>", rule)
        return problems_of(rules, "made", []), expected
    return self_test


common.main("rebuild", check, {
    "a rule without the header": with_rule("made: a.c\n", True),
    "no rule": with_rule("other: a.c a.h\n", True),
    "the header after a bar": with_rule("made: a.c | a.h\n", True),
    "the header in a rule of its own":
        with_rule("made: a.c\nmade: a.h\n", False),
})
