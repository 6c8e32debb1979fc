#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The settings of a run: each does what was asked for, or one line names the
fix, on the console or before QEMU is started. So do the limits of tools/bundle
and the minutes of `make soak`."""

import contextlib
import functools
import importlib.util
import io
import os
import sys
import tempfile

import machine
from machine import boot, expect, expect_status, expect_text, monitor, test

sys.path.insert(0, "tools")
from run_lib import limits  # noqa: E402

GUEST = os.path.join(machine.BUILD, "guest-pv.elf")


# ---- what was asked for ----

@test("settings: SMP, VCPUS, DOMAIN_MEM and CPU, each as asked for")
def as_asked():
    result = monitor(SMP=4, VCPUS=2, DOMAIN_MEM="512M", CPU="EPYC-Rome")
    expect_status(result, machine.OK)
    expect_text(result, "CPU AMD EPYC-Rome", "parapet: 4 CPUs",
                "512 MiB, 2 vCPUs", "guest: uses 1 of 2 CPUs",
                "of memory, because of DOMAIN_MEM",
                "run: CPU=EPYC-Rome has no ")


@test("settings: natively the CPU is as asked for, and one of SMP is used")
def natively():
    result = monitor("cpuid\n", native=True, SMP=4, CPU="EPYC-Rome")
    expect_status(result, machine.OK)
    expect_text(result, "guest: uses 1 of 4 CPUs")
    result = monitor(native=True)
    expect("CPUs" not in result.output, "one CPU is worth no line", result)


@test("settings: DOMAIN_MEM in each unit, MEM that is just enough for it")
def units():
    for memory, size in (("32", 32), ("32768K", 32), ("40m", 40)):
        expect_text(monitor(DOMAIN_MEM=memory), f"pv, {size} MiB, 1 vCPU")
    result = boot(DOMAIN_MEM="120M", MEM="1M")
    advice = result.said.split("take MEM=")[1].split()[0]
    expect_status(monitor(DOMAIN_MEM="120M", MEM=advice), machine.OK)


# ---- what cannot be ----

# A value, and the words about it. Nothing is on the console.
WRONG = {
    "CPU": {"nothing-like-it": "unable to find CPU model 'nothing-like-it' "
                               "(CPU=nothing-like-it: `",
            "max,-nothing": "not found (CPU=max,-nothing: `"},
    "SMP": {"0": "expected a number of CPUs, 1 to 32",
            "33": "expected a number of CPUs, 1 to 32",
            "two": "expected a number of CPUs, 1 to 32"},
    "VCPUS": {"0": "expected a number of the domain's CPUs, 1 to 32",
              "33": "expected a number of the domain's CPUs, 1 to 32"},
    "MEM": {"lots": "expected MiB, or as 256M or 1G",
            "64M": "a domain of 64M does not fit: take MEM=",
            "900000G": "(MEM=900000G: take less)"},
    "DOMAIN_MEM": {"1M": "expected 4M to 64G, in steps of 4K",
                   "65G": "expected 4M to 64G, in steps of 4K",
                   "9001K": "expected 4M to 64G, in steps of 4K",
                   "much": "expected MiB, or as 256M or 1G",
                   "4M": "the RAM disk of "},
    "BOOTARGS": {"x" * 512: "has 512 bytes: expected at most 511"},
    "DOM0": {"yes": "expected 0 or 1"},
}


def expect_line(result, words):
    expect_status(result, machine.OTHER)
    expect(result.said.startswith("run: ") and result.said.count("\n") == 1 and
           words in result.said, f"expected one line with {words!r}", result)
    expect(result.output == "", "there is more on the console", result)


@test("settings: a wrong value of each gets one line that names the fix")
def wrong_values():
    for name, values in WRONG.items():
        for value, words in values.items():
            expect_line(boot(**{name: value}), words)
    expect_line(boot(native=True, GUEST="README.md"),
                "(GUEST=README.md: expected one for the bare machine")


@test("settings: a domain's own, natively or with a bundle, name what to use")
def misplaced():
    for name, value, other in (("VCPUS", 2, "SMP"), ("DOMAIN_MEM", 512, "MEM")):
        expect_line(boot(native=True, **{name: value}),
                    f"{name}={value}: run-native has no domain; {other} is ")
        expect_line(boot(BUNDLE="any.itb", **{name: value}),
                    f"{name} is for a bundle that is made here")


@test("settings: natively a word of the hypervisor's boot line is refused")
def natively_misplaced():
    for word in ("log=debug", "contained=require", "nonsense"):
        expect_line(boot(native=True, APPEND=word),
                    f"APPEND={word}: run-native has no hypervisor")
    result = monitor("poweroff\n", native=True, APPEND="monitor -- log=debug")
    expect_status(result, machine.OK)


@test("settings: what fits QEMU's machine but not beside Parapet names MEM")
def tight():
    loaded = os.path.getsize(os.path.join(machine.BUILD, "default.itb"))
    kib = (loaded >> 10) + (122 << 10) + 16
    result = boot(DOMAIN_MEM="120M", MEM=f"{kib}K")
    expect_status(result, machine.REFUSED)
    expect_text(result, "(MEM= is the machine's: try a larger one)")


@test("settings: with more than one CPU an instruction is not made longer")
def long_instructions():
    expect_line(boot(ICOUNT="1", SHIFT="3", SMP="2"), "SHIFT=3 needs SMP=1")
    expect_line(boot(ICOUNT="1", SHIFT="11"), "SHIFT=11: expected 0 to 10")


# ---- a CPU that lacks something ----

# What is said to be lacking: by the hypervisor, and by the native kernel (""
# if it boots without, None if that is not tried).
LACKING = {
    "pentium2": ("nx", None), "qemu32": ("nx", "nx"), "qemu64": ("xsave", None),
    "max,-tsc": ("tsc", None), "max,-msr": ("msr", None),
    "max,-pae": ("pae", None), "max,-cmov": ("cmov", "cmov"),
    "max,-lm": ("lm", "lm"), "max,-nx": ("nx", None),
    "max,-fpu": ("fpu", "fpu"), "max,-apic": ("apic", "apic"),
    "max,-sse2": ("sse2", "sse2"), "max,-xsave": ("xsave", "xsave"),
    "max,-syscall": ("syscall", "syscall"), "max,-smep": ("smep", ""),
}


@test("settings: a CPU without what the boot relies on is refused, by name")
def lacking():
    for cpu, names in LACKING.items():
        for native, name in zip((False, True), names):
            if name is None:
                continue
            result = monitor(CPU=cpu, native=native)
            expect_status(result, machine.REFUSED if name else machine.OK)
            if name:
                expect_text(result, f"cannot boot: the CPU lacks {name}: take "
                                    "CPU=max")


# ---- tools/bundle ----

def bundled(directory, *arguments, domains=1):
    """tools/bundle, with a domain that has these options."""
    command = ["tools/bundle", "--output", os.path.join(directory, "x.itb")]
    for number in range(domains):
        command += ["--domain", f"d{number}", "--kernel", GUEST]
    return boot(command=command + list(arguments))


def file_of(directory, size):
    path = os.path.join(directory, f"{size}")
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def limit_cases(directory):
    """Options that are just right, and ones that are just wrong."""
    disks = [file_of(directory, size) for size in (0, 1, (4 << 20) - 2048,
                                                   4 << 20)]
    most, low = limits.MAX_MEMORY_KIB, limits.MIN_MEMORY_KIB
    return (
        (["--memory", f"{low}K"], ["--memory", f"{low - 4}K"]),
        (["--memory", f"{most}K"], ["--memory", f"{most + 4}K"]),
        (["--memory", f"{low + 4}K"], ["--memory", f"{low + 1}K"]),
        (["--vcpus", "1"], ["--vcpus", "0"]),
        (["--vcpus", f"{limits.MAX_VCPUS}"],
         ["--vcpus", f"{limits.MAX_VCPUS + 1}"]),
        (["--weight", "1"], ["--weight", "0"]),
        (["--weight", f"{limits.MAX_WEIGHT}"],
         ["--weight", f"{limits.MAX_WEIGHT + 1}"]),
        (["--vcpus", "2", "--cap", "200"], ["--vcpus", "2", "--cap", "201"]),
        (["--engine", "pv"], ["--engine", "warp"]),
        (["--bootargs", "x" * limits.MAX_BOOTARGS],
         ["--bootargs", "x" * (limits.MAX_BOOTARGS + 1)]),
        (["--ramdisk", disks[1]], ["--ramdisk", disks[0]]),
        (["--memory", "4M", "--ramdisk", disks[2]],
         ["--memory", "4M", "--ramdisk", disks[3]]),
        (["--domain", "x" * limits.MAX_NAME, "--kernel", GUEST],
         ["--domain", "x" * (limits.MAX_NAME + 1), "--kernel", GUEST]),
    )


@test("settings: tools/bundle refuses what the hypervisor would refuse")
def bundle_limits():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        for right, wrong in limit_cases(directory):
            expect_status(bundled(directory, *right), 0)
            result = bundled(directory, *wrong)
            expect(result.status != 0, f"it takes {wrong}", result)
            expect_text(result, wrong[-2])
        expect_text(bundled(directory, domains=limits.MAX_DOMAINS + 1),
                    f"bundle: expected at most {limits.MAX_DOMAINS} domains")
        expect_text(bundled(directory, "--privileged", "--domain", "other",
                            "--kernel", GUEST, "--privileged"),
                    "bundle: expected at most one domain with --privileged, "
                    "got d0 and other")


@test("settings: the domain with --privileged is 0, the others count from 1")
def bundle_privileged():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        path = os.path.join(directory, "x.itb")
        command = ["tools/bundle", "-o", path]
        for name, options in (("one", []), ("control", ["--privileged"]),
                              ("two", [])):
            command += ["--domain", name, "--kernel", GUEST, "--memory", "8M",
                        "--bootargs", "monitor", *options]
        expect_status(boot(command=command), 0)
        result = boot("poweroff\n", BUNDLE=path)
        expect_status(result, machine.OK)
        for text in ("d1: one: engine", "d0: control: engine",
                     "d2: two: engine", ", domain 0, command line",
                     "d0: powered off (control)"):
            expect_text(result, text)


@test("settings: what tools/bundle takes at its limits boots")
def bundle_boots():
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        first = ["--memory", "8M", "--vcpus", f"{limits.MAX_VCPUS}", "--weight",
                 f"{limits.MAX_WEIGHT}", "--cap", f"{100 * limits.MAX_VCPUS}",
                 "--bootargs", "monitor " + "x" * (limits.MAX_BOOTARGS - 8)]
        command = ["--domain", "first", "--kernel", GUEST, *first]
        for number in range(1, limits.MAX_DOMAINS):
            command += ["--domain", f"d{number}", "--kernel", GUEST,
                        "--memory", "8M", "--bootargs", "monitor"]
        path = os.path.join(directory, "x.itb")
        expect_status(boot(command=["tools/bundle", "-o", path, *command]), 0)
        result = boot(BUNDLE=path)
        expect_status(result, machine.OK)
        # The end of the input comes to each when it gets the console.
        for number in range(2, limits.MAX_DOMAINS + 1):
            expect_text(result, f"d{number}: has the console",
                        f"d{number}: powered off")


# ---- make soak ----

class Clock:
    """A second is over when a step has been run."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


def soaked(seconds):
    """What make soak begins in so many seconds: pairs of the time and the kind
    of the step; and the seconds that its fuzzers are given."""
    spec = importlib.util.spec_from_file_location("runner",
                                                  "tests/run-tests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.WORKERS = 1
    module.FUZZ_SECONDS = 120
    module.time = Clock()
    begun, shares = [], []

    def steps(kind, *share):
        if kind == "fuzz":
            shares.extend(share)
        return [module.Step(kind, []) for _ in range(3)]

    def perform(step):
        begun.append((module.time.now, step.name))
        module.time.now += 1
        return module.Outcome(step, 0, "PASS: x", 1)

    for kind in ("kernel", "system", "fuzz", "random"):
        setattr(module, f"{kind}_steps", functools.partial(steps, kind))
    module.perform = perform
    with contextlib.redirect_stdout(io.StringIO()):
        module.soak(seconds / 60)
    return begun, shares


@test("settings: make soak begins nothing after its minutes, but tries each "
      "kind of step")
def soak():
    begun, shares = soaked(20)
    expect([start for start, _ in begun] == list(range(20)),
           f"in 20 seconds it began {begun}")
    expect(shares == [2, 1], f"its fuzzers got {shares} seconds")
    expect(soaked(3600)[1][0] == 120, "a long one does not take 120 seconds")
    kinds = sorted(kind for _, kind in soaked(0)[0])
    expect(kinds == ["fuzz", "kernel", "random", "system"],
           f"in no time: {kinds}")


machine.run_all()
