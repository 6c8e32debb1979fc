# SPDX-License-Identifier: MIT
"""Commands of our own for gdb, for a machine that runs Parapet.

    domains            the domains: name, engine, memory, state
    vcpu [d1v0]        all virtual CPUs, or one with its registers
    hypercall [X]      all hypercalls, or those whose number or name X is

`make gdb` loads this; `source tools/gdb/parapet.py` does too. All of it reads
the hypervisor's memory by the types in its debug information, and
hypervisor/x86/layout.h for the addresses.
"""

import os
import re

import gdb

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
           "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags")
COLUMNS = 3


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
    table = variable("domains")
    for index in range(int(variable("nr_domains"))):
        domain = table[index]
        if int(domain) != 0:
            yield domain.dereference()


def all_vcpus():
    for domain in all_domains():
        for index in range(int(domain["nr_vcpus"])):
            yield domain["vcpus"][index].dereference()


def vcpu_name(vcpu):
    return f"d{int(vcpu['domain']['id'])}v{int(vcpu['id'])}"


def symbol_name(address):
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return "" if text.startswith("No symbol") else text.split(" in ")[0]


def cpu_info(cpu):
    address = (layout("PERCPU_BASE") + cpu * layout("PERCPU_SIZE") +
               layout("PERCPU_INFO"))
    kind = gdb.lookup_type("struct cpu_info").pointer()
    return gdb.Value(address).cast(kind).dereference()


def registers(vcpu):
    """The vCPU's registers, and which ones they are.

    While it has a CPU, they are at the top of that CPU's main stack, just
    below struct cpu_info. A hypercall leaves only some of them there.
    """
    info = cpu_info(int(vcpu["cpu"]))
    if int(info["current"]) != int(vcpu.address):
        return vcpu["regs"], "as it left its CPU"
    kind = gdb.lookup_type("struct cpu_regs").pointer()
    saved = (info.address.cast(kind) - 1).dereference()
    return saved, ("as it last left the guest (it has its CPU now: see also "
                   "`info registers`)")


class Domains(gdb.Command):
    """The domains: name, engine, memory, state."""

    def __init__(self):
        super().__init__("domains", gdb.COMMAND_STATUS)

    def invoke(self, _argument, _from_tty):
        print(f"{'':4} {'name':16} {'engine':7} {'vCPUs':>5} {'memory':>10} "
              "state")
        for domain in all_domains():
            state = "running"
            if int(domain["ended"]):
                state = f"ended, reason {int(domain['end_reason'])}"
            print(f"d{int(domain['id']):<3} {domain['name'].string():16} "
                  f"{domain['engine']['name'].string():7} "
                  f"{int(domain['nr_vcpus']):5} "
                  f"{int(domain['nr_frames']) * 4:6} KiB {state}")


class Vcpu(gdb.Command):
    """All virtual CPUs, or the one that is named, as in `vcpu d1v0`."""

    def __init__(self):
        super().__init__("vcpu", gdb.COMMAND_STATUS)

    def invoke(self, argument, _from_tty):
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
        rip = int(registers(vcpu)[0]["rip"])
        print(f"{vcpu_name(vcpu):7} {str(vcpu['state']):14} "
              f"CPU {int(vcpu['cpu'])}  "
              f"events {'masked' if int(page['event_mask']) else 'open'}"
              f"{', pending' if int(page['event_pending']) else ''}  "
              f"rip {rip:#x} {symbol_name(rip)}")

    @staticmethod
    def show_registers(vcpu):
        regs, what = registers(vcpu)
        print(f"  registers, {what}:")
        for start in range(0, len(GENERAL), COLUMNS):
            print("  " + "  ".join(f"{name:6} {int(regs[name]):016x}"
                                   for name in GENERAL[start:start + COLUMNS]))


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


Domains()
Vcpu()
Hypercall()
