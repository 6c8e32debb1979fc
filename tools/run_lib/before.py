# SPDX-License-Identifier: MIT
"""What QEMU says on standard error before the machine starts, in our words.

Until then it is kept: QEMU's own words for a wrong CPU or MEM name neither, and
it has a line for each feature of a CPU model that it cannot emulate. From then
on, what QEMU says is passed on as it comes.
"""

import os
import re
import threading

from run_lib.common import say, setting

LACKS = re.compile(r"warning: (TCG|Host) doesn't support requested feature: "
                   r".*\.(\S+) \[bit \d+\]")

# By a word of QEMU's: the settings that may be meant, and what to do.
HINTS = (
    (" lock", ("DISK",), "another machine may have it: read only (,ro) several "
                         "can"),
    ("cpu", ("CPU",), "`{qemu} -cpu help` lists models and features"),
    ("memory", ("MEM", "DOMAIN_MEM", "ADD"), "take less"),
    ("initrd", ("MEM",), "take more"),
    ("kernel", ("GUEST",), "expected one for the bare machine, as "
                           "build/guest-native.elf"),
    ("", ("QEMU_EXTRA", "CPU", "MEM", "GDB"), "look there first"),
)


def hint(message):
    for word, names, advice in HINTS:
        given = [f"{name}={setting(name)}" for name in names if setting(name)]
        if word in message.lower() and given:
            qemu = setting("QEMU", "qemu-system-x86_64")
            return f" ({given[0]}: {advice.format(qemu=qemu)})"
    return ""


class Before:
    """The pipe that is QEMU's standard error."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        self.begun = False
        self.relay = threading.Thread(target=self.pass_on, daemon=True)

    def read(self):
        """The lines so far, without what CPU features QEMU lacks; and these.
        QEMU has written them when it answers, or has ended."""
        os.set_blocking(self.reader, False)
        data = b""
        try:
            while chunk := os.read(self.reader, 65536):
                data += chunk
        except BlockingIOError:
            pass
        os.set_blocking(self.reader, True)
        lines = data.decode(errors="replace").splitlines()
        return ([line for line in lines if not LACKS.search(line)],
                [match for match in map(LACKS.search, lines) if match])

    def start(self):
        """The machine is about to run."""
        lines, lacking = self.read()
        if lacking:
            names = dict.fromkeys(match[2] for match in lacking)
            say(f"CPU={setting('CPU', 'max')} has no {', '.join(names)} here: "
                f"{lacking[0][1]} cannot do that")
        for line in lines:
            os.write(2, os.fsencode(line + "\n"))
        self.begun = True
        self.relay.start()

    def pass_on(self):
        while chunk := os.read(self.reader, 65536):
            os.write(2, chunk)

    def end(self):
        """QEMU has ended. What it died of, in a line, if it never started."""
        if self.begun:
            self.relay.join(1)
            return None
        message = " ".join(re.sub(r"^\S*qemu\S*: ", "", line)
                           for line in self.read()[0])
        if not message:
            return None
        return f"QEMU did not start: {message}{hint(message)}"
