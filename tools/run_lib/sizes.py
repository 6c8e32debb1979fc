# SPDX-License-Identifier: MIT
"""How large machine and domain are: SMP and MEM, VCPUS and DOMAIN_MEM.

SMP and MEM are the machine's. A domain has its own share of them, VCPUS and
DOMAIN_MEM; the guest kernel on the bare machine has all.
"""

import os
import re

from run_lib import limits
from run_lib.common import Refused, setting

KIB = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
MACHINE_KIB = 256 * KIB["M"]
DOMAIN_KIB = 64 * KIB["M"]
# What domain 0 is to have for guests: two like itself, unless MEM says less.
GUESTS_KIB = 128 * KIB["M"]
# Kernels are loaded above; what is below is not for domains.
LOWEST_KIB = 2 * KIB["M"]


def count(name, most, what):
    text = setting(name, "1")
    if not re.fullmatch("[1-9][0-9]{0,8}", text) or int(text) > most:
        raise Refused(f"{name}={text}: expected a number of {what}, "
                      f"1 to {most}")
    return int(text)


def kib_of(name):
    """A size as QEMU's -m takes it, or None."""
    text = setting(name)
    match = re.fullmatch("([0-9]{1,15})([kKmMgGtT]?)", text)
    if text and not match:
        raise Refused(f"{name}={text}: expected MiB, or as 256M or 1G")
    return int(match[1]) * KIB[match[2].upper() or "M"] if match else None


def shown(kib):
    """The other way round."""
    unit = max((unit for unit in KIB if kib % KIB[unit] == 0), key=KIB.get)
    return f"{kib // KIB[unit]}{unit}"


def whole_mib(kib):
    return -(-kib // KIB["M"]) * KIB["M"]


def domain_kib():
    """DOMAIN_MEM in KiB, or None."""
    kib = kib_of("DOMAIN_MEM")
    low, high = limits.MIN_MEMORY_KIB, limits.MAX_MEMORY_KIB
    if kib is None or (low <= kib <= high and
                       kib % limits.MEMORY_STEP_KIB == 0):
        return kib
    raise Refused(f"DOMAIN_MEM={setting('DOMAIN_MEM')}: expected {shown(low)} "
                  f"to {shown(high)}, in steps of "
                  f"{shown(limits.MEMORY_STEP_KIB)}")


def check(native):
    """What QEMU or the hypervisor say of a wrong one does not name it."""
    count("SMP", limits.MAX_CPUS, "CPUs")
    kib_of("MEM")
    for name, other in (("VCPUS", "SMP"), ("DOMAIN_MEM", "MEM")):
        if native and setting(name):
            raise Refused(f"{name}={setting(name)}: run-native has no domain; "
                          f"{other} is what its kernel gets")
    count("VCPUS", limits.MAX_VCPUS, "the domain's CPUs")
    domain_kib()


def for_disk(disk):
    """KiB of a domain: the guest kernel copies what is in its RAM disk."""
    size = os.path.getsize(disk) >> 20 if disk else 0
    return DOMAIN_KIB + 3 * KIB["M"] * max(0, size - 4)


def for_domain(disk):
    """KiB of the domain that is made here."""
    kib = domain_kib()
    if kib is None:
        return for_disk(disk)
    # The guest kernel, its RAM disk, and a copy of what is in that.
    size = os.path.getsize(disk) >> 10 if disk else 0
    least = max(limits.MIN_MEMORY_KIB, 2 * size + 2 * KIB["M"])
    if kib < least and not setting("GUEST"):
        raise Refused(f"DOMAIN_MEM={setting('DOMAIN_MEM')}: the RAM disk of "
                      f"{shown(size)} does not fit: take "
                      f"DOMAIN_MEM={shown(whole_mib(least))} or more")
    return kib


def for_machine(domain, loaded):
    """KiB of a machine with one such domain, in whole MiB: with the hypervisor
    and its tables, which grow with the memory."""
    kib = domain + loaded + (domain + loaded) // 32 + 8 * KIB["M"]
    return whole_mib(kib)


def machine_kib(domain, initrd, more=0):
    """KiB of the machine, and a line to say or None. domain: KiB of the only
    domain, or None when that is not known; initrd: what is loaded, or None;
    more: KiB to be free besides, unless MEM says less.

    Refuses only what surely does not fit: for the rest the hypervisor does.
    """
    given = kib_of("MEM")
    loaded = (os.path.getsize(initrd) >> 10) + 1 if initrd else 0
    needed = for_machine(domain or 0, loaded)
    if given is None:
        needed = for_machine((domain or 0) + more, loaded)
    if given is None and needed <= MACHINE_KIB:
        return MACHINE_KIB, None
    if given is None:
        why = [name for name in ("DOMAIN_MEM", "ADD", "RAMDISK", "BUNDLE")
               if setting(name)] or ["what is loaded"]
        return needed, (f"the machine gets {shown(needed)} of memory, because "
                        f"of {why[0]}")
    if given >= (domain or 0) + loaded + LOWEST_KIB:
        return given, None
    if domain is None:
        raise Refused(f"MEM={setting('MEM')}: what is loaded does not fit: "
                      f"take MEM={shown(needed)} or more")
    raise Refused(f"MEM={setting('MEM')}: a domain of {shown(domain)} does "
                  f"not fit: take MEM={shown(needed)} or a smaller DOMAIN_MEM")
