# SPDX-License-Identifier: MIT
"""Commands of our own for gdb, for a machine that runs Parapet.

    domains            the domains: id, name, engine, the memory that each
                       has, with its tables and shared pages, state
    vcpu [d1v0]        all virtual CPUs, or one with its registers
    hypercall [X]      all hypercalls, or those whose number or name X is
    kernel [d1 [FILE]] whose symbols are loaded; load those of d1's kernel,
                       which is FILE

`make gdb` loads this; `source tools/gdb/parapet.py` does too. All of it reads
the hypervisor's memory by the types in its debug information, and
hypervisor/x86/layout.h for the addresses.
"""

import bisect
import functools
import os
import re
import subprocess

import gdb

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
           "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags")
COLUMNS = 3
# Which of them the routines of the entry code (hypervisor/engine/pv_entry.S,
# hypervisor/engine/entry.S) leave in the CPU when they call C; C keeps the first
# six wherever it needs them. Other routines save all.
KEPT_BY_C = {"rbx", "rbp", "r12", "r13", "r14", "r15"}
NOT_SAVED = {
    "pv_hypercall_dispatch": KEPT_BY_C | {"rax", "rcx", "r11"},
    "pv_sampled_hypercall": KEPT_BY_C | {"rax", "rcx", "r11"},
    "pv_hypercall_slow": KEPT_BY_C,
    "exception_fast": KEPT_BY_C,
    "pv_compat_entry": set(GENERAL) - {"rip", "rsp", "rflags"},
}


def layout(name):
    with open(os.path.join(ROOT, "hypervisor/x86/layout.h")) as file:
        match = re.search(rf"^#define {name} (0x[0-9a-f]+)", file.read(), re.M)
    if not match:
        raise gdb.GdbError(f"layout.h has no {name}")
    return int(match.group(1), 16)


def variable(name):
    """A global variable of the hypervisor, whatever code is stopped."""
    symbol = gdb.lookup_global_symbol(name)
    if symbol is None:
        raise gdb.GdbError(f"no symbol {name}: is build/hypervisor.elf loaded?")
    return symbol.value()


def all_domains():
    domain = variable("domain_list")
    while int(domain) != 0:
        yield domain.dereference()
        domain = domain["next"]


def expect_domains():
    """Refuses while the boot has made none, as at gdb's first stop."""
    if not list(all_domains()):
        raise gdb.GdbError("the boot has not made a domain yet: go on with "
                           "`continue`, and stop with Ctrl-C")


def all_vcpus():
    for domain in all_domains():
        for index in range(int(domain["nr_vcpus"])):
            yield domain["vcpus"][index].dereference()


def vcpu_name(vcpu):
    return f"d{int(vcpu['domain']['id'])}v{int(vcpu['id'])}"


def symbol_name(address):
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return "" if text.startswith("No symbol") else text.split(" in ")[0]


# The files of the domains' kernels, by the domain's id; None is all others.
KERNELS = {}


def loaded_kernel():
    """The file that gdb has besides the hypervisor's, or None."""
    names = [file.filename for file in gdb.objfiles()
             if file.filename != gdb.current_progspace().filename]
    return next(filter(os.path.isfile, names), None)


@functools.lru_cache
def symbols_of(file):
    """Of a kernel, in order: the addresses, and the names."""
    done = subprocess.run([os.environ.get("CROSS", "") + "nm", "-n", file],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    found = re.findall(r"^([0-9a-f]+) [tTwW] (.*)$", done.stdout, re.M)
    if not found:
        raise gdb.GdbError(f"{file} has no symbols: expected a kernel's ELF "
                           "file")
    return [int(address, 16) for address, _ in found], \
        [name for _, name in found]


def place_in(domain, address):
    """As symbol_name(), in a domain: all kernels lie at the same addresses."""
    file = KERNELS.get(int(domain["id"]), KERNELS.get(None))
    if file is None:
        return symbol_name(address)
    addresses, names = symbols_of(file)
    index = bisect.bisect(addresses, address) - 1
    if index < 0:
        return ""
    distance = address - addresses[index]
    return names[index] + (f" + {distance}" if distance else "")


def cpu_info(cpu):
    address = (layout("PERCPU_BASE") + cpu * layout("PERCPU_SIZE") +
               layout("PERCPU_INFO"))
    kind = gdb.lookup_type("struct cpu_info").pointer()
    return gdb.Value(address).cast(kind).dereference()


def cpu_thread(cpu):
    """gdb's thread of a CPU that is in the hypervisor, by its stack; or None."""
    start = layout("PERCPU_BASE") + cpu * layout("PERCPU_SIZE")
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if 0 <= int(gdb.newest_frame().read_register("rsp")) % 2**64 - start \
                < layout("PERCPU_SIZE"):
            return thread
    return None


def entry_calls():
    """The routine of the entry code below all C of this thread, or None when
    there is no C, and the C function that it called."""
    frame, called = gdb.newest_frame(), None
    while frame.function() and frame.older():
        frame, called = frame.older(), frame.name()
    if called is None:
        return None, None
    return symbol_name(frame.pc() - 1).split(" ")[0], called


def not_saved():
    """What the entry code of this thread did not save, of GENERAL."""
    routine, called = entry_calls()
    if routine is None:
        return set(GENERAL), ("it is in the middle of the entry code, where "
                              "`info registers` has them")
    missing = NOT_SAVED.get(routine, set())
    if called == "trap_from_guest":
        missing = set()
    return missing, f"as it left the guest, by {routine} and {called}()"


def values(regs, missing):
    return {name: None if name in missing else int(regs[name])
            for name in GENERAL}


def live_registers(cpu):
    """Those of a CPU that runs the guest; QEMU's threads count from 1."""
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] == cpu + 1:
            thread.switch()
    frame = gdb.newest_frame()
    return {name: int(frame.read_register("eflags" if name == "rflags"
                                          else name)) % 2**64
            for name in GENERAL}


def registers(vcpu):
    """The vCPU's registers, None for those that are not to be had, and which
    ones they are.

    While it has a CPU that is in the hypervisor, they are at the top of that
    CPU's main stack, just below struct cpu_info: those that were saved.
    """
    cpu = int(vcpu["sched"]["cpu"])
    info = cpu_info(cpu)
    if int(info["current"]) != int(vcpu.address):
        return values(vcpu["regs"], ()), "as it left its CPU"
    selected = gdb.selected_thread()
    try:
        if cpu_thread(cpu) is None:
            return live_registers(cpu), "as they are: it runs now"
        missing, what = not_saved()
    finally:
        selected.switch()
    kind = gdb.lookup_type("struct cpu_regs").pointer()
    return values((info.address.cast(kind) - 1).dereference(), missing), what


class Domains(gdb.Command):
    """The domains: id, name, engine, memory, state."""

    def __init__(self):
        super().__init__("domains", gdb.COMMAND_STATUS)

    def invoke(self, _argument, _from_tty):
        expect_domains()
        print(f"{'':4} {'name':16} {'engine':7} {'vCPUs':>5} {'memory':>10} "
              "state")
        for domain in all_domains():
            print(f"d{int(domain['id']):<3} {domain['name'].string():16} "
                  f"{domain['engine']['name'].string():7} "
                  f"{int(domain['nr_vcpus']):5} "
                  f"{int(domain['memory']['nr_frames']) * 4:6} KiB "
                  f"{self.state(domain)}")

    @staticmethod
    def state(domain):
        """Its state, and of one that has ended why, and how far it is taken
        apart (enum domain_teardown)."""
        state = str(domain["state"]).replace("DOMAIN_", "").lower()
        if state != "ended":
            return state
        return (f"ended, reason {int(domain['end_reason'])}, "
                f"{domain['teardown']}")


class Vcpu(gdb.Command):
    """All virtual CPUs, or the one that is named, as in `vcpu d1v0`."""

    def __init__(self):
        super().__init__("vcpu", gdb.COMMAND_STATUS)

    def invoke(self, argument, _from_tty):
        expect_domains()
        wanted = argument.strip()
        found = [vcpu for vcpu in all_vcpus()
                 if wanted in ("", vcpu_name(vcpu))]
        if not found:
            raise gdb.GdbError(f"no vCPU is named {wanted or 'anything'}")
        for vcpu in found:
            self.show_line(vcpu)
        if wanted:
            self.show_registers(found[0])

    @staticmethod
    def show_line(vcpu):
        page = vcpu["page"]
        rip = registers(vcpu)[0]["rip"]
        place = "?" if rip is None else \
            f"{rip:#x} {place_in(vcpu['domain'], rip)}"
        print(f"{vcpu_name(vcpu):7} {str(vcpu['sched']['state']):14} "
              f"CPU {int(vcpu['sched']['cpu'])}  "
              f"events {'masked' if int(page['event_mask']) else 'open'}"
              f"{', pending' if int(page['event_pending']) else ''}  "
              f"rip {place}")

    @staticmethod
    def show_registers(vcpu):
        regs, what = registers(vcpu)
        print(f"  registers, {what}:")
        for start in range(0, len(GENERAL), COLUMNS):
            print("  " + "  ".join(
                f"{name:6} " + ("not saved       " if regs[name] is None
                                else f"{regs[name]:016x}")
                for name in GENERAL[start:start + COLUMNS]).rstrip())


class Hypercall(gdb.Command):
    """All hypercalls, or one: `hypercall 34`, `hypercall shutdown`."""

    PREFIX = "PARAPET_HC_"

    def __init__(self):
        super().__init__("hypercall", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        wanted = argument.strip()
        found = [field for field in
                 gdb.lookup_type("enum parapet_hypercall").fields()
                 if wanted in ("", str(field.enumval),
                               field.name[len(self.PREFIX):])]
        if not found:
            raise gdb.GdbError(f"no hypercall has the number or name {wanted}")
        for field in found:
            name = field.name[len(self.PREFIX):]
            print(f"{field.enumval:4}  {name:20} {self.handler(name)}")

    @staticmethod
    def handler(name):
        symbol = gdb.lookup_global_symbol(f"hc_{name}")
        if symbol is None:
            return "in assembly"
        return f"hc_{name}, {symbol.symtab.filename}:{symbol.line}"

    def complete(self, _text, word):
        return [field.name[len(self.PREFIX):] for field in
                gdb.lookup_type("enum parapet_hypercall").fields()
                if field.name[len(self.PREFIX):].startswith(word)]


class Kernel(gdb.Command):
    """Whose symbols gdb's own commands take: those of one domain's kernel.

    `kernel d1 FILE` says which file that is, and loads it; `kernel d1` loads it
    again, and `kernel` lists what was said. `vcpu` names the places in each
    domain by its own. A breakpoint is an address: it stops each domain that
    gets there.
    """

    def __init__(self):
        super().__init__("kernel", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, _from_tty):
        KERNELS.setdefault(None, loaded_kernel())
        words = gdb.string_to_argv(argument)
        if words:
            self.choose(words)
        for domain, file in KERNELS.items():
            name = "others" if domain is None else f"d{domain}"
            mark = ", loaded" if file and file == loaded_kernel() else ""
            print(f"{name:7} {file or 'not known'}{mark}")

    @staticmethod
    def choose(words):
        match = re.fullmatch("d([0-9]+)", words[0])
        if not match or len(words) > 2:
            raise gdb.GdbError("expected a domain, as d1, and its kernel's "
                               f"file, got {' '.join(words)}")
        domain = int(match[1])
        if len(words) > 1:
            symbols_of(os.path.realpath(words[1]))
            KERNELS[domain] = os.path.realpath(words[1])
        file, old = KERNELS.get(domain, KERNELS[None]), loaded_kernel()
        if file is None:
            raise gdb.GdbError(f"no file is known: `kernel {words[0]} FILE`")
        if old:
            gdb.execute(f"remove-symbol-file '{old}'", to_string=True)
        gdb.execute(f"add-symbol-file '{file}'", to_string=True)


Domains()
Vcpu()
Hypercall()
Kernel()
