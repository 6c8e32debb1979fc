# SPDX-License-Identifier: MIT
"""The hypervisor's limits, read where its sources define them.

So what tools/run and tools/bundle refuse is what the hypervisor would refuse.
"""

import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUNDLE = "hypervisor/build/bundle.h"


class Changed(Exception):
    """A source does not say any more what is read from it."""


def search(path, pattern):
    with open(os.path.join(ROOT, path)) as file:
        match = re.search(pattern, file.read(), re.M)
    if not match:
        raise Changed(f"{path}: expected a line like {pattern}")
    return match[1]


def number(path, name):
    """The value of `#define NAME 31`, or of `... (UINT64_C(4) << 10)`."""
    text = search(path, rf"^#define {name} (.*?) *(?:/\*.*)?$")
    value, _, shift = re.sub(r"UINT64_C|[()]", "", text).partition("<<")
    return int(value, 0) << int(shift or "0", 0)


def engines():
    path = "hypervisor/engine/engines.def"
    with open(os.path.join(ROOT, path)) as file:
        names = re.findall(r"^ENGINE\((\w+)\)$", file.read(), re.M)
    if not names:
        raise Changed(f"{path}: expected a line like ENGINE(pv)")
    return names


MAX_CPUS = number("hypervisor/x86/layout.h", "MAX_CPUS")
MAX_DOMAINS = number(BUNDLE, "BUNDLE_MAX_DOMAINS")
MIN_MEMORY_KIB = number(BUNDLE, "BUNDLE_MIN_MEMORY_KIB")
MAX_MEMORY_KIB = number(BUNDLE, "BUNDLE_MAX_MEMORY_KIB")
MEMORY_STEP_KIB = number(BUNDLE, "BUNDLE_MEMORY_STEP_KIB")
MAX_NAME = number(BUNDLE, "BUNDLE_MAX_NAME")
MAX_BOOTARGS = number(BUNDLE, "BUNDLE_MAX_BOOTARGS")
MAX_WEIGHT = number(BUNDLE, "BUNDLE_MAX_WEIGHT")
MAX_VCPUS = number("abi/abi.h", "PARAPET_MAX_VCPUS")
# Of the guest kernel: it cuts off what is longer.
MAX_COMMAND_LINE = number("guest-kernel/boot_info.h",
                          "BOOT_COMMAND_LINE_SIZE") - 1
