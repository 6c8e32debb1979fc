# SPDX-License-Identifier: MIT
"""The machine's disks: DISK, as options for QEMU. Each is at the next virtio
transport that can be used, so that the first is vda."""

import os
import re
import shlex
import stat

from run_lib import sizes
from run_lib.common import Refused, say, setting

SECTOR = 512
# Of the eight of microvm. The other one has the interrupt of the CMOS clock.
TRANSPORTS = (0, 1, 2, 4, 5, 6, 7)
SIZE = re.compile("([1-9][0-9]{0,5})([kKmMgGtT])")


def check_machine(kind):
    if setting("MACHINE", "microvm") != "microvm":
        raise Refused(f"DISK={setting('DISK')}: {setting('MACHINE')} has no "
                      "virtio-mmio, which disks are at: take MACHINE=microvm")
    if kind == "domain" and not setting("BUNDLE"):
        raise Refused(f"DISK={setting('DISK')}: only domain 0 has disks, and "
                      "none is booted: take `make run` or `make run-native`")


def bytes_of(word, text):
    match = SIZE.fullmatch(text)
    if not match:
        raise Refused(f"DISK={word}: expected a size as 64M or 1G")
    return int(match[1]) * sizes.KIB[match[2].upper()] << 10


def new_file(word, size, directory, index):
    """A file of zeroes that takes no room until it is written."""
    path = os.path.join(directory, f"disk{index}.img")
    with open(path, "wb") as file:
        try:
            file.truncate(bytes_of(word, size))
        except OSError as error:
            raise Refused(f"DISK={word}: {error.strerror}") from error
    say(f"DISK={word} is {path} and goes with this run: a file of your own, "
        f"as of `truncate -s {size} my.img`, stays")
    return path


def check_file(word, path, read_only):
    """What QEMU says of a wrong one does not name it."""
    try:
        status = os.stat(path)
    except OSError as error:
        fix = ("only `,ro` can follow a name, and several disks have spaces "
               "between them" if "," in path else "new:64M makes one for this "
               "run")
        raise Refused(f"DISK={word}: {error.strerror}: {fix}") from error
    if stat.S_ISBLK(status.st_mode):
        return
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"DISK={word}: expected a file or a block device")
    if status.st_size == 0 or status.st_size % SECTOR:
        raise Refused(f"DISK={word}: has {status.st_size} bytes: expected a "
                      f"multiple of {SECTOR}")
    if not os.access(path, os.R_OK if read_only else os.R_OK | os.W_OK):
        raise Refused(f"DISK={word}: you may not " + (
            "read it" if read_only else f"write it: take {word},ro"))


def drive(word, directory, index):
    """The words of QEMU's -drive that say what the disk is."""
    name, read_only = word, word.endswith(",ro")
    if read_only:
        name = word[:-len(",ro")]
    kind, _, size = name.partition(":")
    if kind == "null":
        what = f"driver=null-co,size={bytes_of(word, size)}"
    else:
        path = name
        if kind == "new":
            path = new_file(word, size, directory, index)
        else:
            check_file(word, path, read_only)
        # QEMU splits this at commas; two of them stand for one.
        what = (f"file={os.path.abspath(path).replace(',', ',,')},format=raw,"
                "discard=unmap")
    return what + (",readonly=on" if read_only else "")


def named():
    """The disks of DISK: quotes are for a name with a space in it."""
    try:
        return shlex.split(setting("DISK"))
    except ValueError as error:
        raise Refused(f"DISK={setting('DISK')}: {error}: a quote that is part "
                      "of a name needs a backslash before it") from error


def arguments(kind, directory):
    words = named()
    if not words:
        return []
    check_machine(kind)
    if len(words) > len(TRANSPORTS):
        raise Refused(f"DISK names {len(words)} disks: expected at most "
                      f"{len(TRANSPORTS)}")
    options = []
    for index, (word, transport) in enumerate(zip(words, TRANSPORTS)):
        options += ["-drive", f"if=none,id=disk{index}," +
                    drive(word, directory, index),
                    "-device", f"virtio-blk-device,drive=disk{index},"
                               f"bus=virtio-mmio-bus.{transport}"]
    return options
