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
# Of what domain 0 does with another domain: that one's kernel, and all exits of
# its; and, whosever it is, what copies and zeroes memory.
OTHER_PART, COPY_PART = "other domain", "copy"
GUESTS_AND_COPY = (PROGRAM_PART, KERNEL_PART, OTHER_PART, COPY_PART)
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
TRACE = re.compile(rb"^(?:Trace [^/\n]*/([0-9a-f]{16})/.*\n?|Stopped |"
                   rb"cpu_io_recompile)", re.MULTILINE)
# The clock counts instructions, and does not jump to the next interrupt while
# the debugger has stopped the machine, as tools/run's would.
CLOCK = "-icount shift=0"

# The command was called the first before QEMU 8.1.
ONE_BY_ONE = ("singlestep", "one-insn-per-tb")


# By so much of it, by 1/N, the trace may differ from the count: names and ids of
# domains are others.
TOLERANCE = 50

# What copies, in both kernels and in the hypervisor alone; and where another
# domain's vCPU comes onto the CPU.
COPIES, GUEST_COPY = ("memcpy", "memmove", "memset"), "guest_copy"
SWITCH = "pv_switch_in"
# Where the CPU sleeps; and an operation in which another domain runs.
IDLE, OF_TWO = "wait_idle", "domain_boot"


def addresses_of(image, functions):
    """Of all instructions of these functions."""
    found = symbols(image, functions)
    return frozenset(address for start, size in (found[name]
                                                 for name in functions)
                     for address in range(start, start + size))


class NoNames:
    """Where there is no hypervisor."""

    copies, switch = frozenset(), None
    change = None  # where the other of two domains comes, if no `switch` tells
    of_other_together = True  # what the hypervisor does for another domain
    strings_copy = False  # each iteration of `rep movs` and its like


class Names(NoNames):
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


class NamesOfTwo(Names):
    """The same where there is another domain, which runs in between, and what
    copies memory is told apart."""

    def __init__(self):
        super().__init__()
        self.switch = symbols(boots.HYPERVISOR, [SWITCH])[SWITCH][0]
        self.copies = (addresses_of(boots.KERNEL, COPIES) |
                       addresses_of(boots.HYPERVISOR, [*COPIES, GUEST_COPY]))


def book(addresses, names, came=()):
    """Instructions by part, of the addresses in their order; it begins and ends
    in the domain of the program. came: the vCPU of each switch."""
    parts = collections.Counter()
    before, part = 0, None
    is_other = False
    nr_switches = 0
    for address in addresses:
        if address == names.switch:
            is_other = came[nr_switches:][:1] != came[-1:]
            nr_switches += 1
        elif address == names.change:
            is_other = not is_other
        if address < USER_END:
            part = PROGRAM_PART
        elif address >= GUEST_START:
            part = OTHER_PART if is_other else KERNEL_PART
        elif before < USER_END or before >= GUEST_START:
            part = OTHER_PART if is_other and names.of_other_together \
                else names.name(before, address)
        is_copy = address in names.copies or (
            address == before and names.strings_copy)
        parts[COPY_PART if is_copy else part] += 1
        before = address
    if nr_switches != len(came):
        raise Failed(f"a trace has {nr_switches} switches between domains, "
                     f"and the debugger saw {len(came)}")
    if is_other:
        raise Failed("a trace does not end in the domain in which it began")
    return parts


def executed(log):
    """The addresses in the text of the log."""
    found = TRACE.findall(log)
    if b"" not in found:
        return [int(address, 16) for address in found]
    addresses = []
    for address in found:
        if address:
            addresses.append(int(address, 16))
        elif addresses:
            addresses.pop()
    return addresses


def run_to_mark(debugger, mark, switch=None):
    """Returns which vCPUs came onto the CPU on the way: at each call of the
    function `switch`."""
    stops = [mark] if switch is None else [mark, switch]
    came = []
    at = debugger.run_to(*stops)
    while at != mark or debugger.register(RDI) != MAGIC:
        if at == switch:
            came.append(debugger.register(RDI))
        debugger.step()  # also past another program's mark
        at = debugger.run_to(*stops)
    return came


def one_by_one(debugger, switch):
    """Blocks of one instruction, "on" or "off"."""
    if all("unknown" in debugger.monitor(f"{command} {switch}")
           for command in ONE_BY_ONE):
        raise Failed("this QEMU cannot translate one by one")


def log_between_marks(debugger, mark, path, watched, switch):
    """What QEMU logs from the next mark to the one after it: each instruction,
    or what is watched; and who came onto the CPU."""
    run_to_mark(debugger, mark)
    start = os.path.getsize(path)
    if not watched:
        one_by_one(debugger, "on")
    debugger.monitor("log exec,nochain")
    debugger.step()
    came = run_to_mark(debugger, mark, switch)
    debugger.monitor("log none")
    if not watched:
        one_by_one(debugger, "off")
    debugger.step()
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(), came


# ---- one boot ----

# Where the program runs, and how the hypervisor's instructions are told apart;
# or a function boot(directory, command) that gives tools/run's options and
# settings.
DOMAIN, NATIVE, DOMAIN0 = "domain", "native", "domain 0"
NAMES = {DOMAIN: Names, NATIVE: NoNames, DOMAIN0: NamesOfTwo}


def filter_of(watched):
    """QEMU's option, of functions by address and size; none: all."""
    ranges = ",".join(f"{start:#x}+{size:#x}" for start, size in watched)
    return f"-dfilter {ranges}" if ranges else ""


def start(directory, gdb, log, where, wanted, watched):
    """The machine with the program as its first process, stopped."""
    command = f"--trace {wanted}".rstrip()
    arguments = f"init=/bin/bench -- {command}"
    extra = os.environ.get("QEMU_EXTRA", "")
    environment = {"GDB": gdb, "APPEND": "",
                   "QEMU_EXTRA": f"{extra} {CLOCK} -D {log} "
                                 f"{filter_of(watched)}"}
    options = []
    if where == DOMAIN:
        environment["BUNDLE"] = boots.make_bundle(directory, arguments,
                                                  boots.PROGRAMS, ())
    elif where == NATIVE:
        options = ["--native"]
        environment["BOOTARGS"] = arguments
    elif where == DOMAIN0:
        environment |= boots.of_domain0(directory, arguments)
    else:
        options, more = where(directory, command)
        environment |= more
    return subprocess.Popen(
        ["tools/run", *options], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=boots.settings(False, **environment))


def traces(where, wanted, nr_traces, look, watched=(), switch=None):
    """The lines about them, and what look() makes of the addresses of each, and
    of who came at the function `switch`. wanted: rounds, and of what rows.
    watched: the functions, by address and size, of which alone the addresses
    are."""
    mark = symbols(PROGRAM, [MARK])[MARK][0]
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as directory:
        gdb = os.path.join(directory, "gdb")
        log = os.path.join(directory, "log")
        process = start(directory, gdb, log, where, wanted, watched)
        try:
            debugger = Debugger(gdb)
            found = []
            for _ in range(nr_traces):
                text, came = log_between_marks(debugger, mark, log, watched,
                                               switch)
                found.append(look(executed(text), came))
            debugger.detach()
            lines = boots.lines_of(process.communicate()[0])
        finally:
            process.terminate()
            process.wait()
    return [values for kind, values in lines if kind == "trace"], found


def quietest(lines, found, size=collections.Counter.total):
    """Of the traces of the same the shortest: no interrupt came in between."""
    best = {}
    for values, parts in zip(lines, found):
        key = tuple(sorted(values.items()))
        if key not in best or size(parts) < size(best[key][1]):
            best[key] = values, parts
    return best.values()


def measure(rows, where, rounds, pattern):
    """Sets the parts of the rows, for one operation: the least of some rounds, as
    an interrupt may come in between."""
    rows = {(row.op, row.way): row for row in rows}
    names = NAMES[where]()
    lines, found = traces(where, f"{rounds} {pattern}", 2 * rounds * len(rows),
                          lambda addresses, came: book(addresses, names, came),
                          switch=names.switch)
    for values, parts in quietest(lines, found):
        row = rows[values["op"], values["way"]]
        row.parts = row.parts or collections.Counter()
        weight = int(values["sign"]) / int(values["operations"])
        for part, count in parts.items():
            row.parts[part] += count * weight


# ---- whether time stamps tell what was executed ----

def check_awake(rows, pattern):
    """Fails if the CPU slept in an operation of domain 0's, which another domain
    may have a part in: idle time jumps the clock."""
    symbol = symbols(boots.HYPERVISOR, [IDLE, SWITCH])
    lines, found = traces(DOMAIN0, f"1 {pattern}", 2 * len(rows),
                          lambda addresses, _: addresses,
                          (symbol[IDLE], symbol[SWITCH]))
    for values, addresses in zip(lines, found):
        complaint = sleeper(values, addresses, *symbol[IDLE])
        if complaint:
            raise Failed(complaint)


def sleeper(values, addresses, idle, size):
    """What is wrong with a trace of switches and of where the CPU sleeps; None:
    nothing."""
    name = f"{values['op']}/{values['way']}"
    nr_idle = sum(idle <= address < idle + size for address in addresses)
    if nr_idle:
        return (f"{name}: the CPU was idle, which its time stamps count as "
                "instructions")
    if values["op"] == OF_TWO and values["sign"] == "1" and not addresses:
        return f"{name}: the trace saw no switch to the new domain"
    return None


def measure_of_domain0(row):
    """Sets a row's parts, and what of its instructions copies memory."""
    measure([row], DOMAIN0, 1, row.name)
    row.apart = round(row.parts[COPY_PART])
    total = row.parts.total()
    if abs(total - row.insns_copy) > row.insns_copy / TOLERANCE:
        raise Failed(f"{row.name}: a trace has {total:.0f} instructions, its time "
                     f"stamps {row.insns_copy:.0f}")
