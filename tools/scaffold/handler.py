# SPDX-License-Identifier: MIT
"""The hypervisor's side of a new hypercall: its line in abi/hypercalls.def and
its handler.
"""

import textwrap

from scaffold.call import UNITS_AT_A_TIME

# Many of them in a multicall would take too long: a call with more is slow.
QUICK_BYTES = 64
# Copied at a time, through the hypervisor's small stack.
CHUNK = 256

# ---- the line in abi/hypercalls.def ----

def filled(words, indent):
    """Words with commas between them, in lines of 80 columns."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 3 <= 80:
            lines[-1] += ", " + word
        else:
            lines[-1] += ","
            lines.append(" " * indent + word)
    return "\n".join(lines)


def flags_of(call):
    if call.preemptible:
        return "HC_NO_MULTICALL | HC_PREEMPTIBLE"
    slow = sum(arg.size for arg in call.buffers) > QUICK_BYTES
    return "HC_SLOW" if slow else "0"


def errors_of(call):
    wanted = (("EFAULT", call.buffers), ("E2BIG", call.lengths),
              ("ERESTART", call.preemptible))
    return [name for name, when in wanted if when]


def definition(call):
    macro = "PARAPET_HYPERCALL("
    indent = " " * len(macro)
    lines = [
        filled([f"{macro}{call.number}", call.name, flags_of(call),
                f'"{" ".join(errors_of(call))}"'], len(macro)),
        f'{indent}"{call.name}: say here in one line what it does."']
    args = [f"{arg.kind}, {arg.name}" for arg in call.args]
    if args:
        lines.append(filled([indent + args[0]] + args[1:], len(macro)))
    return ",\n".join(lines) + ")\n"


# ---- the handler ----

TAKE = """\
/* Takes nr_bytes bytes of @NAME@; false when they cannot all be read. */
static bool take_@NAME@(uint64_t from, uint64_t nr_bytes)
{
    uint8_t bytes[CHUNK];

    for (uint64_t done = 0; done < nr_bytes; done += CHUNK) {
        size_t size = MIN(nr_bytes - done, (uint64_t)CHUNK);

        if (copy_from_guest(bytes, from + done, size))
            return false;
        /* The work goes here: it uses bytes[0..size). */
    }
    return true;
}
"""

GIVE = """\
/* Makes nr_bytes bytes of @NAME@; false when they cannot all be written. */
static bool give_@NAME@(uint64_t to, uint64_t nr_bytes)
{
    uint8_t bytes[CHUNK] = {0};

    for (uint64_t done = 0; done < nr_bytes; done += CHUNK) {
        size_t size = MIN(nr_bytes - done, (uint64_t)CHUNK);

        /* The work goes here: it makes bytes[0..size). */
        if (copy_to_guest(to + done, bytes, size))
            return false;
    }
    return true;
}
"""

CHANGE = """\
/* Changes nr_bytes bytes of @NAME@; false when they are not all accessible. */
static bool change_@NAME@(uint64_t vaddr, uint64_t nr_bytes)
{
    uint8_t bytes[CHUNK];

    for (uint64_t done = 0; done < nr_bytes; done += CHUNK) {
        size_t size = MIN(nr_bytes - done, (uint64_t)CHUNK);

        if (copy_from_guest(bytes, vaddr + done, size))
            return false;
        /* The work goes here: it changes bytes[0..size). */
        if (copy_to_guest(vaddr + done, bytes, size))
            return false;
    }
    return true;
}
"""

HELPERS = {"in": ("take", TAKE), "out": ("give", GIVE),
           "inout": ("change", CHANGE)}

UNITS = """\
    for (uint64_t i = 0; i < done; i++) {
        /* The work goes here: one unit, some 20 instructions. */
    }
"""

STOP = """\
    if (done == @COUNT@)
        return 0;
    vcpu_current()->page->restart_done = done;
    return -PARAPET_ERESTART;
"""


def include_lines(*headers):
    return "".join(f'#include "{header}"\n' for header in headers if header)


def wrapped_comment(text):
    lines = textwrap.wrap(text, 77, break_on_hyphens=False)
    return "/*\n" + "".join(f" * {line}\n" for line in lines) + " */\n"


def limit_lines(call):
    text = ""
    for arg in call.buffers:
        what = "The most bytes" if arg.length else "The size"
        text += f"/* {what} of {arg.name}. */\n"
        text += f"#define {arg.limit} {arg.size}\n"
    if call.buffers:
        text += ("/* Copied at a time: the stack is small. */\n"
                 f"#define CHUNK {CHUNK}\n")
    if call.preemptible:
        units = "bytes" if call.buffers else "units"
        text += (f"/* So many {units} take less than 20,000 instructions. */\n"
                 f"#define AT_A_TIME {UNITS_AT_A_TIME}\n")
    return text + "\n" if text else ""


def contract_of(call):
    text = f"{call.name}: does nothing yet. Returns 0."
    for arg in call.lengths:
        limits = " or ".join(buffer.limit for buffer in arg.measures)
        text += f" E2BIG: {arg.name} is above {limits}."
    if call.buffers:
        text += (" EFAULT: a buffer is not accessible; what lies before the "
                 "fault is done.")
    if call.preemptible:
        units = "bytes" if call.buffers else "units"
        text += (f" ERESTART: restart_done {units} are done, go on after "
                 "them.")
    return wrapped_comment(text)


def declaration_of(call):
    types = {"u32": "uint32_t"}
    params = [f"{types.get(arg.kind, 'uint64_t')} {arg.name}"
              for arg in call.args] or ["void"]
    start = f"int64_t hc_{call.name}("
    return filled([start + params[0]] + params[1:], len(start)) + ")\n"


def uses_of_buffers(call):
    def helper(arg):
        size = arg.limit if not arg.length else (
            "done" if call.preemptible else arg.length.name)
        return f"!{HELPERS[arg.kind][0]}_{arg.name}({arg.name}, {size})"
    if not call.buffers:
        return ""
    tests = " ||\n        ".join(helper(arg) for arg in call.buffers)
    return f"    if ({tests})\n        return -PARAPET_EFAULT;\n"


def body_of(call):
    text = ""
    if call.preemptible:
        text += (f"    uint64_t done = MIN({call.count.name}, "
                 "(uint64_t)AT_A_TIME);\n\n")
    used = call.buffers + call.lengths
    for arg in call.args:
        if arg not in used and not (call.preemptible and arg is call.count):
            text += f"    (void){arg.name};\n"
    for arg in call.lengths:
        tests = " || ".join(f"{arg.name} > {b.limit}" for b in arg.measures)
        text += f"    if ({tests})\n        return -PARAPET_E2BIG;\n"
    text += uses_of_buffers(call)
    if not call.preemptible:
        return text + "    return 0;\n"
    if not call.buffers:
        text += UNITS
    return text + STOP.replace("@COUNT@", call.count.name)


def source(call):
    helpers = "".join(
        HELPERS[arg.kind][1].replace("@NAME@", arg.name) + "\n"
        for arg in call.buffers)
    return (
        "/* SPDX-License-Identifier: MIT\n *\n"
        f" * The {call.name} hypercall.\n */\n" +
        include_lines(
            "abi/errors.h" if errors_of(call) else None,
            "hypervisor/core/guest_access.h" if call.buffers else None,
            "hypervisor/core/hypercall.h",
            "lib/macros.h" if call.buffers or call.preemptible else None) +
        "\n" + limit_lines(call) + helpers + contract_of(call) +
        declaration_of(call) + "{\n" + body_of(call) + "}\n")
