# SPDX-License-Identifier: MIT
"""One boot of Xen in QEMU, with the bench's guest as domain 0."""

import os
import re
import shutil
import subprocess
import tempfile

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

LINE = re.compile(r"^BENCH (\w+) ?(.*)$", re.MULTILINE)


class Failed(Exception):
    """No figures; the text says why."""


def command(xen, guest, arguments, icount):
    # QEMU splits the modules at commas; two of them stand for one.
    module = f"{guest} {arguments}".replace(",", ",,")
    counting = ["-icount", "shift=0,sleep=off"] if icount else []
    return ([QEMU] + OPTIONS + counting +
            ["-kernel", xen, "-initrd", module, "-append", XEN_OPTIONS])


def complaint(what, console):
    tail = "\n".join(console.splitlines()[-TAIL_LINES:])
    return f"{what}; the console's end:\n{tail}"


def run(arguments):
    try:
        result = subprocess.run(arguments, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=TIMEOUT)
        return result.returncode, result.stdout
    except subprocess.TimeoutExpired as expired:
        return None, expired.stdout or b""


def boot(xen, guest, rounds, pattern, icount):
    """The lines of the guest, each as its kind and its values."""
    if not shutil.which(QEMU):
        raise Failed(f"{QEMU} is not there; `make doctor` says what to do")
    with tempfile.TemporaryDirectory(prefix="parapet-xen-") as folder:
        # The module's path ends at a blank: no blank in this one.
        link = os.path.join(folder, "guest")
        os.symlink(os.path.abspath(guest), link)
        status, output = run(
            command(xen, link, f"{rounds} {pattern}", icount))
    console = output.decode(errors="replace").replace("\r", "")
    if status != SUCCESS:
        what = (f"no end within {TIMEOUT} seconds" if status is None
                else f"the guest did not finish (QEMU's status is {status})")
        raise Failed(complaint(what, console))
    return [(kind, dict(pair.split("=", 1) for pair in rest.split()))
            for kind, rest in LINE.findall(console)]
