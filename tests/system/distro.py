#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The distribution test, as far as it goes without a mirror; and .ci/run.

Which mirror and which proxy tools/distro takes from apt's settings, in every
form that these have; what it says when something is missing; and how .ci/run
adds up what `make test` and tools/distro came to.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile

import machine
from machine import expect, test

sys.path.insert(0, "tools")
from distro_lib import mirror
from distro_lib.host import Cannot

scratch = tempfile.TemporaryDirectory(prefix="parapet-")
# No name ends so, and nothing listens at this port.
ONE, TWO, THREE = (f"http://{name}.invalid/debian"
                   for name in ("one", "two", "three"))
NOWHERE = "http://127.0.0.1:9/debian"


def write(name, text, mode=0o644):
    path = os.path.join(scratch.name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@contextlib.contextmanager
def settings(sources="", deb822="", conf="", **variables):
    """apt's settings are these, and the environment has the variables."""
    listed = write("sources.list", sources)
    parts = os.path.dirname(write("parts/debian.sources", deb822))
    config = write("apt.conf", f'Dir::Etc::sourcelist "{listed}";\n'
                               f'Dir::Etc::sourceparts "{parts}";\n{conf}')
    before = dict(os.environ)
    for name in ("MIRROR", "http_proxy", "https_proxy"):
        os.environ.pop(name, None)
    os.environ.update(APT_CONFIG=config, **variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def expect_mirrors(*expected, **options):
    with settings(**options):
        found = mirror.candidates()
    # Which of several comes first is apt's affair.
    expect(sorted(found) == sorted(expected),
           f"expected {expected}, got {found}")


@test("tools/distro: the mirrors are those of apt, in all forms")
def forms():
    listed = write("mirrors", f"# ours\n{TWO}/\tpriority:1\n")
    expect_mirrors(ONE, TWO, sources=(
        f"deb [arch=amd64] {ONE} bookworm main\n"
        f"# deb {THREE} bookworm main\n"
        f"deb mirror+file:{listed} bookworm main\n"))
    expect_mirrors(ONE, deb822=(
        f"Types: deb\nURIs: {ONE}/\nSuites: trixie trixie-updates\n"
        "Components: main\n\n"
        f"Enabled: no\nTypes: deb\nURIs: {TWO}\nSuites: trixie\n"
        "Components: main\n"))
    expect_mirrors(THREE, sources=f"deb {ONE} bookworm main\n",
                   MIRROR=THREE + "/")


class Known(mirror.Mirror):
    """One that was found already."""

    def __init__(self, url, **values):
        self.url, self.scheme, self.settings = url, "http", values


def expect_proxy(url, expected, conf="", **variables):
    with settings(conf=conf, **variables):
        known = Known(url)
        known.settings = mirror.acquire_settings()
        found = known.find_proxy()
    expect(found == expected, f"{url}: expected {expected}, got {found}")


@test("tools/distro: the proxy is apt's, by host, by program or of all")
def proxies():
    detect = write("detect", f"#!/bin/sh\necho {THREE}\n", 0o755)
    conf = (f'Acquire::http::Proxy "{NOWHERE}";\n'
            'Acquire::http::Proxy::one.invalid "DIRECT";\n')
    expect_proxy(ONE, None, conf)
    expect_proxy(TWO, NOWHERE, conf)
    expect_proxy(ONE, None)
    expect_proxy(ONE, NOWHERE, http_proxy=NOWHERE)
    os.chmod(scratch.name, 0o755)
    expect_proxy(ONE, THREE, f'Acquire::http::Proxy-Auto-Detect "{detect}";\n')


@test("tools/distro: lists that are too old are used, and that is said")
def age():
    for until, old in (("Fri, 06 Nov 2020 08:08:01 UTC", True),
                       ("Fri, 06 Nov 2120 08:08:01 UTC", False)):
        known = Known(ONE)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            known.judge_age("sid", f"Suite: sid\nValid-Until: {until}\n")
        check = known.settings.get("Acquire::Check-Valid-Until")
        expect((check == "false") == old, f"{until}: got {check}")
        expect((until in said.getvalue()) == old, said.getvalue())


@test("tools/distro: without a network it does not hang, but says so")
def no_network():
    with settings(sources=f"deb {NOWHERE} bookworm main\n"):
        try:
            mirror.Mirror("trixie")
            expect(False, "a mirror was found")
        except Cannot as reason:
            for text in ("has trixie", "network", "MIRROR=", NOWHERE):
                expect(text in str(reason), f"no '{text}': {reason}")


def run(command, directory=".", **variables):
    done = subprocess.run(
        command, cwd=directory, stdin=subprocess.DEVNULL,
        timeout=machine.LIMIT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
        env=machine.environment(**variables))
    return done.returncode, done.stdout


@test("tools/distro: what is missing is said, with the fix")
def missing():
    without = write("bin/python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n',
                    0o755)
    status, said = run(["tools/distro", "trixie"],
                       PATH=os.path.dirname(without))
    fix = "apt-get install" if os.getuid() == 0 else "type this as root"
    expect(status == 3 and fix in said and said.count("\n") == 1,
           f"status {status}: {said}")
    for name in ("../trixie", "Trixie", ""):
        status, said = run(["tools/distro", name])
        expect(status == 2 and "not the name of a Debian" in said,
               f"'{name}': status {status}: {said}")
    status, said = run(["make", "distro"])
    expect(status == 2 and "DISTRO=trixie" in said, said)


# ---- .ci/run ----

def expect_ci(tests, distro, status, last):
    """tests and distro are what these print and their status."""
    write("tree/tools/distro", f"#!/bin/sh\n{distro}\n", 0o755)
    write("ci-bin/make", f"#!/bin/sh\n{tests}\n", 0o755)
    write("ci-bin/debootstrap", "#!/bin/sh\n", 0o755)
    write("tree/.ci/run", "")
    tree = os.path.join(scratch.name, "tree")
    shutil.copy(".ci/run", os.path.join(tree, ".ci/run"))
    found, said = run([".ci/run"], tree, PATH=os.path.join(
        scratch.name, "ci-bin") + ":" + os.environ["PATH"])
    expect(found == status and said.splitlines()[-1] == last,
           f"expected status {status} and '{last}', got {found} and:\n{said}")


@test(".ci/run: its last line is the sum, and its status says the same")
def ci():
    green = "echo 12 passed, 0 failed, 1 skipped"
    short = "echo 5 passed, 0 failed"
    expect_ci(green, short, 0, "17 passed, 0 failed, 1 skipped")
    expect_ci(short, short, 0, "10 passed, 0 failed")
    expect_ci(green, "echo distro: no root; exit 3", 0,
              "12 passed, 0 failed, 1 skipped")
    expect_ci("echo 3 passed, 2 failed; exit 2", short, 1,
              "8 passed, 2 failed")
    expect_ci(short, "echo 3 passed, 2 failed; exit 1", 1,
              "8 passed, 2 failed")
    expect_ci("echo it died; exit 2", short, 1, "5 passed, 1 failed")
    expect_ci("echo not even that; exit 3", short, 1, "5 passed, 1 failed")
    expect_ci(green, "exit 1", 1, "12 passed, 1 failed, 1 skipped")
    expect_ci("echo 5 passed, 0 failed; exit 2", short, 1,
              "10 passed, 1 failed")


machine.run_all()
