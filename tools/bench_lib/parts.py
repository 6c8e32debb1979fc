# SPDX-License-Identifier: MIT
"""Whose the instructions of a program's operation are.

user/bench, told to `--trace`, does each operation once between two calls of
bench_mark(). The debugger interface stops it there and has QEMU log each
instruction in between, which is then the program's, the guest kernel's, or the
hypervisor's, by its address; and these are booked on the exit that they serve,
under the names of /proc/exits: a system call of user mode, a hypercall by the
entry of the hypercall page that was called, an exception by its stub.
"""

import collections
import os
import re
import subprocess
import tempfile

from bench_lib import boots
from bench_lib.debugger import RDI, Debugger, symbols
from bench_lib.rows import Failed

# The program with its symbols, and its trace.c: the mark, and the argument that
# it has.
PROGRAM = f"{boots.BUILD}/bench/bench.debug"
MARK, MAGIC = "bench_mark", 0x6b72616d68636e65

PROGRAM_PART, KERNEL_PART = "program", "guest kernel"
USER_END = 1 << 47
GUEST_START = 0xffffff8000000000  # PARAPET_KERNEL_START

# abi/note.h, hypervisor/engine/entry.S
HYPERCALL_ENTRY_SIZE = 16
HYPERCALL = re.compile(r"^PARAPET_HYPERCALL\((\d+), (\w+),", re.MULTILINE)
STUB_SIZE, NR_STUBS = 16, 256
FIRST_INTERRUPT = 32
EXCEPTIONS = {13: "emulated", 14: "page_fault"}

# A translated block is one instruction. What QEMU logs and then does not
# execute, or executes anew, is followed by a line about that.
TRACE = re.compile(rb"^(?:Trace .*?/([0-9a-f]{16})/|Stopped |cpu_io_recompile)",
                   re.MULTILINE)
# The clock counts instructions, and does not jump to the next interrupt while
# the debugger has stopped the machine, as tools/run's would.
CLOCK = "-icount shift=0"

# The command was called the first before QEMU 8.1.
ONE_BY_ONE = ("singlestep", "one-insn-per-tb")


class Names:
    """What the hypervisor was entered for, by where that happened."""

    def __init__(self):
        stubs, page = "entry_stubs", "parapet_hypercall_page"
        self.stubs = symbols(boots.HYPERVISOR, [stubs])[stubs][0]
        self.page = symbols(boots.KERNEL, [page])[page][0]
        with open("abi/hypercalls.def", encoding="utf-8") as file:
            self.hypercalls = {int(number): name for number, name
                               in HYPERCALL.findall(file.read())}

    def name(self, before, first):
        """before: the last address outside; first: of the hypervisor's."""
        vector = (first - self.stubs) // STUB_SIZE
        if 0 <= vector < NR_STUBS:
            return EXCEPTIONS.get(vector, "exception") \
                if vector < FIRST_INTERRUPT else "interrupt"
        if before < USER_END:
            return "system_call"
        number = (before - self.page) // HYPERCALL_ENTRY_SIZE
        return self.hypercalls.get(number, "hypercall")


def book(addresses, names):
    """Instructions by part, of the addresses in their order."""
    parts = collections.Counter()
    before, part = 0, None
    for address in addresses:
        if address < USER_END:
            part = PROGRAM_PART
        elif address >= GUEST_START:
            part = KERNEL_PART
        elif part in (None, PROGRAM_PART, KERNEL_PART):
            part = names.name(before, address)
        parts[part] += 1
        before = address
    return parts


def executed(log):
    """The addresses in the text of the log."""
    addresses = []
    for address in TRACE.findall(log):
        if address:
            addresses.append(int(address, 16))
        elif addresses:
            addresses.pop()
    return addresses


def run_to_mark(debugger, mark):
    debugger.run_to(mark)
    while debugger.register(RDI) != MAGIC:  # another program's
        debugger.step()
        debugger.run_to(mark)


def one_by_one(debugger, switch):
    """Blocks of one instruction, "on" or "off"."""
    if all("unknown" in debugger.monitor(f"{command} {switch}")
           for command in ONE_BY_ONE):
        raise Failed("this QEMU cannot translate one by one")


def log_between_marks(debugger, mark, path):
    """What QEMU logs from the next mark to the one after it."""
    run_to_mark(debugger, mark)
    start = os.path.getsize(path)
    one_by_one(debugger, "on")
    debugger.monitor("log exec,nochain")
    debugger.step()
    run_to_mark(debugger, mark)
    debugger.monitor("log none")
    one_by_one(debugger, "off")
    debugger.step()
    with open(path, "rb") as file:
        file.seek(start)
        return file.read()


# ---- one boot ----

def start(directory, gdb, log, is_domain, wanted):
    """The machine with the program as its first process, stopped."""
    arguments = f"init=/bin/bench -- --trace {wanted}".rstrip()
    extra = os.environ.get("QEMU_EXTRA", "")
    environment = {"GDB": gdb, "APPEND": "",
                   "QEMU_EXTRA": f"{extra} {CLOCK} -D {log}"}
    if is_domain:
        environment["BUNDLE"] = boots.make_bundle(directory, arguments,
                                                  boots.PROGRAMS, ())
    else:
        environment["BOOTARGS"] = arguments
    return subprocess.Popen(
        ["tools/run"] + ["--native"] * (not is_domain),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=boots.settings(False, **environment))


def traces(is_domain, wanted, nr_traces):
    """The lines about them, and the parts of each. wanted: rounds, and of what
    rows."""
    names = Names() if is_domain else None
    mark = symbols(PROGRAM, [MARK])[MARK][0]
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        gdb = os.path.join(directory, "gdb")
        log = os.path.join(directory, "log")
        process = start(directory, gdb, log, is_domain, wanted)
        try:
            debugger = Debugger(gdb)
            found = [book(executed(log_between_marks(debugger, mark, log)),
                          names) for _ in range(nr_traces)]
            debugger.detach()
            lines = boots.lines_of(process.communicate()[0])
        finally:
            process.terminate()
            process.wait()
    return [values for kind, values in lines if kind == "trace"], found


def quietest(lines, found):
    """Of the traces of the same the shortest: no interrupt came in between."""
    best = {}
    for values, parts in zip(lines, found):
        key = tuple(sorted(values.items()))
        if key not in best or parts.total() < best[key][1].total():
            best[key] = values, parts
    return best.values()


def measure(rows, is_domain, rounds, pattern):
    """Sets the parts of the rows, for one operation: the least of some rounds, as
    an interrupt may come in between."""
    rows = {(row.op, row.way): row for row in rows}
    lines, found = traces(is_domain, f"{rounds} {pattern}",
                          2 * rounds * len(rows))
    for values, parts in quietest(lines, found):
        row = rows[values["op"], values["way"]]
        row.parts = row.parts or collections.Counter()
        weight = int(values["sign"]) / int(values["operations"])
        for part, count in parts.items():
            row.parts[part] += count * weight
