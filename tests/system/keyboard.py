# SPDX-License-Identifier: MIT
"""Sessions on a terminal, key by key: what a person would type, and see."""

import os
import pty
import re
import select
import subprocess

import machine
import progress

CONTROL_C = b"\x03"
CONTROL_D = b"\x04"
CONTROL_Z = b"\x1a"
CONTROL_BRACKET = b"\x1d"
CONTROL_CARET = b"\x1e"
ESCAPE = b"\x1b"
UP = b"\x1b[A"
LEFT = b"\x1b[D"
ENTER = b"\r"
PROMPT = rb"parapet:[^ ]*# "


class Keyboard:
    """A command on a terminal of its own. see() looks at what came since the
    text that it found last."""

    def __init__(self, command, **settings):
        self.ours, theirs = pty.openpty()
        self.screen = b""
        self.seen = 0
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, env=machine.environment(**settings))
        # QEMU reads single keys from here on; before, the line is the
        # terminal's.
        progress.wait_until(lambda: machine.is_raw(theirs), self.process.pid)
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            # Not kill: tools/run has to end QEMU.
            self.process.terminate()
            self.process.wait()
        os.close(self.ours)

    def read(self, seconds):
        """False once nobody can write any more."""
        if select.select([self.ours], [], [], seconds)[0]:
            try:
                self.screen += os.read(self.ours, 65536)
            except OSError:
                return False
        return True

    def result(self):
        text = self.screen.decode(errors="replace").replace("\r", "")
        return machine.Result(self.process.poll(), text, "")

    def see(self, pattern):
        """Waits for a regular expression."""
        patience = progress.Patience(self.process.pid, machine.LIMIT)
        while not (match := re.compile(pattern).search(self.screen,
                                                       self.seen)):
            machine.expect(self.read_on(patience),
                           f"no {pattern!r} on the terminal", self.result())
        self.seen = match.end()

    def read_on(self, patience):
        """False when there is nothing more to wait for."""
        try:
            patience.check_at_times(len(self.screen))
        except progress.Stuck:
            return False
        return self.read(progress.INTERVAL)

    def type(self, keys, pattern=None):
        os.write(self.ours, keys)
        if pattern is not None:
            self.see(pattern)

    def end(self):
        """Waits for the command's end."""
        patience = progress.Patience(self.process.pid, machine.LIMIT)
        while self.process.poll() is None and self.read_on(patience):
            pass
        progress.wait_until(lambda: self.process.poll() is not None,
                            self.process.pid, machine.LIMIT)
        return self.result()
