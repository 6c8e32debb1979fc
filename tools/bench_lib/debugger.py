# SPDX-License-Identifier: MIT
"""GDB's remote serial protocol, as much as the bench needs of it."""

import os
import re
import socket
import subprocess
import time

from bench_lib.rows import Failed

SECONDS = 600
# Places among the registers, of eight bytes each.
RDI, RIP = 5, 16


def symbols(image, names):
    """Address and size by name, of the names that are needed."""
    listing = subprocess.run([os.environ.get("CROSS", "") + "nm", "-S", image], check=True, text=True,
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


class Debugger:
    """QEMU, stopped."""

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

    def run_to(self, *addresses):
        """Returns at which of them it is."""
        for command in (*(f"Z1,{address:x},1" for address in addresses), "c",
                        *(f"z1,{address:x},1" for address in addresses)):
            if not self.ask(command).startswith(("OK", "T05")):
                raise Failed(f"the debugger interface refused {command}")
        return self.rip()

    def step(self):
        """Executes one instruction; returns the address of the next."""
        if not self.ask("s").startswith("T05"):
            raise Failed("the guest ended while it was stepped")
        return self.rip()

    def register(self, place):
        digits = self.ask("g")[place * 16:][:16]
        return int.from_bytes(bytes.fromhex(digits), "little")

    def rip(self):
        return self.register(RIP)

    def monitor(self, command):
        """A command of QEMU's own; returns what it says."""
        self.send("qRcmd," + command.encode().hex())
        said = ""
        while (reply := self.receive()) != "OK":
            if not reply.startswith("O"):
                raise Failed(f"QEMU refused the command {command}: {reply}")
            said += bytes.fromhex(reply[1:]).decode(errors="replace")
        return said

    def detach(self):
        """Lets the machine go on by itself, and soon end perhaps: whatever
        comes, the command has been read."""
        self.send("D")
        self.socket.recv(1)
        self.socket.close()

    def kill(self):
        self.send("k")
        self.socket.close()
