# SPDX-License-Identifier: MIT
"""Hears from the console that the next domain has got it.

QEMU writes the console to a named pipe of ours, too. A domain that prints the
hypervisor's line itself only gets an end of the input more.
"""

import os
import re
import threading

# hypervisor/core/hc_console.c
LINE = re.compile(rb"d\d+: has the console\r?")


class Focus(threading.Thread):
    def __init__(self, folder):
        super().__init__(daemon=True)
        self.path = os.path.join(folder, "console")
        os.mkfifo(self.path)
        # For writing, too: a pipe without a writer would be at its end.
        self.pipe = os.open(self.path, os.O_RDWR)
        self.news = threading.Semaphore(0)

    def option(self):
        """What to add to the console's -chardev; commas stand twice there."""
        return ",logfile=" + self.path.replace(",", ",,")

    def run(self):
        rest = b""
        while chunk := os.read(self.pipe, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            # A line without an end need not be kept: ours are short.
            rest = rest[-100:]
            for _ in filter(LINE.fullmatch, lines):
                self.news.release()

    def wait(self, seconds):
        """Until the console has gone to another domain, or so long."""
        self.news.acquire(timeout=seconds)
