#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make gdb`: symbols, a backtrace and our own commands, without a person."""

import re
import subprocess

import machine
from machine import expect, expect_text, test


def gdb(*commands):
    """What gdb prints; it stands at the hypervisor's first line of C."""
    arguments = ["tools/gdb/start", "-batch"]
    for command in commands:
        arguments += ["-ex", command]
    return machine.complete(arguments, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT,
                            env=machine.environment())


@test("gdb: stops in C, with a backtrace, in hypervisor and guest")
def stops():
    result = gdb("backtrace", "tbreak hc_console_write", "continue",
                 "backtrace 2", "tbreak kernel_main", "info line kernel_main")
    expect_text(result, "boot_main (start_info_paddr=")
    expect(re.search(r"hc_console_write \(buffer=\d+, length=\d+\) at "
                     r"hypervisor/core/hc_console.c:\d+", result.output),
           "no stop in hc_console_write", result)
    expect(re.search(r"^#1 .* in \w+ \(.*\) at hypervisor/\w+/\w+\.[cS]:\d+",
                     result.output.split("hc_console_write (buffer")[-1],
                     re.M), "no caller of hc_console_write", result)
    expect_text(result, "guest-kernel/core/main.c")


@test("gdb: domains, vcpu and hypercall")
def commands():
    result = gdb("tbreak hc_console_write", "continue", "domains", "vcpu d1v0",
                 "hypercall shutdown", "hypercall 2")
    for pattern in (r"^d1 +guest +pv +1 +65536 KiB running$",
                    r"^d1v0 +VCPU_RUNNABLE +CPU 0 .* parapet_hypercall_page",
                    r"^ +r15 +[0-9a-f]{16} +rip +f{8}8[0-9a-f]{7} ",
                    r"^ +34 +shutdown +hc_shutdown, hypervisor/core/",
                    r"^ +2 +console_write +hc_console_write, hypervisor/"):
        expect(re.search(pattern, result.output, re.M),
               f"expected {pattern}", result)


@test("gdb: our commands say what they do not know")
def refusals():
    result = gdb("vcpu d9v9", "hypercall nosuch")
    expect_text(result, "no vCPU is named d9v9")


machine.run_all()
