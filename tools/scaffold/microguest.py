# SPDX-License-Identifier: MIT
"""The guest's side of a new hypercall: a micro-guest that tests what the
skeleton of the handler does already, and fails for what it does not.
"""

from scaffold.call import MAX_ARGS
from scaffold.handler import include_lines

# Of a buffer with a length, the hostile pointers' object.
HOSTILE_BYTES = 16
# How much a preemptible call without a buffer is asked for.
UNITS_OF_TEST = 10000

RESULT = """\
/* What @NAME@ is for: this is to be written first. */
static void test_result(void)
{
    int64_t result = @CALL@;

    mg_failure("@NAME@ returned %ld, as its skeleton does. Write next:\\n"
               "  tests/kernels/@NAME@.c, test_result: what it shall do\\n"
               "  hypervisor/core/hc_@NAME@.c: its contract, then the work\\n"
               "  abi/hypercalls.def: its line of text and its errors\\n"
               "and type: make docs && make kernels TEST=@NAME@",
               result);
}
"""

WIDE = """\
/* A u32 above 32 bits never comes as far as the handler. */
static void test_wide(void)
{
@CHECKS@}
"""

HOSTILE = """\
static int64_t call_@ARG@(uint64_t vaddr, void *data)
{
    (void)data;
    return @CALL@;
}

/* A pointer to what the guest may not @VERB@, or to nothing. */
static void test_@ARG@(void)
{
    const struct mg_object object = {"@NAME@", MG_ACCESS_@ACCESS@, @SIZE@, 1};

    mg_hostile_check(&object, call_@ARG@, NULL);
}
"""

LENGTH = """\
static void test_@ARG@(void)
{
    MG_CHECK_EQ(@ONE_MORE@,
                -PARAPET_E2BIG);
    MG_CHECK_EQ(@HUGE@, -PARAPET_E2BIG);
}
"""

ALL = """\
/* All of it, however often the hypervisor stops in between. */
static int64_t call_all(void)
{
    uint64_t done = 0;
    int64_t result;

    while ((result = @CALL@) == -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    return result;
}
"""

RESTART = """\
/* It stops before the end, and says how far it came. */
static void test_restart(void)
{
    uint64_t done;

    MG_CHECK_EQ(@CALL@, -PARAPET_ERESTART);
    done = mg_vcpu_page()->restart_done;
    MG_CHECK(done > 0 && done < @COUNT@);
}
"""


def replaced(text, **values):
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def plain_value(call, arg):
    """A value with which the call does its work."""
    if arg.is_buffer:
        return arg.name
    if arg.measures:
        return smallest(arg)
    if call.preemptible and arg is call.count:
        return str(UNITS_OF_TEST)
    return "0"


def smallest(length):
    """The most that a length may say, in C."""
    return f"sizeof({min(length.measures, key=lambda b: b.size).name})"


def stub_call(call, **values):
    words = [values.get(arg.name, plain_value(call, arg))
             for arg in call.args]
    return f"hypercall_{call.name}({', '.join(words)})"


def rest_call(call):
    """The call for what is left after done."""
    count = call.count
    values = {b.name: f"{b.name} + done" for b in count.measures}
    values[count.name] = f"{plain_value(call, count)} - done"
    return stub_call(call, **values)


def wide_test(call):
    checks = ""
    for position, arg in enumerate(call.args):
        if arg.kind == "u32":
            words = ["0"] * MAX_ARGS
            words[position] = "1ul << 32"
            checks += ("    MG_CHECK_EQ(hypercall_raw(PARAPET_HC_"
                       f"{call.name}, {', '.join(words)}),\n"
                       "                -PARAPET_EINVAL);\n")
    return [("test_wide", replaced(WIDE, CHECKS=checks))] if checks else []


def hostile_test(call, arg):
    values = {arg.name: "(void *)vaddr"}
    size = f"sizeof({arg.name})"
    if arg.length:
        size = str(min([HOSTILE_BYTES] + [b.size for b in arg.length.measures]))
        values[arg.length.name] = size
    writes = arg.kind != "in"
    return (f"test_{arg.name}", replaced(
        HOSTILE, ARG=arg.name, NAME=call.name, SIZE=size,
        CALL=stub_call(call, **values), VERB="write" if writes else "read",
        ACCESS="WRITE" if writes else "READ"))


def length_test(call, arg):
    size = smallest(arg)
    return (f"test_{arg.name}", replaced(
        LENGTH, ARG=arg.name,
        ONE_MORE=stub_call(call, **{arg.name: f"{size} + 1"}),
        HUGE=stub_call(call, **{arg.name: "~0ul"})))


def restart_test(call):
    return ("test_restart", replaced(
        RESTART, CALL=stub_call(call), COUNT=plain_value(call, call.count)))


def tests_of(call):
    """All test functions: (name, text)."""
    result_call = "call_all()" if call.preemptible else stub_call(call)
    tests = [("test_result", replaced(RESULT, NAME=call.name,
                                      CALL=result_call))]
    tests += [restart_test(call)] if call.preemptible else []
    tests += [hostile_test(call, arg) for arg in call.buffers]
    tests += [length_test(call, arg) for arg in call.lengths]
    return tests + wide_test(call)


def source(call):
    tests = tests_of(call)
    buffers = "".join(f"static uint8_t {arg.name}[{arg.size}];\n"
                      for arg in call.buffers)
    return (
        "/* SPDX-License-Identifier: MIT\n *\n"
        f" * {call.name}: what it does, and what it refuses.\n */\n" +
        include_lines(
            "abi/stubs.h",
            "tests/kernels/lib/hostile.h" if call.buffers else None,
            "tests/kernels/lib/test.h",
            "tests/kernels/lib/vcpu.h" if call.preemptible else None) +
        f"\nMG_TEST({call.name});\n\n" +
        (buffers + "\n" if buffers else "") +
        (replaced(ALL, CALL=rest_call(call)) + "\n"
         if call.preemptible else "") +
        "\n".join(text for _, text in tests) +
        "\nvoid test_main(void)\n{\n" +
        "".join(f"    {name}();\n" for name, _ in tests) + "}\n")
