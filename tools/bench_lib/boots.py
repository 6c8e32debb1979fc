# SPDX-License-Identifier: MIT
"""One boot of a guest that measures, and the lines that it prints.

Both guests print the same: lines "BENCH kind name=value ...", of the kinds
that tests/bench/bench_guest.c and guest-kernel/bench/bench.c describe.
"""

import os
import re
import subprocess
import tempfile

from bench_lib.rows import Failed

BUILD = os.environ.get("BUILD") or "build"
GUEST = f"{BUILD}/bench/bench_guest.elf"
TIMEOUT = "120"

LINE = re.compile(r"^BENCH (\w+) ?(.*)$", re.MULTILINE)


def settings(icount, **more):
    """What tools/run is to see in its environment."""
    return {**os.environ, "GUEST": "", "SMP": "1", "TIMEOUT": TIMEOUT,
            "ICOUNT": "1" if icount else "0", **more}


def make_bundle(folder, bootargs):
    """A bundle with the bench's guest as the only domain."""
    bundle = os.path.join(folder, "bench.itb")
    subprocess.run(
        ["tools/bundle", "-o", bundle, "--domain", "bench", "--kernel", GUEST,
         "--memory", "16M", "--bootargs", bootargs], check=True)
    return bundle


def run(arguments, environment, text):
    process = subprocess.run(
        ["tools/run"] + arguments, env=environment, input=text.encode(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    console = process.stdout.decode(errors="replace").replace("\r", "")
    lines = [(kind, dict(pair.split("=", 1) for pair in rest.split()))
             for kind, rest in LINE.findall(console)]
    if process.returncode != 0 or ("end", {}) not in lines:
        raise Failed("the bench did not come to its end:\n" + console)
    return lines


def domain(rounds, pattern, icount):
    """The lines, each as its kind and its values, of the guest in a domain."""
    with tempfile.TemporaryDirectory(prefix="parapet-bench-") as folder:
        bundle = make_bundle(folder, f"{rounds} {pattern}")
        return run([], settings(icount, BUNDLE=bundle), "")


def native(rounds, pattern, icount):
    """The same of the guest kernel on the bare machine."""
    return run(["--native"], settings(icount, RAMDISK="", APPEND=""),
               f"bench {rounds} {pattern}\n")
