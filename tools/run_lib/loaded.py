# SPDX-License-Identifier: MIT
"""What QEMU loads: a kernel, its RAM disk or a boot bundle, and the command
line. Some of it is made here, in a directory that goes with the run."""

import os
import subprocess

from run_lib import limits, sizes
from run_lib.common import Refused, say, setting


# By the kind of run: the bundle that is booted when nothing else was asked for;
# and, for one that is made here, the RAM disk and the domain's options.
BUNDLES = {
    "domain": ("default.itb", "ramdisk.cpio", []),
    "dom0": ("dom0.itb", "dom0.cpio", ["--domain", "dom0", "--privileged"]),
}


def required(path):
    if not os.path.isfile(path):
        raise Refused(f"{path} is not there")
    return path


def run_tool(name, *arguments):
    tool = os.path.join(limits.ROOT, "tools", name)
    if subprocess.run([tool, *arguments],
                      stdin=subprocess.DEVNULL).returncode != 0:
        raise Refused(f"tools/{name} failed")


def ramdisk(directory, default):
    """The RAM disk, with what ADD adds to it, or None."""
    path = setting("RAMDISK") or default
    added = setting("ADD")
    if added and not os.path.isdir(added):
        raise Refused(f"ADD={added}: " + (
            "it is a file; give a directory, as MINE with MINE/bin/hello in it"
            if os.path.exists(added) else "no such directory"))
    parts = ([required(path)] if path else []) + ([added] if added else [])
    if not added:
        return parts[0] if parts else None
    output = os.path.join(directory, "ramdisk.cpio")
    run_tool("mkramdisk", output, *parts)
    return output


def make_bundle(kernel, disk, options, directory):
    """A bundle with one domain, and how many KiB that has."""
    bundle = os.path.join(directory, "guest.itb")
    kib = sizes.for_domain(disk)
    command = [*options, "--kernel", kernel, "--output", bundle,
               "--memory", f"{kib}K", "--vcpus", setting("VCPUS", "1")]
    if disk:
        command += ["--ramdisk", disk]
    if setting("BOOTARGS"):
        command += ["--bootargs", setting("BOOTARGS")]
    run_tool("bundle", *command)
    return bundle, kib


def in_build(name):
    return os.path.join(setting("BUILD", "build"), name)


def guest_kernel(name):
    guest = setting("GUEST")
    if guest and not os.path.isfile(guest):
        raise Refused(f"GUEST={guest}: no such file")
    return guest or required(in_build(name))


def kind_of(arguments):
    """Of the run: native, domain or dom0."""
    if "--native" in arguments:
        return "native"
    text = setting("DOM0")
    if text not in ("", "0", "1"):
        raise Refused(f"DOM0={text}: expected 0 or 1")
    own = [f"{name}={setting(name)}" for name in ("GUEST", "BUNDLE")
           if setting(name)]
    if text == "1" and own:
        raise Refused(f"DOM0=1: {own[0]} is for a machine without domain 0")
    if text == "" and own:
        say(f"{own[0]}: no domain 0 is booted, as in `make run-domain`")
    return "domain" if text == "0" or own else "dom0"


def parapet_images(kind, directory):
    """The hypervisor, its bundle or nothing, and the KiB of the domain."""
    made, disk, options = BUNDLES[kind]
    kernel = required(in_build("hypervisor.elf"))
    asked = [name for name in ("GUEST", "BOOTARGS", "ADD", "RAMDISK", "VCPUS",
                               "DOMAIN_MEM") if setting(name)]
    bundle = setting("BUNDLE")
    if bundle and asked:
        raise Refused(f"{asked[0]} is for a bundle that is made here, "
                      f"and not for BUNDLE={bundle}")
    if bundle == "none":
        return kernel, None, None
    if bundle:
        return kernel, required(bundle), None
    if not asked:
        return kernel, required(in_build(made)), sizes.DOMAIN_KIB
    default = None if setting("GUEST") else in_build(disk)
    return kernel, *make_bundle(guest_kernel("guest-pv.elf"),
                                ramdisk(directory, default), options, directory)


def images(kind, directory):
    """What QEMU loads, the command line, and KiB of the domain or None."""
    # Whoever counts instructions wants no interrupt at a time of the host's.
    words = ["clock=boot" if setting("ICOUNT", "0") != "0" else "",
             setting("APPEND")]
    if kind == "native":
        words.append(setting("BOOTARGS"))
        kernel = guest_kernel("guest-native.elf")
        initrd = ramdisk(directory, in_build("ramdisk.cpio"))
        kib = sizes.for_disk(initrd) if setting("ADD") else None
    else:
        kernel, initrd, kib = parapet_images(kind, directory)
    return kernel, initrd, " ".join(filter(None, words)), kib
