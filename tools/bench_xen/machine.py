# SPDX-License-Identifier: MIT
"""One boot of Xen in QEMU, with the bench's guest as domain 0."""

import os
import re
import shutil
import subprocess
import tempfile
import threading

QEMU = os.environ.get("QEMU") or "qemu-system-x86_64"
# No boot loader: QEMU takes the image for what it is, a multiboot kernel.
OPTIONS = ["-machine", "pc", "-m", "512", "-smp", "1",
           "-accel", "tcg", "-cpu", "max",
           "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
           "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
           "-chardev", "stdio,id=console,signal=off",
           "-serial", "chardev:console"]
XEN_OPTIONS = "com1=115200,8n1 console=com1 dom0_mem=128M"
# What the guest writes to the debug-exit device, as QEMU's status.
SUCCESS = 85
TIMEOUT = 300
TAIL_LINES = 15

# The last that is heard of Xen when it or domain 0 has crashed. Under -icount
# its five seconds are minutes.
REBOOT = re.compile(rb"in (?:five|5) seconds")
LINE = re.compile(r"^BENCH (\w+) ?(.*)$", re.MULTILINE)


class Failed(Exception):
    """No figures; the text says why."""


def command(xen, guest, arguments, icount):
    # QEMU splits the modules at commas; two of them stand for one.
    module = f"{guest} {arguments}".replace(",", ",,")
    counting = ["-icount", "shift=0,sleep=off"] if icount else []
    return ([QEMU] + OPTIONS + counting +
            ["-kernel", xen, "-initrd", module, "-append", XEN_OPTIONS])


def complaint(status, console):
    tail = "\n".join(console.splitlines()[-TAIL_LINES:])
    return (f"the guest did not finish within {TIMEOUT} seconds or failed "
            f"(QEMU's status is {status}); the console's end:\n{tail}")


def run(arguments):
    """QEMU's status and what it printed; it is killed if it does not end."""
    output = []
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as qemu:
        timer = threading.Timer(TIMEOUT, qemu.kill)
        timer.start()
        try:
            for line in qemu.stdout:
                output.append(line)
                if REBOOT.search(line):
                    qemu.kill()
        except KeyboardInterrupt:
            qemu.kill()
            raise
        finally:
            timer.cancel()
    return qemu.returncode, b"".join(output)


def boot(xen, guest, rounds, pattern, icount):
    """The lines of the guest, each as its kind and its values."""
    if not shutil.which(QEMU):
        raise Failed(f"{QEMU} is not there; `make doctor` says what to do")
    with tempfile.TemporaryDirectory(prefix="parapet-xen-") as directory:
        # The module's path ends at a blank: no blank in this one.
        link = os.path.join(directory, "guest")
        os.symlink(os.path.abspath(guest), link)
        status, output = run(
            command(xen, link, f"{rounds} {pattern}", icount))
    console = output.decode(errors="replace").replace("\r", "")
    if status != SUCCESS:
        raise Failed(complaint(status, console))
    return [(kind, dict(pair.split("=", 1) for pair in rest.split()))
            for kind, rest in LINE.findall(console)]
