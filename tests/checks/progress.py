#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/progress.py: a program's own time goes on while it runs and sleeps,
and stands still while it is kept from running."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import common

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import progress  # pylint: disable=wrong-import-position

BUSY = "while :; do :; done"
ASLEEP = "sleep 1000; :"
PARENT_OF_BUSY = f"bash -c '{BUSY}'; :"


@contextlib.contextmanager
def running(script):
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        yield process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def gets_on(script):
    """This takes as long as it takes; were its time to stand still, for ever."""
    def self_test(_):
        with running(script) as process:
            clock = progress.Clock(process.pid)
            while clock.look() < 0.3:
                time.sleep(0.05)
            used = clock.cpu
        return (["its CPU time was not seen"]
                if "while" in script and used < 0.2 else []), False
    return self_test


def stands_still(_):
    """As somebody who waits for a CPU, a stopped process does not sleep."""
    with running(BUSY) as process:
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        clock = progress.Clock(process.pid)
        before = clock.seconds
        for _ in range(4):
            time.sleep(0.1)
            clock.look()
    return ([f"{clock.seconds - before} seconds of its time"]
            if clock.seconds > before else []), False


def given_up(script, expected, limit=0.6):
    def self_test(_):
        with running(script) as process:
            try:
                progress.communicate(process, limit=limit)
            except progress.Stuck as stuck:
                return [str(stuck)], expected
        return [], expected
    return self_test


def wordy(_):
    """Words alone do not help for ever."""
    with running("while :; do echo; done") as process:
        patience = progress.Patience(process.pid, 0.01)
        try:
            for said in range(1, 1000000):
                patience.check(said)
        except progress.Stuck as stuck:
            return [str(stuck)], True
    return [], True


common.main("progress", lambda: [], {
    "one who runs gets on": gets_on(BUSY),
    "one whose child runs gets on": gets_on(PARENT_OF_BUSY),
    "one who sleeps gets on": gets_on(ASLEEP),
    "one who is stopped does not": stands_still,
    "one who runs without a word is given up": given_up(BUSY, True),
    "one who sleeps without a word is given up": given_up(ASLEEP, True),
    "one who ends is not given up": given_up("echo", False),
    "one who says a word at times is not given up": given_up(
        "for i in 1 2 3 4; do sleep 0.8; echo; done", False, 2),
    "one who talks for ever is given up": wordy,
})
