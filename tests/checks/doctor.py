#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/doctor: every target that builds asks it first; what it says and does.

The machine that lacks things is a PATH with hardly anything in it; the apt-get
there only talks.
"""

import os
import re
import shutil
import subprocess
import tempfile

import common

NAME = "doctor"
# What a machine without any package of tools/packages, but make, has.
BARE = """bash make awk cat cmp cp cut env expand find grep head id mkdir mktemp
    nproc printf readlink rm sed sort tail touch true uname""".split()
TARGETS = """run run-domain run-native build test unit fuzz check kernels system soak bench
    bench-xen sensitive gdb size docs format new-hypercall""".split()
NOISE = 400
APT = """#!/bin/bash
for ((i = 0; i < {noise}; i++)); do
    echo "Selecting previously unselected package x$i."
    echo "dlstatus:1:$((i / 4)).5:Retrieving file"
done
for ((i = 0; i < {noise}; i++)); do echo "pmstatus:x:$((i / 4)).25:Unpacking"; done
{end}
"""
SUDO = '#!/bin/bash\n[ "$1" != -n ] || shift\nexec "$@"\n'


def program(directory, name, text="#!/bin/bash\nexit 1\n"):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)


def bare_machine(directory):
    """A PATH without compilers; returns the environment that has it."""
    path = os.path.join(directory, "bin")
    os.mkdir(path)
    for name in BARE:
        os.symlink(shutil.which(name), os.path.join(path, name))
    return {"PATH": path, "HOME": directory,
            "BUILD": os.path.join(directory, "build")}


def machine_that_lacks(directory, lacking, apt):
    """All programs of the list are there but one; and an apt-get."""
    variables = bare_machine(directory)
    path = variables["PATH"]
    with open("tools/packages") as file:
        lines = [line.split() for line in file if not line.startswith("#")]
    for _, _, proof, *_ in lines:
        name = proof.split("=")[-1]
        if re.fullmatch(r"[\w-]+", name) and name not in BARE + [lacking]:
            program(path, name)
    program(path, "apt-get", APT.format(noise=NOISE, end=apt))
    program(path, "sudo", SUDO)
    return variables


def run(command, variables):
    result = subprocess.run(command, env=variables, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return result.returncode, result.stdout


def expect(good, output):
    return [] if good else [f"printed: {output.strip()[-300:]!r}"]


# ---- what is tested ----

def target_asks(target, directory):
    variables = bare_machine(directory)
    target = target.replace("BUILD", variables["BUILD"])
    status, output = run(["make", target], variables)
    needs = "clang-format" if target in ("format", "new-hypercall") else "gcc"
    return expect(status != 0 and "doctor: missing: " in output and
                  re.search(rf"as root: apt-get .*\b{needs}\b", output) and
                  "not found" not in output, output)


def can_be_skipped(directory):
    status, output = run(["make", "DOCTOR=0", "build"],
                         bare_machine(directory))
    return expect(status != 0 and "doctor" not in output, output)


def installs(directory):
    """Some lines of progress, the rest in a log; then all is there."""
    variables = machine_that_lacks(
        directory, "gcc", f"cp {directory}/bin/dtc {directory}/bin/gcc")
    status, output = run(["tools/doctor", "--install", "run"], variables)
    with open(os.path.join(variables["BUILD"], "doctor.log")) as log:
        logged = log.read().count("Selecting")
    return expect(status == 0 and "doctor: installing gcc" in output and
                  "installing: 75%" in output and output.count("\n") < 20 and
                  logged >= NOISE, output)


def says_why_not(directory):
    variables = machine_that_lacks(
        directory, "gcc", "echo 'E: Unable to fetch some archives'; exit 100")
    status, output = run(["tools/doctor", "--install", "run"], variables)
    return expect(status != 0 and "doctor.log has all" in output and
                  "E: Unable to fetch" in output, output)


def says_that_it_did_not_help(directory):
    variables = machine_that_lacks(directory, "gcc", "")
    status, output = run(["tools/doctor", "--install", "run"], variables)
    return expect(status != 0 and "still missing after the installation: gcc"
                  in output, output)


def says_nothing(directory):
    """And calls none of the programs that it looks for, which is slow."""
    variables = machine_that_lacks(directory, "no such", "")
    path = variables["PATH"]
    for name in os.listdir(path):
        if name not in BARE:
            program(path, name,
                    f"#!/bin/bash\necho {name} >>{directory}/called\n")
    status, output = run(["tools/doctor", "--install", "run"], variables)
    called = os.path.exists(os.path.join(directory, "called"))
    return expect(status == 0 and not output and not called, output)


def wrong_setting(setting, name):
    def case(directory):
        # Also where `make check DOCTOR=0` has asked nothing itself.
        variables = {**os.environ, "BUILD": os.path.join(directory, "build"),
                     "MAKEFLAGS": "", "DOCTOR": "1"}
        status, output = run(["make", setting, f"{variables['BUILD']}/hcdoc"],
                             variables)
        return expect(status != 0 and f"doctor: {setting}:" in output and
                      f"correct {name}" in output, output)
    return case


def dynamic_busybox(directory):
    return wrong_setting("BUSYBOX=/bin/bash", "BUSYBOX")(directory)


def cases():
    for target in TARGETS + ["BUILD/hypervisor.elf"]:
        yield (f"make {target} asks it first",
               lambda directory, target=target: target_asks(target, directory))
    yield "DOCTOR=0", can_be_skipped
    yield "installing shows progress, and logs the rest", installs
    yield "a failure names the log and the reason", says_why_not
    yield "what is still missing", says_that_it_did_not_help
    yield "nothing is missing: nothing is said or called", says_nothing
    yield "a compiler that is not there", wrong_setting("CC=gcc-0", "CC")
    yield "a library that is not there", wrong_setting("LIBFDT=/x.a", "LIBFDT")
    yield "a busybox that is not static", dynamic_busybox


good = True
for what, case in cases():
    with tempfile.TemporaryDirectory(prefix="parapet-") as scratch:
        good &= common.report(f"{NAME}: {what}", case(scratch))
raise SystemExit(0 if good else 1)
