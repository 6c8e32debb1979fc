#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests, a few at a time, and counts their results.

    tests/run-tests.py [--only WORD] [--soak MINUTES]

`make test` builds everything first and then calls this. A step is one
program; each of its results is a line of what it prints:

    PASS: name        FAIL: name: reason        SKIP: name: reason

or, from cmocka, a line of TAP. A step that ends badly without saying FAIL, or
that reports nothing at all, is itself a failure. The output of a step with a
failure is shown whole; the last line is the sum, 'N passed, N failed'.

A step is given up when it has said no word for some minutes of its own time
(tests/progress.py): on a busy host all of this just takes longer.

--only runs the steps whose names hold the word. --soak repeats the steps that
boot a machine, the fuzzers and what is random, until the minutes are over: then
no step is started any more, and those that run come to their ends. Few minutes
are shared, too: what fuzzes gets at most an eighth of what is left when its
round begins, and the first step of each kind is run in any case.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time

import progress

BUILD = os.environ.get("BUILD", "build")
# Steps wait, too, for a prompt or a clock: one more than two CPUs have at once.
WORKERS = int(os.environ.get("TEST_JOBS", "3"))
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
RESULT = re.compile(r"^(PASS|FAIL|SKIP): ")
TAP = re.compile(r"^(ok|not ok) \d+(?: - .*)?$")
VERDICTS = {"PASS": "passed", "ok": "passed", "FAIL": "failed",
            "not ok": "failed", "SKIP": "skipped"}


# Seconds of its own time that a step may be silent.
PATIENCE = 600


class Step:
    def __init__(self, name, command, counts_itself=True, **variables):
        self.name = name
        self.command = command
        self.counts_itself = counts_itself
        self.variables = variables


class Outcome:
    """What one run of a step came to."""

    def __init__(self, step, status, output, seconds):
        self.step = step
        self.seconds = seconds
        self.output = output
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.complaint = None
        if step.counts_itself:
            self.count_lines(status)
        else:
            self.count_status(status)

    def count_status(self, status):
        self.counts["passed" if status == 0 else "failed"] = 1
        if status != 0:
            self.complaint = self.describe(status)

    def count_lines(self, status):
        for line in self.output.splitlines():
            match = RESULT.match(line) or TAP.match(line)
            if match:
                self.counts[VERDICTS[match.group(1)]] += 1
        if status != 0 and self.counts["failed"] == 0:
            self.complaint = self.describe(status)
        elif sum(self.counts.values()) == 0:
            self.complaint = "it reported no result"
        if self.complaint:
            self.counts["failed"] += 1

    @staticmethod
    def describe(status):
        if isinstance(status, str):
            return status
        return f"it ended with status {status}"

    def __bool__(self):
        return self.counts["failed"] == 0

    def summary(self):
        return ", ".join(f"{number} {what}"
                         for what, number in self.counts.items() if number)


running = set()
running_lock = threading.Lock()


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended by itself meanwhile


def perform(step):
    start = time.monotonic()
    process = subprocess.Popen(
        step.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, **step.variables})
    with running_lock:
        running.add(process)
    try:
        output = progress.communicate(process, limit=PATIENCE)[0]
        status = process.returncode
    except progress.Stuck as stuck:
        kill(process)
        output = process.communicate()[0]
        status = str(stuck)
    with running_lock:
        running.discard(process)
    return Outcome(step, status, output.decode(errors="replace"),
                   time.monotonic() - start)


# ---- what there is to run ----

def words(name):
    return os.environ.get(name, "").split()


def short(path):
    return os.path.splitext(os.path.basename(path))[0]


def scripts(directory):
    return [path for path in sorted(glob.glob(f"tests/{directory}/*.py"))
            if os.access(path, os.X_OK)]


def unit_steps():
    return [Step(f"unit {short(path)}", [path], CMOCKA_MESSAGE_OUTPUT="TAP")
            for path in words("UNIT_PROGRAMS")] + [
        Step(f"unit {name}",
             ["echo", f"SKIP: unit {name}: the host is not x86-64"])
        for name in words("UNIT_SKIPPED")]


def mutation_steps():
    """Whether tests see what they should: of memory, ports, and domain control."""
    files = sorted(glob.glob("tests/mutations/*.mutation"))
    return [Step(f"mutation {name}", ["tests/mutations/run", name])
            for name in ["control"] + [short(path) for path in files]]


def model_steps():
    """All their mistakes take a minute of a CPU: they are `make verify`'s."""
    return [Step(f"model {short(path)}",
                 ["tests/models/run", "--some", short(path)])
            for path in sorted(glob.glob("tests/models/*.pml"))]


def fuzz_steps(seconds=FUZZ_SECONDS):
    return [Step(f"fuzz {short(path)}", ["tests/run-fuzzer", path],
                 FUZZ_SECONDS=str(seconds))
            for path in words("FUZZ_PROGRAMS")]


def random_steps(seconds):
    """Random calls against the models, 8 million of each in a full share; and
    more of the scheduler's machines."""
    return [Step("unit test_sched, more machines",
                 [f"{BUILD}/unit/test_sched"], CMOCKA_MESSAGE_OUTPUT="TAP",
                 SCHED_SEEDS=str(30 + seconds))] + [
            Step(f"unit {name}, one of two parts",
                 [f"{BUILD}/unit/{name}"], CMOCKA_MESSAGE_OUTPUT="TAP",
                 MEMORY_SEED=str(1 + secrets.randbits(32)),
                 MEMORY_STEPS=str(4_000_000 * seconds // 120))
            for name in 2 * ["test_memory_model", "test_grant_model"]]


def check_steps():
    return [Step(f"check {short(path)}", [path]) for path in scripts("checks")]


def system_steps(seconds=FUZZ_SECONDS):
    """Some take what is random, and last the longer for that."""
    return [Step(f"system {short(path)}", [path], FUZZ_SECONDS=str(seconds))
            for path in scripts("system")]


def kernel_steps(chance=None):
    return [Step("kernels", ["tests/kernels/run"], **(chance or {}))]


def build_step(name, *arguments):
    return Step(f"build with {name}", ["make", *arguments],
                counts_itself=False, MAKEFLAGS="")


def build_steps():
    """What `make test` did not build already; warnings are errors. Nothing of
    it is run: so the unit tests and micro-guests are only read, but for those of
    the bench and the probe, which are linked; `make soak` makes them all. Nor is
    there debug information. user/ is not compiled by CC."""
    return [build_step("clang", "CC=clang", "ONLY_READ=1", "DEBUG_INFO=",
                       f"BUILD={BUILD}/clang", "compiled")]


def bench_steps():
    # Its budgets are instructions, which do not depend on what else runs. Times
    # do: here they are no figures, and one boot shows that they are taken; as
    # one trace does that it is booked.
    return [Step("bench", ["tools/bench"], counts_itself=False, TIME_BOOTS="1",
                 TRACES="1")]


def all_steps():
    # The long ones first: then both CPUs have work until the end.
    return (kernel_steps() + system_steps() + build_steps() + bench_steps() +
            model_steps() + fuzz_steps() + check_steps() + unit_steps() + mutation_steps())


# ---- the run ----

def show(number, total, outcome):
    mark = "ok  " if outcome else "FAIL"
    print(f"[{number:3}/{total}] {mark} {outcome.step.name} "
          f"({outcome.summary()}, {outcome.seconds:.1f} s)", flush=True)
    if outcome:
        return
    for line in outcome.output.splitlines():
        print(f"    | {line}")
    if outcome.complaint:
        print(f"    {outcome.step.name}: {outcome.complaint}", flush=True)


def run_all(steps, may_start=lambda step: True):
    """Runs each step once, if it may start when its turn comes; returns the
    sums of their results."""
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(
            lambda step: perform(step) if may_start(step) else None, step)
            for step in steps]
        done = concurrent.futures.as_completed(futures)
        try:
            for number, future in enumerate(done, 1):
                outcome = future.result()
                if outcome is None:
                    continue
                show(number, len(steps), outcome)
                if not outcome:
                    failed.append(outcome.step.name)
                for what, count in outcome.counts.items():
                    totals[what] += count
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            with running_lock:
                for process in running:
                    kill(process)
            raise
    if failed:
        print("failed: " + ", ".join(failed))
    return totals


def fuzz_share(left):
    """Whole seconds for a fuzzer, of those that are left."""
    return max(1, min(FUZZ_SECONDS, int(left / 8)))


def soak(minutes):
    """Rounds of everything that boots a machine, fuzzes, or takes random
    steps, until time is up."""
    end = time.monotonic() + 60 * minutes
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    number = 0
    while number == 0 or time.monotonic() < end:
        number += 1
        print(f"round {number}", flush=True)
        seconds = fuzz_share(end - time.monotonic())
        chance = {"RANDOM_SEED": str(secrets.randbits(32)),
                  "RANDOM_TIMES": "10"}
        kinds = [kernel_steps(chance), random_steps(seconds),
                 fuzz_steps(seconds), system_steps(seconds)]
        always = [kind[0] for kind in kinds if kind and number == 1]
        for what, count in run_all(
                sum(kinds, []), lambda step: step in always or
                time.monotonic() < end).items():
            sums[what] += count
    return sums


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    options = parser.parse_args()
    if options.soak is not None:
        totals = soak(options.soak)
    else:
        totals = run_all([step for step in all_steps()
                          if options.only in step.name])
    if totals["passed"] + totals["failed"] == 0:
        print(f"no test was run: no step's name holds '{options.only}'"
              if options.only else "no test was run")
        totals["failed"] = 1
    skipped = f", {totals['skipped']} skipped" if totals["skipped"] else ""
    print(f"{totals['passed']} passed, {totals['failed']} failed{skipped}")
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    # `make` and a closed terminal end this with a signal, like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted")
        os._exit(130)
