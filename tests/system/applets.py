#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's busybox as it is: its applets, and shell scripts of some size."""

import re

import machine
from machine import PLATFORMS, expect, shell, test

LEAST = 100  # applets that are to be checked
SCRIPTS = 5


def run_script(name, **settings):
    """The lines that say ok; none may say anything else."""
    with machine.directory_with(f"tests/system/{name}") as directory:
        result = shell([f"sh /root/{name}; echo status $?"], ADD=directory,
                       **settings)
    expect("FAILED" not in result.output, "not all is as it should be", result)
    expect("\nstatus 0\n" in result.output, "it did not end well", result)
    return re.findall(r"^ok .+$", result.output, re.M)


def register(platform, settings):
    @test(f"applets: each of at least {LEAST} does what it should, {platform}")
    def applets():
        done = run_script("applets.sh", **settings)
        print(f"{len(set(done))} applets")
        expect(len(set(done)) >= LEAST,
               f"expected {LEAST} applets or more, got {len(set(done))}")

    @test("applets: a sieve, a sort, an archive, a search, a chain of shells, "
          f"{platform}")
    def scripts():
        done = run_script("scripts.sh", **settings)
        expect(len(done) == SCRIPTS, f"expected {SCRIPTS} scripts, got {done}")


for platform_name, platform_settings in PLATFORMS.items():
    register(platform_name, platform_settings)
machine.run_all()
