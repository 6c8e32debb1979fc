# SPDX-License-Identifier: MIT
"""Requests to disks, counted by traces alone, as the CPU sleeps while a disk is
at work: the instructions of one by whose they are, and how often the two ends
tell each other.
"""

import collections
import functools

from bench_lib import boots, parts
from bench_lib.debugger import symbols

# What tells another domain; and what a driver tells a device by, and ends what
# the device has told.
SEND = "evtchn_send"
OF_DEVICE = ("virtio_mmio_notify", "privops_device_irq_done")
# Where the CPU sleeps in the kernel on the bare machine, and where a thread is
# ready; see parts.py for those of the hypervisor.
KERNEL_IDLE, KERNEL_WOKEN = "privops_idle", "thread_idle_end"
# Where another domain's translations come onto the CPU.
CHANGE = "pv_leave_owner"
# More do not make it better: what an interrupt adds is seldom there twice.
MOST_TRACES = 2


def starts_of(image, functions):
    found = symbols(image, functions)
    return {found[name][0] for name in functions}


# notices: where one end tells the other. idle and woken: where the CPU sleeps,
# and where it has found something to do.

class NativeNames(parts.NoNames):
    strings_copy = True

    def __init__(self):
        found = symbols(boots.NATIVE_KERNEL, [KERNEL_IDLE, KERNEL_WOKEN])
        self.idle, self.woken = found[KERNEL_IDLE][0], found[KERNEL_WOKEN][0]
        self.copies = parts.addresses_of(boots.NATIVE_KERNEL, parts.COPIES)
        self.notices = starts_of(boots.NATIVE_KERNEL, OF_DEVICE)


class Domain0Names(parts.NamesOfTwo):
    """The debugger does not stop at a switch, which would bring an interrupt of
    the clock: with two domains it is always the other one that comes."""

    strings_copy = True
    of_other_together = False

    def __init__(self):
        super().__init__()
        found = symbols(boots.HYPERVISOR, [parts.IDLE, CHANGE])
        self.idle, self.change = found[parts.IDLE][0], found[CHANGE][0]
        self.woken, self.switch = self.switch, None
        self.notices = starts_of(boots.KERNEL, OF_DEVICE)


class SplitNames(Domain0Names):
    """There it is the call that tells the other domain."""

    def __init__(self):
        super().__init__()
        number = next(number for number, name in self.hypercalls.items()
                      if name == SEND)
        self.notices = {self.page + number * parts.HYPERCALL_ENTRY_SIZE}


NAMES = {"native": NativeNames, "domain0": Domain0Names, "split": SplitNames}


def awake(addresses, names):
    """The same without what the CPU did while it slept: each time that it woke
    and found nothing to do, but for the last. How often the clock wakes it
    depends on how long the machine's disk takes, and so on the host."""
    found, slept = [], None
    for address in addresses:
        if address == names.woken:
            slept = None
        elif address == names.idle:
            if slept is not None:
                del found[slept:]
            slept = len(found)
        found.append(address)
    return found


def look(names, addresses, came):
    """Of a trace its parts, and how often one end told the other."""
    addresses = awake(addresses, names)
    return (parts.book(addresses, names, came),
            sum(address in names.notices for address in addresses))


# ---- rows ----

def operation_of(row):
    """What is traced for a row: for notices the reading of 4 KiB."""
    return f"blk_read_4k_d{row.depth}" if row.is_of_notices else row.op


def set_parts(row, booked):
    row.parts = booked
    row.counts = [booked.total()]
    row.apart = booked[parts.COPY_PART]
    row.hypervisor = round(sum(
        count for part, count in booked.items()
        if part not in parts.GUESTS_AND_COPY))


def measure(rows, way, rounds, texts):
    """Sets the parts and the counts of all rows of this way. texts: what the
    program is told to measure, which must be their operations."""
    rounds = min(rounds, MOST_TRACES)
    operations = {operation_of(row) for row in rows}
    names = NAMES[way]()
    lines, found = parts.traces(
        functools.partial(boots.of_disks, way), f"{rounds} {texts}",
        2 * rounds * len(operations), functools.partial(look, names),
        switch=names.switch)
    booked = {operation: collections.Counter() for operation in operations}
    notices = collections.Counter()
    for values, (of_trace, nr) in parts.quietest(lines, found,
                                                 lambda both: both[0].total()):
        weight = int(values["sign"]) / int(values["operations"])
        for part, count in of_trace.items():
            booked[values["op"]][part] += count * weight
        notices[values["op"]] += nr * weight
    for row in rows:
        if row.is_of_notices:
            row.counts = [notices[operation_of(row)]]
        else:
            set_parts(row, booked[row.op])
