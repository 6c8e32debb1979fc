#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The clock: its wall time is the machine's, also after the machine was stopped,
and boots agree on how fast the time stamp counter is.

What is right is what the machine's CMOS clock shows, since a guest sees no other;
QEMU starts it with a whole second of the host's. Nothing here depends on how fast
the host is: everything is known to lie between two readings of the host's clock,
and what is not right yet is asked for again. CLOCK_BOOTS is the number of boots
that are to agree."""

import calendar
import contextlib
import json
import os
import re
import socket
import tempfile
import time

import machine
from keyboard import ENTER, PROMPT, Keyboard
from machine import LIMIT, expect, expect_status, test

BOOTS = int(os.environ.get("CLOCK_BOOTS", "3"))
RIGHT = 0.020
# The bounds that are good enough to tell that.
NARROW = 0.005
STOPPED = 1.7
AGREE_PPM = 10
KNOWN = rb"clock: \d+ Hz, at most (?:[12]\d{3}|\d{1,3}) ppb off"
WALL = re.compile(rb"wall=([\d-]+ [\d:]+)(\.\d{9})")
UPTIME = re.compile(rb"up=([\d.]+)\r")
MHZ = re.compile(rb"cpu MHz\s*: ([\d.]+)\r")


class Monitor:
    """QEMU's control socket, another one than that of tools/run."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()  # its greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while "event" in (answer := json.loads(self.lines.readline())):
            pass
        return answer["return"]

    def close(self):
        self.lines.close()
        self.socket.close()


class CmosClock:
    """By how much the CMOS clock is ahead of the host's: between low and high."""

    def __init__(self, monitor):
        self.low, self.high = -1e12, 1e12
        end = time.monotonic() + LIMIT
        while self.high - self.low > NARROW and time.monotonic() < end:
            self.look(monitor)

    def look(self, monitor):
        before = time.time()
        date = monitor.execute("qom-get", path="/machine", property="rtc-time")
        after = time.time()
        shown = calendar.timegm((date["tm_year"] + 1900, date["tm_mon"] + 1,
                                 date["tm_mday"], date["tm_hour"],
                                 date["tm_min"], date["tm_sec"]))
        self.low = max(self.low, shown - after)
        self.high = min(self.high, shown + 1 - before)


@contextlib.contextmanager
def session(native=False, **settings):
    """A shell, and QEMU's monitor."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        path = os.path.join(directory, "qmp")
        command = ["tools/run"] + ["--native"] * native
        with Keyboard(command, TIMEOUT=6 * LIMIT,
                      QEMU_EXTRA=f"-qmp unix:{path},server=on,wait=off",
                      **settings) as keys:
            keys.see(PROMPT)
            monitor = Monitor(path)
            yield keys, monitor
            monitor.close()
            keys.type(b"poweroff" + ENTER)
            expect_status(keys.end(), machine.OK)


def ask(keys, command, pattern):
    """Types a command; the host's time before, what came, and the time after."""
    before = time.time()
    keys.type(command.encode() + ENTER, pattern.pattern)
    return before, pattern.findall(keys.screen[:keys.seen])[-1], time.time()


def wall_error(keys, cmos):
    """How far the guest is behind the CMOS clock, and ahead of it, at least."""
    before, (date, part), after = ask(
        keys, ": >/tmp/now; stat -c wall=%y /tmp/now", WALL)
    told = calendar.timegm(time.strptime(date.decode(), "%Y-%m-%d %H:%M:%S"))
    told += float(part)
    return before + cmos.low - told, told - (after + cmos.high)


def expect_right(keys, cmos, when):
    end = time.monotonic() + LIMIT
    while max(error := wall_error(keys, cmos)) > RIGHT:
        expect(time.monotonic() < end,
               f"{when} the wall clock is {error[0]:.3f} s behind the CMOS "
               f"clock, or {error[1]:.3f} s ahead", keys.result())
        time.sleep(0.2)


def uptime(keys):
    before, up, after = ask(keys, 'read up x </proc/uptime; echo "up=$up"',
                            UPTIME)
    return before, float(up), after


def check_stop(keys, monitor):
    """Monotonic time goes on where it was."""
    start, up, _ = uptime(keys)
    monitor.execute("stop")
    time.sleep(STOPPED)
    monitor.execute("cont")
    _, later, end = uptime(keys)
    # /proc/uptime shows hundredths, and the rate may still be a little wrong.
    expect(up <= later <= up + end - start - STOPPED + 0.05,
           f"uptime was {up} s, and after a stop of {STOPPED} s within "
           f"{end - start:.2f} s it is {later} s", keys.result())


MACHINES = {**machine.PLATFORMS,
            "pv on q35 with 2 CPUs": {"MACHINE": "q35", "SMP": 2}}


def register(name, settings):
    @test(f"clock: the wall clock is right, and again after a stop, {name}")
    def wall():
        with session(**settings) as (keys, monitor):
            cmos = CmosClock(monitor)
            expect_right(keys, cmos, "after the boot")
            check_stop(keys, monitor)
            expect_right(keys, cmos, "after a stop")


for machine_name, machine_settings in MACHINES.items():
    register(machine_name, machine_settings)


def hz_of_a_boot():
    """What the hypervisor finds, once it knows it well."""
    with session(APPEND="log=debug") as (keys, _):
        keys.seen = 0  # it may have said so before the prompt
        keys.see(KNOWN)
        found = re.findall(rb"clock: (\d+) Hz", keys.screen[:keys.seen])
        return int(found[-1])


def apart_ppm(values):
    return (max(values) - min(values)) / min(values) * 1e6


@test(f"clock: {BOOTS} boots agree on the counter to {AGREE_PPM} ppm, "
      "and one natively")
def agree():
    found = [hz_of_a_boot() for _ in range(BOOTS)]
    expect(apart_ppm(found) <= AGREE_PPM,
           f"{apart_ppm(found):.1f} ppm between {found}")
    end = time.monotonic() + 3 * LIMIT
    with session(native=True) as (keys, _):
        while True:
            told = float(ask(keys, "grep MHz /proc/cpuinfo", MHZ)[1]) * 1e6
            if apart_ppm([*found, told]) <= AGREE_PPM:
                break
            expect(time.monotonic() < end, f"natively {told} Hz, in a domain "
                   f"{found}", keys.result())
            time.sleep(0.5)


@test("clock: left as it is where instructions are counted")
def counted():
    with session(APPEND="log=debug", ICOUNT=1) as (keys, _):
        time.sleep(2.5)
        result = keys.result()
        expect("clock: " not in result.output, "the clock was changed", result)


machine.run_all()
