#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the hypervisor must not boot: it says why in one line and ends."""

import os
import tempfile

import bad_bundles
from machine import (BUILD, OK, REFUSED, boot, expect, expect_status,
                     expect_text, run_all, test)

GUEST = os.path.join(BUILD, "kernels", "abi_version.elf")
START = "parapet: cannot boot: "

scratch = tempfile.TemporaryDirectory(prefix="parapet-")


def refusal(path, words, **settings):
    def check():
        result = boot(BUNDLE=path, **settings)
        expect_status(result, REFUSED)
        expect_text(result, START + words)
        expect(result.output.count(START) == 1,
               "expected one line that says why", result)
    return check


@test("the bundle that the bad ones are made of boots")
def good_bundle():
    path = os.path.join(scratch.name, "good.itb")
    with open(GUEST, "rb") as guest, open(path, "wb") as file:
        file.write(bad_bundles.bundle(scratch.name, guest.read()))
    expect_status(boot(BUNDLE=path), OK)


for bad_path, bad_words in bad_bundles.make(scratch.name, GUEST):
    name = os.path.splitext(os.path.basename(bad_path))[0]
    test(f"bad bundle {name}")(refusal(bad_path, bad_words))
    if name == "truncated":
        test(f"bad bundle {name} on q35")(
            refusal(bad_path, bad_words, MACHINE="q35"))

run_all()
