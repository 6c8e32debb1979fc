# SPDX-License-Identifier: MIT
"""Hears from the console that the next domain has got it.

QEMU writes the console to a named pipe of ours, too. Only the domain that has the
console can print the hypervisor's line itself. It gets an end of the input more
by that, but not many: the console goes from each domain to a later one, so a line
counts only when its number is greater than all before.
"""

import os
import re
import threading

# hypervisor/core/hc_console.c
LINE = re.compile(rb"d(\d{1,10}): has the console\r?")


class Focus(threading.Thread):
    def __init__(self, directory):
        super().__init__(daemon=True)
        self.path = os.path.join(directory, "console")
        os.mkfifo(self.path)
        # For writing, too: a pipe without a writer would be at its end.
        self.pipe = os.open(self.path, os.O_RDWR)
        self.news = threading.Semaphore(0)
        self.domain = 0
        self.rest = b""

    def option(self):
        """What to add to the console's -chardev; commas stand twice there."""
        return ",logfile=" + self.path.replace(",", ",,")

    def run(self):
        while chunk := os.read(self.pipe, 65536):
            self.hear(chunk)

    def hear(self, chunk):
        """The next bytes of the console."""
        *lines, rest = (self.rest + chunk).split(b"\n")
        # A line without an end need not be kept: ours are short.
        self.rest = rest[-100:]
        for match in filter(None, map(LINE.fullmatch, lines)):
            if int(match[1]) > self.domain:
                self.domain = int(match[1])
                self.news.release()

    def wait(self, seconds):
        """Until the console has gone to another domain, or so long."""
        self.news.acquire(timeout=seconds)
