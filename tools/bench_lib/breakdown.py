# SPDX-License-Identifier: MIT
"""One null hypercall, instruction by instruction.

The bench's guest is single-stepped by QEMU's debugger interface through as many
null hypercalls as lie between two that the hypervisor times (abi/shared.h:
PARAPET_LATENCY_INTERVAL), and each executed instruction is booked on one part
of the way. So the parts are averages of what was really executed, and their
sum must be what the instruction pass counted for null_hypercall.
"""

import os
import re
import socket
import subprocess
import tempfile
import time

from bench_lib import boots
from bench_lib.rows import Failed

HYPERVISOR = f"{boots.BUILD}/hypervisor.elf"
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
SECONDS = 60
RIP = 16  # its place among the registers, of eight bytes each


class Debugger:
    """GDB's remote serial protocol, as much as stepping needs."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        end = time.monotonic() + SECONDS
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise Failed("QEMU's debugger interface does not answer")
                time.sleep(0.02)
        self.buffer = b""

    def send(self, text):
        checksum = sum(text.encode()) & 0xff
        self.socket.sendall(f"${text}#{checksum:02x}".encode())

    def receive(self):
        while True:
            match = re.search(rb"\$([^#]*)#..", self.buffer)
            if match:
                self.buffer = self.buffer[match.end():]
                self.socket.sendall(b"+")
                return match.group(1).decode()
            data = self.socket.recv(65536)
            if not data:
                raise Failed("QEMU ended while it was stepped")
            self.buffer += data

    def ask(self, text):
        self.send(text)
        return self.receive()

    def run_to(self, address):
        for command in (f"Z1,{address:x},1", "c", f"z1,{address:x},1"):
            if not self.ask(command).startswith(("OK", "T05")):
                raise Failed(f"the debugger interface refused {command}")

    def step(self):
        """Executes one instruction; returns the address of the next."""
        if not self.ask("s").startswith("T05"):
            raise Failed("the guest ended while it was stepped")
        return self.rip()

    def rip(self):
        digits = self.ask("g")[RIP * 16:][:16]
        return int.from_bytes(bytes.fromhex(digits), "little")

    def kill(self):
        self.send("k")
        self.socket.close()


def symbols(image, names):
    """Address and size by name, of the names that are needed."""
    listing = subprocess.run(["nm", "-S", image], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.splitlines()
    found = {}
    for line in listing:
        words = line.split()
        size = int(words[1], 16) if len(words) == 4 else 0
        found[words[-1]] = int(words[0], 16), size
    missing = [name for name in names if name not in found]
    if missing:
        raise Failed(f"{image} lacks the symbols {' '.join(missing)}")
    return found


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
                        symbols(HYPERVISOR, [*BEGINS, *HANDLERS]))
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as folder:
        path = os.path.join(folder, "gdb")
        bundle = boots.make_bundle(folder, "0 null_hypercall/hypercall")
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
