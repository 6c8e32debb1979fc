#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make gdb`: symbols, a backtrace and our own commands, without a person."""

import os
import re
import subprocess
import tempfile

import machine
from domain0 import CHILD, added
from machine import expect, expect_text, test


def gdb(*commands, **settings):
    """What gdb prints; it stands at the hypervisor's first line of C."""
    arguments = ["tools/gdb/start", "-batch"]
    for command in commands:
        arguments += ["-ex", command]
    return machine.complete(arguments, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT,
                            env=machine.environment(**settings))


@test("gdb: stops in C, with a backtrace, in hypervisor and guest")
def stops():
    result = gdb("backtrace", "tbreak hc_console_write", "continue",
                 "backtrace 2", "tbreak kernel_main", "info line kernel_main")
    expect_text(result, "boot_main (start_info_paddr=")
    # Its first line may be one of this_cpu(), which is inlined.
    expect(re.search(r"hc_console_write \(buffer=\d+, length=\d+\) at (\./)?"
                     r"hypervisor/(core/hc_console\.c|x86/percpu\.h):\d+",
                     result.output),
           "no stop in hc_console_write", result)
    expect(re.search(r"^#1 .* in \w+ \(.*\) at hypervisor/\w+/\w+\.[cS]:\d+",
                     result.output.split("hc_console_write (buffer")[-1],
                     re.M), "no caller of hc_console_write", result)
    expect_text(result, "guest-kernel/boot/main.c")


@test("gdb: domains, vcpu and hypercall")
def commands():
    result = gdb("tbreak hc_console_write", "continue", "domains", "vcpu d1v0",
                 "hypercall shutdown", "hypercall 2")
    for pattern in (r"^d1 +guest +pv +1 +6[5-9]\d{3} KiB running$",
                    r"^d1v0 +VCPU_RUNNABLE +CPU 0 .* parapet_hypercall_page",
                    r"^ +r15 +not saved +rip +f{8}8[0-9a-f]{7} ",
                    r"^ +34 +shutdown +hc_shutdown, hypervisor/core/",
                    r"^ +2 +console_write +hc_console_write, hypervisor/"):
        expect(re.search(pattern, result.output, re.M),
               f"expected {pattern}", result)


@test("gdb: domains: the control domain's, one that is built, one that ended")
def states():
    with tempfile.TemporaryDirectory(prefix="parapet-gdb-") as directory:
        bundle = os.path.join(directory, "control.itb")
        subprocess.run(
            ["tools/bundle", "-o", bundle, "--memory", "32M", "--privileged",
             "--kernel", os.path.join(machine.BUILD, "kernels/control_life.elf"),
             "--bootargs", "nonce=0"], check=True)
        result = gdb("tbreak hc_domain_vcpu_start", "continue", "domains",
                     "tbreak hc_domain_audit", "continue", "domains",
                     BUNDLE=bundle, APPEND="audit=on")
    for pattern in (r"^d0 +guest +pv +1 +3[23]\d{3} KiB running$",
                    r"^d1 +child0 +pv +1 +\d+ KiB building$",
                    r"^d1 +child0 +pv +1 +\d+ KiB ended, reason 0, TEARDOWN_"):
        expect(re.search(pattern, result.output, re.M),
               f"expected {pattern}", result)


def names_of(file):
    """The functions in it."""
    said = subprocess.run([machine.CROSS + "nm", file], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return set(re.findall(r" [tT] (\S+)$", said, re.M))


@test("gdb: kernel: each domain's places by the symbols of its own")
def kernels():
    with added() as directory:
        with open(os.path.join(directory, "etc/rc"), "w") as file:
            file.write("pctl create tiny extra=spin; pctl destroy tiny\n")
        result = gdb("tbreak hc_domain_destroy", "continue",
                     "info line play_with_ports", f"kernel d1 {CHILD}",
                     "info line play_with_ports", "vcpu", "kernel d0",
                     "info line play_with_ports", "info line kernel_main",
                     "kernel d1 LICENSE", "kernel tiny", DOM0=1, ADD=directory)
    expect(result.output.count('"play_with_ports" not defined') == 2,
           "the child's symbols are not there when they should be", result)
    for pattern in (r'^Line \d+ of "tests/kernels/partners/child\.c"',
                    r'^Line \d+ of "guest-kernel/boot/main\.c"',
                    r"^others .*/guest-pv\.elf, loaded\nd1 .*/child\.elf$",
                    r"has no symbols: expected a kernel's ELF file$",
                    r"^expected a domain, as d1, and its kernel's file, got tiny"):
        expect(re.search(pattern, result.output, re.M), f"expected {pattern}",
               result)
    places = dict(re.findall(r"^(d\dv0) .* rip 0x[0-9a-f]+ (\S+)",
                             result.output, re.M))
    expect(places.get("d1v0") in names_of(CHILD), f"{places}", result)
    expect(places.get("d0v0") == "parapet_hypercall_page", f"{places}", result)


SHOWN = re.compile(r"\b(r\w+) +(not saved|[0-9a-f]{16})")


def vcpu_registers(result):
    """What `vcpu d1v0` shows, in order, for each time that it was asked."""
    return [dict(SHOWN.findall(part.partition("rflags")[0])) for part in
            result.output.split("  registers, ")[1:]]


def expect_not_saved(registers, names, result):
    found = [name for name in registers if registers[name] == "not saved"]
    expect(len(registers) == 17 and found == names.split(),
           f"not saved: expected {names}, got {found}", result)


@test("gdb: vcpu shows what is saved in a hypercall, an exception, the guest")
def saved():
    result = gdb("tbreak hc_console_write", "continue", "vcpu d1v0",
                 "info args", "tbreak kernel_main", "continue", "vcpu d1v0",
                 "printf \"live %016lx %016lx\\n\", $rip, $rbx",
                 "tbreak pv_exception", "continue", "vcpu d1v0",
                 "tbreak guest_exit_work", "continue", "vcpu d1v0")
    call, guest, fault, leaving = vcpu_registers(result)
    expect_not_saved(call, "rax rbx rcx rbp r11 r12 r13 r14 r15", result)
    buffer = re.search(r"\bbuffer = (\d+)", result.output)
    expect(buffer and int(call["rdi"], 16) == int(buffer[1]),
           "rdi is not the first argument", result)
    expect_not_saved(guest, "", result)
    expect_text(result, f"live {guest['rip']} {guest['rbx']}")
    expect_not_saved(fault, "rbx rbp r12 r13 r14 r15", result)
    expect_not_saved(leaving, "", result)


@test("gdb: GUEST=x: its symbols, and no guest kernel is built")
def guest():
    image = os.path.join(machine.BUILD, "kernels/clock.elf")
    result = gdb("info line test_main", "info line kernel_main",
                 "tbreak test_main", "continue", GUEST=image)
    expect(re.search(r"^Temporary breakpoint 2, test_main \(\) at "
                     r"tests/kernels/clock.c:\d+", result.output, re.M),
           "no stop in test_main", result)
    expect("guest-kernel" not in result.output, "the guest kernel's symbols",
           result)
    made = machine.complete(machine.make("-n", "gdb", f"GUEST={image}"),
                            stdout=subprocess.PIPE, env=machine.environment())
    expect("hypervisor.elf" in made.output and
           "default.itb" not in made.output, "built is not what is booted",
           made)


@test("gdb: when its terminal is closed, nothing is left behind")
def terminal_closed():
    for typed in ([], [(b"continue\n", b"Continuing.")]):
        names, left = machine.left_behind(
            machine.make("gdb"), [(b"", b"(gdb) "), *typed])
        expect({"gdb", "qemu-system-x86"} <= set(names), f"started: {names}")
        expect(not left, f"{left} are left after {typed}")


@test("gdb: our commands say what they do not know")
def refusals():
    result = gdb("domains", "vcpu d1v0", "hypercall nosuch")
    expect(result.output.count("the boot has not made a domain yet") == 2,
           "two commands have nothing to show", result)
    expect_text(result, "no hypercall has the number or name nosuch")
    result = gdb("tbreak hc_console_write", "continue", "vcpu d9v9")
    expect_text(result, "no vCPU is named d9v9")


machine.run_all()
