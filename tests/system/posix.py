#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The project's own program for what programs expect of Linux: on the host,
where it says whether it is right, and then in the guest."""

import os
import re
import subprocess
import tempfile

import machine
from keyboard import ENTER, PROMPT, Keyboard
from machine import BUILD, PLATFORMS, expect, expect_status, test

SUM = re.compile(r"^posix: (\d+) passed, (\d+) failed$", re.M)
MACHINES = {**PLATFORMS,
            "pv on q35 with 4 CPUs": {"MACHINE": "q35", "SMP": 4},
            "native on q35": {"native": True, "MACHINE": "q35"}}


def expect_passed(result):
    expect_status(result, machine.OK)
    sums = SUM.findall(result.output)
    expect(sums and all(int(passed) > 100 and failed == "0"
                        for passed, failed in sums),
           f"expected all to pass, got the sums {sums}", result)


@test("posix: passes on this Linux")
def host():
    with tempfile.TemporaryFile("w+") as output:
        done = machine.complete(
            [os.path.join(BUILD, "user/bin/posix")], stdout=output,
            stderr=output, start_new_session=True)
        output.seek(0)
        expect_passed(machine.Result(done.status, output.read(), done.said))


def register(name, settings):
    @test(f"posix: passes, {name}")
    def guest():
        command = ["tools/run"] + ["--native"] * settings.get("native", False)
        variables = {key: value for key, value in settings.items()
                     if key != "native"}
        # By hand: what is typed ahead would come in between. And twice, for
        # the second time it finds what the first has left behind.
        with Keyboard(command, **variables) as keys:
            for _ in range(2 if name in PLATFORMS else 1):
                keys.see(PROMPT)
                keys.type(b"posix" + ENTER, rb"posix: \d+ passed, \d+ failed")
            keys.see(PROMPT)
            keys.type(b"poweroff" + ENTER)
            expect_passed(keys.end())


for machine_name, machine_settings in MACHINES.items():
    register(machine_name, machine_settings)
machine.run_all()
