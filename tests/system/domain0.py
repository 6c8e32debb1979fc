# SPDX-License-Identifier: MIT
"""What the tests of pctl share: commands at domain 0's shell, and what each of
them said."""

import contextlib
import json
import os
import re
import shutil
import tempfile

import machine
from machine import expect, shell

CHILD = os.path.join(machine.BUILD, "kernels/partners/child.elf")
TINY = """kernel = "/boot/child.elf"
memory = 4
extra = "sleep"
"""


class Said:
    """What one command printed, and its exit status."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = \
            command, int(status), out, err

    def json(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            raise machine.Failure(f"{self.command}: {error}\n{self.out}")

    def expect(self, status, out=None, err=""):
        """out None: anything."""
        what = (f"{self.command}: status {self.status}, expected {status}\n"
                f"--- out ---\n{self.out}--- err ---\n{self.err}")
        expect(self.status == status and self.err == err and
               out in (None, self.out), what)
        return self


# Files, as what the guests write to the console would come in between.
STEP = """echo '== begin {n}' >> /tmp/log
{{ {command}
}} > /tmp/out 2> /tmp/err
echo "== status $?" >> /tmp/log
cat /tmp/out >> /tmp/log
echo '== err' >> /tmp/log
cat /tmp/err >> /tmp/log
"""
SAID = r"== begin {n}\n== status (\d+)\n(.*?)== err\n(.*?)(?=== )"


@contextlib.contextmanager
def added(add=None):
    """A directory for ADD: the child of the micro-guests in /boot, and a
    description of it. What is in the directory add is there, too."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        if add:
            shutil.copytree(add, directory, dirs_exist_ok=True)
        for name in ("root", "boot", "etc/parapet"):
            os.makedirs(os.path.join(directory, name), exist_ok=True)
        shutil.copy(CHILD, os.path.join(directory, "boot"))
        with open(os.path.join(directory, "etc/parapet/tiny.cfg"), "w") as file:
            file.write(TINY)
        yield directory


def in_domain0(commands, add=None, **settings):
    """Boots domain 0 with added(), and runs the commands: what each said."""
    with added(add) as directory:
        with open(os.path.join(directory, "root/steps"), "w") as file:
            for n, command in enumerate(commands):
                file.write(STEP.format(n=n, command=command))
            file.write("echo '== end' >> /tmp/log\n")
        result = shell(["sh steps; pctl destroy $(seq 1 300) 2> /dev/null",
                        "cat /tmp/log"],
                       DOM0=1, ADD=directory, DOMAIN_MEM="64M", **settings)
    return [said(result, n, command) for n, command in enumerate(commands)]


def said(result, n, command):
    match = re.search(SAID.format(n=n), result.output, re.S)
    expect(match, f"nothing is told of {command!r}", result)
    return Said(command, *match.groups())


def shown_in(section):
    """The session in a section of docs/PCTL.md: each command, and what is shown
    of it."""
    with open("docs/PCTL.md") as file:
        text = re.search(rf"## {section}\n.*?```\n(.*?)```", file.read(), re.S)
    steps = re.findall(r"parapet:~# (.*)\n((?:(?!parapet:~#).*\n)*)",
                       text[1] if text else "")
    expect(len(steps) > 5, f"docs/PCTL.md has no session in {section!r}")
    return steps


def expect_shown(ran, shown):
    for one, (_, text) in zip(ran, shown):
        expect(one.out + one.err == text,
               f"{one.command}: expected\n{text}got\n{one.out}{one.err}")


def until(name, text):
    """A command that ends when the domain has said this on its console; all
    that it says is in /tmp/NAME."""
    return (f"[ -e /tmp/{name} ] || pctl console {name} < /dev/null > "
            f"/tmp/{name} & until grep -qF '{text}' /tmp/{name}; do sleep 1; "
            "done")
