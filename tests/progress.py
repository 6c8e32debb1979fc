# SPDX-License-Identifier: MIT
"""How far a program gets on, for tests that must not hang with it.

On a busy host a program waits for a CPU, and that says nothing about it. So
its time is not the host's: it goes on while the program or one of its children
runs, and while all of them sleep because they want to, but not while one is
ready to run and may not, or was stopped. A program is given up when it said no
word for some seconds of its own time.
"""

import os
import subprocess
import time

# How often to look, in seconds: a look reads about each process of the host.
INTERVAL = 1.0
# Words are progress, too, but not for ever: so many times the limit in all.
WORDY = 20
TICK = 1 / os.sysconf("SC_CLK_TCK")
# Of a process or thread: it runs, waits for a CPU or a disk, or was stopped.
NOT_ASLEEP = "RDTt"


class Stuck(Exception):
    """The program was given up; it may still be there."""


def stat(path):
    """The fields of a stat file after the name, or None if it is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def name(pid):
    """Of a process: its first 15 letters, or nothing when it is gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def children():
    """The processes of this machine, by their parent."""
    result = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if fields := stat(f"/proc/{pid}/stat"):
            result.setdefault(int(fields[1]), []).append(int(pid))
    return result


def family(pid):
    """A process with all that descend from it."""
    by_parent = children()
    result = [pid]
    for parent in result:
        result += by_parent.get(parent, [])
    return result


def cpu_seconds(fields):
    """Its own, and those of its children that have ended."""
    return TICK * sum(map(int, fields[11:15]))


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def is_asleep(pid):
    return not any((fields := stat(f"/proc/{pid}/task/{thread}/stat")) and
                   fields[0] in NOT_ASLEEP for thread in threads(pid))


class Clock:
    """The own time of a program, in seconds. It has to be looked at often."""

    def __init__(self, pid):
        self.pid = pid
        self.seconds = 0.0
        self.cpu = 0.0
        self.last = time.monotonic()
        self.look()

    def look(self):
        pids = family(self.pid)
        used = sum(cpu_seconds(fields) for pid in pids
                   if (fields := stat(f"/proc/{pid}/stat")))
        now = time.monotonic()
        passed = now - self.last
        if not all(map(is_asleep, pids)):
            passed = min(passed, max(used - self.cpu, 0.0))
        self.seconds += passed
        self.cpu, self.last = used, now
        return self.seconds


class Patience:
    """Ends after limit seconds of a program's time without a word of it."""

    def __init__(self, pid, limit):
        self.clock = Clock(pid)
        self.limit = limit
        self.said = 0
        self.said_at = 0.0

    def check(self, said=0):
        """said counts what it has said so far."""
        seconds = self.clock.look()
        if said != self.said:
            self.said, self.said_at = said, seconds
        if seconds - self.said_at > self.limit:
            raise Stuck(f"no word of it in {self.limit} seconds of its time")
        if seconds > WORDY * self.limit:
            raise Stuck(f"no end in {WORDY * self.limit} seconds of its time")

    def check_at_times(self, said=0):
        """For those who come by more often than it is worth a look."""
        if time.monotonic() - self.clock.last > INTERVAL:
            self.check(said)


def communicate(process, data=None, limit=60):
    """As Popen's, but it may raise Stuck; call Popen's after killing it."""
    patience = Patience(process.pid, limit)
    while True:
        try:
            return process.communicate(data, timeout=INTERVAL)
        except subprocess.TimeoutExpired as waiting:
            data = None
            patience.check(len(waiting.output or b"") +
                           len(waiting.stderr or b""))


def wait_until(condition, pid, limit=60):
    """Returns when it is so; raises Stuck."""
    patience = Patience(pid, limit)
    while not condition():
        time.sleep(0.01)
        patience.check_at_times()
