#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of the bench's rows, and what the bench makes of its figures."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections import Counter

import common

sys.path.insert(0, "tools")
from bench_lib import disks, parts, rates, table  # noqa: E402
from bench_lib import rows as bench_rows  # noqa: E402

WAYS = {"native", "shared", "hypercall", "trap", "batch", "svm", "direct",
        "emulated", "split", "pctl", "domain0"}
# The rows that the budgets of the study are about, with their limits.
LIMITS = {
    "null_hypercall/hypercall": 45, "enosys_hypercall/hypercall": 45,
    "virtual_cli_sti/shared": 5, "virtual_cli/trap": 160,
    "iret/hypercall": 60, "breakpoint_roundtrip/hypercall": 140,
    "event_self/hypercall": 200, "multicall_128/batch": 40,
    "kernel_fault_roundtrip/hypercall": 160, "cr0_read/trap": 200,
    "pte_update/hypercall": 180, "pte_update/trap": 420,
    "pte_batch_128/batch": 70, "pte_set_va/hypercall": 180,
    "pin_unpin_l1_empty/hypercall": 4000, "root_switch/hypercall": 150,
    "root_switch_same/hypercall": 150, "demand_fault/hypercall": 600,
    "syscall_bounce/hypercall": 140, "user_fault_roundtrip/hypercall": 180,
    "event_remote_pending/hypercall": 80, "event_remote_wake/hypercall": 150,
    "event_remote_wake_slice/hypercall": 240, "set_timer_256/hypercall": 164,
    "event_send_pending/hypercall": 72, "evtchn_pingpong/hypercall": 2100,
    "vcpu_switch/hypercall": 600,
    "grant_map_unmap/hypercall": 450, "grant_map_unmap_32/batch": 270,
    "grant_hold_release_32/batch": 120, "grant_copy_4k/hypercall": 240,
    "grant_copy_4k_32/batch": 150,
    "domain_create/hypercall": 800000, "domain_destroy/hypercall": 600000,
    "domain_create/pctl": 3000000, "domain_destroy/pctl": 1000000,
    "domain_list_200/pctl": 2000000,
    "blk_read_4k_d32/native": 3000, "blk_notify_per_req_d32/split": 0.1,
}
# The same of the budgets that are no number of instructions.
WORDS = {"lat_syscall_null/hypercall": "native+200",
         "lat_proc_exec/hypercall": "exits=120",
         "vcpu_switch_256/hypercall": "vcpu_switch+150",
         "blk_read_4k_d32/split": "native+2500,hypervisor=400"}
# The plot of cost against size has these, by batch and natively.
SIZES = [2 ** power for power in range(10)]
# And so many domains are beside one that comes, goes, or gets an event.
AMONG = [f"{op}_among_{nr}/hypercall" for op in ("create", "destroy", "send")
         for nr in (16, 64, 128, 256)]
WORDS.update(dict.fromkeys(AMONG, "flat+1%"))


def problems_of(rows):
    problems = [f"{row.name}: no such way" for row in rows
                if row.way not in WAYS]
    budgets = {row.name: row.limit for row in rows}
    words = {row.name: row.budget_word for row in rows}
    problems += [f"pte_batch_{size}/{way} is missing" for size in SIZES
                 for way in ("batch", "native")
                 if f"pte_batch_{size}/{way}" not in budgets]
    problems += [f"{name}: the budget is {words.get(name)}, and is to be {word}"
                 for name, word in WORDS.items() if words.get(name) != word]
    return problems + [
        f"{name}: the budget is {budgets.get(name)}, and may be {limit}"
        for name, limit in LIMITS.items()
        if budgets.get(name) is None or budgets[name] > limit]


def check():
    return problems_of(bench_rows.read_rows("", {}).values())


def listed(way, budget, expected):
    """The list with one row more, or one budget changed."""
    def test(_):
        rows = bench_rows.read_rows("", {})
        rows["null_hypercall", way] = bench_rows.Row("null_hypercall", way,
                                                     budget)
        return problems_of(rows.values()), expected
    return test


def unlisted(op, way):
    """The list without one of its rows."""
    def test(_):
        rows = bench_rows.read_rows("", {})
        del rows[op, way]
        return problems_of(rows.values()), True
    return test


def table_of(*wanted):
    """Whether these words stand in one line of the table, of made-up rows."""
    def test(_):
        rows = {(row.op, row.way): row for row in (
            measured("pte_batch_8", "batch", [62.5], LOW, "70"),
            measured("pte_batch_8", "native", [4.5], LOW),
            measured("iret", "native", [8], LOW),
            *programs(250.0, 80))}
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            table.print_table(rows, {}, "made up")
        return [line for line in text.getvalue().splitlines()
                if set(wanted) <= set(line.split())], True
    return test


def measured(op, way, counts, ticks, budget="-"):
    row = bench_rows.Row(op, way, budget)
    row.counts, row.ticks, row.ns_per_tick = counts, ticks, 1.0
    return row


def budget(count, expected):
    def test(_):
        row = measured("iret", "hypercall", [count] * 3, [1.0] * 9, "60")
        return [row.excess] if row.excess else [], expected
    return test


def programs(insns, nr_exits):
    """Two operations of programs, both with a budget, 100 insns natively."""
    native = measured("lat_syscall_null", "native", [100.0], LOW)
    null = measured("lat_syscall_null", "hypercall", [insns], HIGH,
                    "native+200")
    null.native = native
    fork = measured("lat_proc_exec", "hypercall", [9e5], HIGH, "exits=120")
    fork.exits = {"iret": nr_exits - 10, "page_fault": 10}
    fork.parts = Counter({"program": 99.6, "guest kernel": 5000,
                          "mmu_update": 700, "iret": 46, "event": 0})
    return native, null, fork


def flat(insns, zeroing, expected):
    """Beside 256 others it takes so many, of them zeroing; alone 1000."""
    def test(_):
        row = measured("create_among_256", "hypercall", [insns], LOW,
                       "flat+1%")
        row.apart = zeroing
        row.smallest = measured("create_among_1", "hypercall", [1000.0], LOW)
        return [row.excess] if row.excess else [], expected
    return test


def over_base(insns, expected):
    """Beside a row of 500.5, of which it may take 150 more."""
    def test(_):
        row = measured("vcpu_switch_256", "hypercall", [insns], LOW,
                       "vcpu_switch+150")
        row.base_row = measured("vcpu_switch", "hypercall", [500.5], LOW)
        return [row.excess] if row.excess else [], expected
    return test


def of_hypervisor(instructions, notices, expected):
    """Of a request's instructions so many are the hypervisor's, which may have
    400; and so often one end tells the other, which may be 0.1 times."""
    def test(_):
        request = measured("blk_read_4k_d32", "split", [3000.0], LOW,
                           "native+2500,hypervisor=400")
        request.native = measured("blk_read_4k_d32", "native", [2000.0], LOW)
        request.hypervisor = instructions
        told = measured("blk_notify_per_req_d32", "split", [notices], [], "0.1")
        return [row.excess for row in (request, told) if row.excess], expected
    return test


def left_out(_):
    """What zeroes frames is in one of the two figures."""
    row = measured("domain_create", "hypercall", [30.0], LOW)
    row.apart = 20
    found = row.result()
    return [f"{found}"] * ((found["insns"], found["insns_copy"]) !=
                           (10.0, 30.0)), False


class Names:
    """In place of a hypervisor's symbols."""

    copies, switch = frozenset([0xffff810000200300]), 0xffff810000200400
    idle, woken = 0xffff810000200500, 0xffff810000200400
    change = None
    of_other_together, strings_copy = True, False
    notices = {0xffff810000200100}

    def name(self, before, _):
        return "system_call" if before < parts.USER_END else "iret"


# A program's system call, as QEMU logs it.
LOG = b"""\
Trace 0: 0x7f8904000100 [0000000000000000/0000000000402500/18c0c293/ff020201]
Trace 0: 0x7f8904000200 [0000000000000000/ffff810000200000/18c0c290/ff020201] x
cpu_io_recompile: rewound execution of TB to ffff810000200000
Trace 0: 0x7f8904000300 [0000000000000000/ffff810000200000/18c0c290/ff038201] x
Trace 0: 0x7f8904000400 [0000000000000000/ffffffff80100000/18c0c293/ff020201]
Trace 0: 0x7f8904000400 [0000000000000000/ffffffff80100004/18c0c293/ff020201]
Trace 0: 0x7f8904000500 [0000000000000000/ffff810000200100/18c0c290/ff020201]
Trace 0: 0x7f8904000600 [0000000000000000/0000000000402502/18c0c293/ff020201]
Stopped execution of TB chain before 0x7f8904000600 [0000000000402502]
Trace 0: 0x7f8904000600 [0000000000000000/0000000000402502/18c0c293/ff020201]
"""


def booked(_):
    """Each instruction once, on whose it is."""
    found = parts.book(parts.executed(LOG), Names())
    expected = {"program": 2, "guest kernel": 2, "system_call": 1, "iret": 1}
    return [f"{found}"] * (found != expected), False


HV, KERNEL, USER = 0xffff810000200000, 0xffffffff80100000, 0x402500


def booked_of_two(_):
    """Copies whosever they are, and what another domain does in between, which
    may come several times."""
    found = parts.book([USER, HV, HV + 0x300, HV + 0x400, KERNEL, HV, HV + 0x400,
                        KERNEL, HV, HV + 0x300, HV + 0x400, KERNEL, USER],
                       Names(), [7, 7, 8])
    expected = {"program": 2, "system_call": 2, "copy": 2, "other domain": 6,
                "guest kernel": 1}
    return [f"{found}"] * (found != expected), False


def booked_by_exit(_):
    """Where the hypervisor is told by exit, also what the other one left for."""
    names = Names()
    names.of_other_together = False
    found = parts.book([USER, HV, HV + 0x400, KERNEL, HV, HV + 0x400, KERNEL,
                        USER], names, [7, 8])
    expected = {"program": 2, "system_call": 2, "other domain": 1, "iret": 2,
                "guest kernel": 1}
    return [f"{found}"] * (found != expected), False


def names_by_change():
    """Each time at HV + 0x400 it is the other domain that comes."""
    names = Names()
    names.switch, names.change = None, HV + 0x400
    names.of_other_together = False
    return names


def booked_by_change(_):
    """The same where no debugger has seen who came."""
    found = parts.book([USER, HV, HV + 0x400, KERNEL, HV, HV + 0x400, KERNEL,
                        USER], names_by_change())
    expected = {"program": 2, "system_call": 2, "other domain": 1, "iret": 2,
                "guest kernel": 1}
    return [f"{found}"] * (found != expected), False


def left_alone(_):
    """A trace that the other domain ends."""
    try:
        parts.book([USER, HV, HV + 0x400, KERNEL], names_by_change())
        return [], True
    except bench_rows.Failed:
        return ["refused"], True


def of_request(_):
    """It copies by a string instruction, and tells the other end twice; and the
    CPU wakes in between for nothing."""
    idle, switch = HV + 0x500, HV + 0x400
    names = Names()
    names.strings_copy = True
    found, nr = disks.look(names, [
        USER, HV + 4, HV + 4, HV + 0x100, idle, HV + 8, idle, HV + 8, idle,
        HV + 9, switch, KERNEL, HV + 0x100, idle, HV + 9, switch, KERNEL, USER],
                           [8, 8])
    expected = {"program": 2, "system_call": 5, "copy": 1, "iret": 4,
                "guest kernel": 2}
    return [f"{found} {nr}"] * ((found, nr) != (expected, 2)), False


def unseen_switch(_):
    try:
        parts.book([USER, HV, HV + 0x400, KERNEL], Names(), [7, 8])
        return [], True
    except bench_rows.Failed:
        return ["refused"], True


def awake(op, addresses, expected):
    """What is said of a trace of switches and of idling at 100."""
    def test(_):
        found = parts.sleeper({"op": op, "way": "pctl", "sign": "1"}, addresses,
                              100, 10)
        return [found] if found else [], expected
    return test


def quiet(_):
    """The shorter one of two of the same."""
    values = {"op": "lat_sig", "sign": "1"}
    found = list(parts.quietest([values, values, {"op": "iret"}], [
        Counter(program=9), Counter(program=7), Counter(program=8)]))
    lengths = [booked["program"] for _, booked in found]
    return [f"{lengths}"] * (lengths != [7, 8]), False


def program_budget(insns, nr_exits, expected):
    def test(_):
        return [row.excess for row in programs(insns, nr_exits)
                if row.excess], expected
    return test


def bad_budget(_):
    try:
        return [bench_rows.Row("iret", "hypercall", "few").name], True
    except bench_rows.Failed:
        return ["refused"], True


def start_of_the_machine(_):
    """It has nanoseconds, and no ticks."""
    row = measured("boot_to_shell", "native", [], LOW)
    found = row.result()
    return [field for field in ("ticks_median", "insns", "bytes_per_s")
            if found[field] is not None] + [
                "ns"] * (found["ns_median"] != LOW[0]), False


def requests_in_a_second(_):
    """The median of three boots' samples; a way without a figure has none."""
    lines = [("clock", {"tsc_hz": "2000000"})] + [
        ("sample", {"op": "blk_read_4k_d1", "ticks": ticks, "operations": "10"})
        for ticks in ("1000", "2000", "500")]
    two = rates.of_lines(lines)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        rates.print_table([rates.Rate("blk_read_4k_d1", "split", 5000.0,
                                      two["blk_read_4k_d1"])])
    words = shown.getvalue().splitlines()[-1].split()
    expected = ["blk_read_4k_d1", "-", "-", "5.0", "-", "-", "20.0"]
    return [" ".join(words)] * (words != expected), False


def moved(_):
    row = measured("bw_pipe", "native", [], LOW)
    row.bytes = 65536
    return [str(row.bytes_per_s)] * (row.bytes_per_s != 655360000000), False


def expectation(null, trap, fails, expected):
    """What is said of these ticks; fails: only if it is a failure."""
    def test(_):
        rows = {(row.op, row.way): row for row in (
            measured("null_hypercall", "hypercall", [40], null),
            measured("virtual_cli", "trap", [40], trap))}
        return [text for failure, text in bench_rows.expectations(rows)
                if failure or not fails], expected
    return test


def compared(insns, ticks, expected):
    """Whether bench-compare sees a change from 40 instructions, 100 ticks."""
    def test(directory):
        paths = []
        for number, new in enumerate([(40.0, 100.0), (insns, ticks)]):
            row = measured("iret", "hypercall", [new[0]],
                           [new[1] * factor for factor in (0.9, 1.0, 1.1)])
            paths.append(os.path.join(directory, f"{number}.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump([row.result()], file)
        lines = common.output(["tools/bench-compare", *paths]).splitlines()
        return [line for line in lines if line.startswith("iret")], expected
    return test


def refused(directory):
    """A file that is none of the bench's: is anything said?"""
    path = os.path.join(directory, "bad.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('[{"op": 1}]')
    status = subprocess.run(["tools/bench-compare", path, path],
                            stderr=subprocess.DEVNULL).returncode
    return ["refused"] if status == 2 else [], True


LOW, HIGH, BOTH = [100.0] * 9, [1000.0] * 9, [100.0, 1000.0, 100.0, 1000.0]

common.main("bench", check, {
    "a way that is none": listed("quick", "-", True),
    "a budget that is too large": listed("hypercall", "46", True),
    "flat": flat(1010.0, 0, False),
    "not flat": flat(1011.0, 0, True),
    "flat but for zeroing": flat(9000.0, 8000, False),
    "as much over another row as it may": over_base(650.5, False),
    "more than that over another row": over_base(650.6, True),
    "a hypervisor's share, and notifications": of_hypervisor(400, 0.1, False),
    "a share that is too large": of_hypervisor(401, 0.1, True),
    "too many notifications": of_hypervisor(400, 0.101, True),
    "zeroing of frames": left_out,
    "a budget that is smaller": listed("hypercall", "44", False),
    "a size that is not measured": unlisted("pte_batch_16", "native"),
    "a batch and native in one line": table_of("8", "62.5", "70", "ok", "4.5"),
    "a row that is in no series": table_of("iret", "native"),
    "programs in one line": table_of("lat_syscall_null", "100.0", "250.0",
                                     "native+200", "ok", "10.0"),
    "exits by name": table_of("lat_proc_exec", "exits=120", "80", "iret",
                              "70.0,"),
    "whose instructions": table_of("lat_proc_exec", "100", "5000", "746",
                                   "mmu_update", "700,", "46"),
    "a trace, booked": booked,
    "a trace of two domains, booked": booked_of_two,
    "a trace of two domains, booked by exit": booked_by_exit,
    "a trace of two domains, booked by change": booked_by_change,
    "a trace that ends in another domain": left_alone,
    "a trace of a request": of_request,
    "a trace that lacks a switch": unseen_switch,
    "the CPU slept": awake("domain_create", [109], True),
    "the CPU did not sleep": awake("domain_create", [], False),
    "a guest that never ran": awake("domain_boot", [], True),
    "a guest that ran": awake("domain_boot", [200], False),
    "the trace without an interrupt": quiet,
    "over native by too much": program_budget(300.1, 120, True),
    "too many exits": program_budget(300.0, 121, True),
    "programs within their budgets": program_budget(300.0, 120, False),
    "a budget that is none": bad_budget,
    "the start of the machine": start_of_the_machine,
    "bytes in a second": moved,
    "requests in a second": requests_in_a_second,
    "over budget": budget(60.1, True),
    "within budget": budget(60.0, False),
    "the trap is as quick": expectation(LOW, LOW, True, True),
    "the trap is slower": expectation(LOW, HIGH, False, False),
    "noise is a warning": expectation(BOTH, LOW, False, True),
    "noise is no failure": expectation(BOTH, BOTH, True, False),
    "compare: one instruction more": compared(41.0, 100.0, True),
    "compare: twice as long": compared(40.0, 200.0, True),
    "compare: inside the quartiles": compared(40.0, 105.0, False),
    "compare: a file of something else": refused,
})
