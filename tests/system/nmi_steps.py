# SPDX-License-Identifier: MIT
"""For gdb, by nmi.py: an NMI before each instruction of a CPU's start.

A step with an NMI must lead to a handler, and the handler back to where it
was; then a step without one gets further. It prints a line for each place,
and 'reached' with what the NMIs led to in the end.
"""

import os

import gdb

# The longest handler is in C; the early ones are one or two instructions.
MAX_HANDLER = 2000
# Steps in all turns of a loop that is not long.
SHORT_LOOP = 500


def run(command):
    return gdb.execute(command, to_string=True)


def value(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})"))


def address(symbol):
    return value(f"&{symbol}")


def pc():
    return value("$pc")


def low(symbol):
    """Where it is before paging: IMAGE_BASE is a multiple of 1 TiB."""
    return address(symbol) % (1 << 40)


class Missed(Exception):
    pass


def nmi_to_all():
    run("monitor nmi")


def nmi_to_the_other():
    run("thread 1")
    run("call apic_stop_others()")
    run("thread 2")


def visit(send_nmi):
    """An NMI here and back; the address of the handler it went through."""
    place = pc()
    send_nmi()
    run("stepi")
    handler = pc()
    if handler in (place, place + 1):
        raise Missed(f"no NMI at {place:x}")
    for _ in range(MAX_HANDLER):
        run("stepi")
        if pc() == place:
            return handler
        if pc() == low("ap_start32"):
            return handler  # the one way on instead of back
    raise Missed(f"the NMI at {place:x} does not return from {handler:x}")


def leave_loop(place, seen):
    """From place, the end of a turn: a few turns by steps, many by a break."""
    for _ in range(SHORT_LOOP):
        if pc() not in seen:
            return
        run("stepi")
    # Its last instruction is a short jump of two bytes.
    run(f"thbreak *{place + 2:#x}")
    run("continue")


def walk(send_nmi, last, limit):
    """From here until the handler is at last, or place is; each place once."""
    seen = set()
    for _ in range(limit):
        place = pc()
        if place == last:
            return
        handler = visit(send_nmi)
        gdb.write(f"place {place:x} handler {handler:x}\n")
        if handler == last:
            return
        seen.add(place)
        if pc() == place:
            run("stepi")
        if pc() in seen:
            leave_loop(place, seen)
    raise Missed(f"still at {pc():x} after {limit} places")


def boot_cpu():
    """Until C; then at the functions before and after its own table."""
    run("thbreak *%#x" % low("early_start"))
    run("continue")
    walk(nmi_to_all, address("boot_main"), 200)
    for function in ("uart_start", "idt_init", "idt_load", "start_info_read",
                     "paging_init", "percpu_load", "features_describe"):
        run(f"tbreak {function}")
        run("continue")
        gdb.write(f"place {function} handler {visit(nmi_to_all):x}\n")
    # The trial of boot/contain.h: on its way, and in ring 3.
    for place in ("contain_try", "0x1000"):
        run(f"thbreak *{place}")
        run("continue")
        gdb.write(f"place {place} handler {visit(nmi_to_all):x}\n")


def other_cpu():
    """From its first instruction to its own table and stacks."""
    run("thbreak *0x8000")
    run("continue")
    run("set scheduler-locking on")
    walk(nmi_to_the_other, address("entry_stubs") + 2 * 16, 200)
    run("set scheduler-locking off")
    run("thread 1")


def native(function):
    """The guest kernel natively: one NMI, which it does not survive."""
    run(f"tbreak {function}")
    run("continue")
    nmi_to_all()
    run("continue")


def main():
    part = os.environ["NMI_PART"]
    # An NMI is to come in a single step, too.
    run("maintenance packet Qqemu.sstep=0x1")
    try:
        if part not in ("boot", "other"):
            native(part)
            return
        boot_cpu() if part == "boot" else other_cpu()
        run("tbreak build_domains")
        run("continue")
        gdb.write("reached " + run("info symbol $pc"))
    except Missed as missed:
        gdb.write(f"missed: {missed}\n")
    except gdb.error as error:
        gdb.write(f"ended: {error}\n")


main()
