# SPDX-License-Identifier: MIT
"""A program in Python as a fork of this process, which has loaded it before.

To start Python and to load what a program imports takes longer than most of
what tests want of it. Only a process without threads may fork this way.
"""

import os
import select
import signal
import subprocess
import sys
import time
import traceback


def become(main, arguments, environment, stdin, stdout):
    """In the child, which is that program from here on."""
    status = 1
    try:
        for new, old in ((stdin, 0), (stdout, 1), (stdout, 2)):
            os.dup2(new, old)
        os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
        sys.argv = arguments
        os.environ.clear()
        os.environ.update(environment)
        status = main()
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class Forked:
    """As far as it goes, like Popen, with one pipe for all that it prints.
    stdin is a descriptor, for the caller to close."""

    def __init__(self, main, arguments, environment):
        self.returncode = None
        self.output = b""
        theirs, self.stdin = os.pipe()
        self.stdout, printed = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            become(main, arguments, environment, theirs, printed)
        os.close(theirs)
        os.close(printed)

    def communicate(self, _data=None, timeout=None):
        """What it printed; or Popen's exception, with what there is so far."""
        poll = select.poll()
        poll.register(self.stdout, select.POLLIN)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("a fork", timeout, self.output)
            if not poll.poll(None if left is None else left * 1000):
                continue
            chunk = os.read(self.stdout, 65536)
            if not chunk:
                break
            self.output += chunk
        os.close(self.stdout)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.output, None

    def terminate(self):
        os.kill(self.pid, signal.SIGTERM)
