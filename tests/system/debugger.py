# SPDX-License-Identifier: MIT
"""A machine that waits for gdb, and gdb with commands or a script for it."""

import contextlib
import os
import subprocess
import tempfile

import machine
import progress

GDB = "gdb" if os.uname().machine == "x86_64" else "gdb-multiarch"


@contextlib.contextmanager
def waiting_machine(*arguments, **settings):
    """The paths of its socket for gdb, and of its console."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        socket, console = f"{directory}/gdb", f"{directory}/console"
        with open(console, "wb") as output:
            process = subprocess.Popen(
                ["tools/run", *arguments], stdin=subprocess.PIPE,
                stdout=output, stderr=output,
                env=machine.environment(GDB=socket, **settings))
        try:
            progress.wait_until(lambda: os.path.exists(socket), process.pid)
            yield socket, console
        finally:
            process.terminate()
            process.wait()
            process.stdin.close()


def gdb(image, commands, *arguments, variables=None, **settings):
    """What the console shows, and what gdb says: these are its arguments.

    variables are gdb's environment; arguments and settings those of tools/run.
    """
    with waiting_machine(*arguments, **settings) as (socket, console):
        done = machine.complete(
            [GDB, "-q", "-nx", "-batch", "-iex", "set pagination off",
             "-ex", f"target remote {socket}", *commands,
             os.path.join(machine.BUILD, image)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=machine.environment(**(variables or {})))
        with open(console, encoding="utf-8", errors="replace") as file:
            text = file.read()
    return machine.Result(done.status, text, done.output)
