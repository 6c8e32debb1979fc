# SPDX-License-Identifier: MIT
"""A hypercall that is to be made: its arguments, read from their short form
and checked. Knows nothing of the tree.
"""

import re

MAX_ARGS = 6
MAX_NAME = 32
NUMBERS = ("u32", "u64", "vaddr")
BUFFERS = ("in", "out", "inout")

# What a call does in one go, so that it keeps within 20,000 instructions.
PLAIN_BYTES = 4096
UNITS_AT_A_TIME = 1024
MAX_BYTES = 1 << 20

C_WORDS = set("""
    asm auto bool break case char const continue default do double else enum
    extern false float for goto if inline int linux long register restrict
    return short signed sizeof static struct switch true typedef typeof union
    unix unsigned void volatile while""".split())
# Names that the stubs and the skeletons use themselves.
OWN_WORDS = {"result", "r8", "r9", "r10", "done", "i", "all", "main",
             "restart", "wide", "vaddr", "data", "object"}


class Refused(Exception):
    """It cannot be made; the text says why."""


class Argument:
    def __init__(self, name, kind, size):
        self.name = name
        self.kind = kind
        self.size = size
        self.length = None  # of a buffer: the u64 that says how much of it
        self.measures = []  # of such a u64: its buffers

    @property
    def is_buffer(self):
        return self.kind in BUFFERS

    @property
    def limit(self):
        return f"{self.name.upper()}_LIMIT"


class Call:
    def __init__(self, name, number, args, preemptible):
        self.name = name
        self.number = number
        self.args = args
        self.preemptible = preemptible
        self.buffers = [arg for arg in args if arg.is_buffer]
        self.lengths = [arg for arg in args if arg.measures]
        # What a preemptible call counts down.
        self.count = self.lengths[0] if self.lengths else next(
            (arg for arg in args if arg.kind == "u64"), None)


def check_word(what, word):
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}", word):
        raise Refused(
            f"{what} '{word}': expected a lower-case letter, then lower-case "
            f"letters, digits and _, at most {MAX_NAME} in all")
    if word in C_WORDS:
        raise Refused(f"{what} '{word}': that word has a meaning in C")


def parse_size(text, size):
    if not re.fullmatch(r"[0-9]{1,9}", size):
        raise Refused(f"ARGS '{text}': '{size}' is no number of bytes")
    if not 2 <= int(size) <= MAX_BYTES:
        raise Refused(f"ARGS '{text}': expected from 2 to {MAX_BYTES} bytes")
    return int(size)


def parse_argument(text):
    name, _, rest = text.partition(":")
    kind, _, size = rest.partition(":")
    if rest in NUMBERS:
        size = None
    elif kind in BUFFERS and size:
        size = parse_size(text, size)
    else:
        raise Refused(
            f"ARGS '{text}': expected NAME:u32, NAME:u64, NAME:vaddr, "
            "NAME:in:SIZE, NAME:out:SIZE or NAME:inout:SIZE")
    check_word("argument", name)
    if name in OWN_WORDS:
        raise Refused(f"argument '{name}': the skeleton uses that name itself")
    return Argument(name, kind, size)


def tie_lengths(args):
    """Gives the buffers in front of a u64 that number as their length."""
    row = []
    for arg in args:
        if arg.kind == "u64":
            arg.measures = row
            for buffer in row:
                buffer.length = arg
        row = row + [arg] if arg.is_buffer else []


def parse_arguments(texts):
    words = [word for text in texts for word in text.split()]
    if len(words) > MAX_ARGS:
        raise Refused(f"ARGS has {len(words)} arguments: a hypercall takes "
                      f"at most {MAX_ARGS}")
    args = [parse_argument(word) for word in words]
    names = [arg.name for arg in args]
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"ARGS has two arguments named '{name}'")
    tie_lengths(args)
    return args


def check_work(call):
    """One call may not take too long, nor be preemptible without a reason."""
    if not call.preemptible:
        total = sum(arg.size for arg in call.buffers)
        if total > PLAIN_BYTES:
            raise Refused(
                f"ARGS has buffers of {total} bytes: more than {PLAIN_BYTES} "
                "take too long for one call; see PREEMPTIBLE=1")
        return
    if not call.count or (call.buffers and not call.lengths):
        raise Refused("PREEMPTIBLE=1 needs a u64 that says how much there is "
                      "to do: the length after the buffer, or a number of "
                      "units where there is no buffer")
    if any(arg.length is not call.count for arg in call.buffers):
        raise Refused("PREEMPTIBLE=1 takes buffers in one row, with one "
                      "length after it; write any other kind by hand")
    if call.buffers and min(b.size for b in call.buffers) <= UNITS_AT_A_TIME:
        raise Refused(f"PREEMPTIBLE=1 is for more than {UNITS_AT_A_TIME} "
                      "bytes; without it there is less to write")
