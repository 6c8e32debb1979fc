# SPDX-License-Identifier: MIT
"""One null hypercall, instruction by instruction.

The bench's guest is single-stepped by QEMU's debugger interface through as many
null hypercalls as lie between two that the hypervisor times (abi/shared.h:
PARAPET_LATENCY_INTERVAL), and each executed instruction is booked on one part
of the way. So the parts are averages of what was really executed, and their
sum must be what the instruction pass counted for null_hypercall.
"""

import os
import subprocess
import tempfile

from bench_lib import boots
from bench_lib.debugger import Debugger, symbols
from bench_lib.rows import Failed

LOOP = "bench_null_hypercall"
# The handler and its unpacker, into which the compiler may put it.
HANDLERS = ("unpack_abi_version", "hc_abi_version")
# Where a part begins, by the label of its first instruction; the entry begins
# with the first instruction outside the guest.
BEGINS = {"pv_hypercall_dispatch": "dispatch", "pv_sampled_hypercall": "timing",
          "pv_hypercall_return": "exit"}
PARTS = ("stub", "entry", "dispatch", "handler", "exit", "timing")
TEXTS = {"stub": "guest stub", "timing": "timing one in 64"}

GUEST_START = 0xffffff8000000000  # PARAPET_KERNEL_START
PREAMBLE = 4  # bytes before the loop's body: push %rbx; mov %rdi, %rbx
HYPERCALLS = 64  # PARAPET_LATENCY_INTERVAL
MAX_STEPS = 200 * HYPERCALLS
TOLERANCE = 0.2


class Bookkeeper:
    """Books each executed instruction on a part of the way."""

    def __init__(self, guest, hypervisor):
        self.body = guest[LOOP][0] + PREAMBLE
        self.begins = {hypervisor[label][0]: part
                       for label, part in BEGINS.items()}
        self.handlers = [hypervisor[name] for name in HANDLERS]
        self.counts = dict.fromkeys(PARTS, 0)
        self.part = None

    def guest_part(self, rip):
        """The stub is the loop's call and all outside the loop."""
        in_loop = self.body < rip < self.body + 16
        return None if in_loop else "stub"

    def is_handler(self, rip):
        return any(start <= rip < start + size for start, size in self.handlers)

    def book(self, rip):
        if rip >= GUEST_START:
            self.part = None
            part = self.guest_part(rip)
        else:
            self.part = self.begins.get(rip, self.part or "entry")
            part = "handler" if self.is_handler(rip) else self.part
        if part:
            self.counts[part] += 1


def step_through(debugger, keeper):
    debugger.run_to(keeper.body)
    rip = keeper.body
    hypercalls = 0
    for _ in range(MAX_STEPS):
        keeper.book(rip)
        rip = debugger.step()
        hypercalls += rip == keeper.body
        if hypercalls == HYPERCALLS:
            return
    raise Failed(f"{MAX_STEPS} steps did not end {HYPERCALLS} hypercalls")


def measure(expected):
    """Instructions by part, in the order of the way."""
    keeper = Bookkeeper(symbols(boots.GUEST, [LOOP]),
                        symbols(boots.HYPERVISOR, [*BEGINS, *HANDLERS]))
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        path = os.path.join(directory, "gdb")
        bundle = boots.make_bundle(directory, "0 null_hypercall/hypercall")
        process = subprocess.Popen(
            ["tools/run"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=boots.settings(True, BUNDLE=bundle, GDB=path))
        try:
            debugger = Debugger(path)
            step_through(debugger, keeper)
            debugger.kill()
        finally:
            process.terminate()
            process.wait()
    parts = {part: count / HYPERCALLS for part, count in keeper.counts.items()}
    total = sum(parts.values())
    nothing = [part for part in PARTS if not parts[part]]
    if nothing:
        raise Failed(f"a null hypercall has no {' and no '.join(nothing)}")
    if abs(total - expected) > TOLERANCE:
        raise Failed(f"the parts of a null hypercall are {total:.1f} "
                     f"instructions, but {expected:.1f} were counted: {parts}")
    return parts
