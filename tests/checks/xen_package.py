#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench-xen finds Xen's package by what apt has, in whatever release."""

import os
import sys

import common

sys.path.insert(0, "tools")
from bench_xen import package  # pylint: disable=wrong-import-position


def name_found(listing, directory):
    """The name that is taken when apt-cache prints these, or why none is."""
    path = os.path.join(directory, "apt-cache")
    with open(path, "w") as file:
        file.write("#!/bin/sh\ncat <<END\n" + "".join(
            f"{name} - Xen Hypervisor on AMD64\n" for name in listing) +
            "END\n")
    os.chmod(path, 0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{directory}:{before}"
    try:
        return package.name_in_this_release()
    except package.Unavailable as reason:
        return str(reason)
    finally:
        os.environ["PATH"] = before


def case(listing, expected):
    def self_test(directory):
        found = name_found(listing, directory)
        return [] if found.startswith(expected) else [f"found {found}"], False
    return self_test


common.main("xen_package", lambda: [], {
    "Debian 12": case(["xen-hypervisor-4.17-amd64"],
                      "xen-hypervisor-4.17-amd64"),
    "Debian 13": case(["xen-hypervisor-4.20-amd64"],
                      "xen-hypervisor-4.20-amd64"),
    "several releases": case(["xen-hypervisor-4.9-amd64",
                              "xen-hypervisor-4.20-amd64",
                              "xen-hypervisor-4.17-amd64"],
                             "xen-hypervisor-4.20-amd64"),
    "none": case([], "apt knows no xen-hypervisor"),
})
