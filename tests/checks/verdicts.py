#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/kernels/run: it believes a verdict only of the domain that gives it,
and the hypervisor's lines only as long as no partner can write them."""

import importlib.machinery
import importlib.util

import common

LOADER = importlib.machinery.SourceFileLoader("kernels_run",
                                              "tests/kernels/run")
SPEC = importlib.util.spec_from_loader("kernels_run", LOADER)
kernels = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(kernels)

KILLED = "killed:no stack"


def judged(expect, status, lines, bad):
    """lines has @1 and @2 for the nonces; bad: the test must fail."""
    def self_test(_):
        run = kernels.Run("attack", None, {
            **kernels.DEFAULTS, "expect": expect,
            "partner": [{"test": "partners/witness"}]})
        console = "\n".join(lines)
        for word, (_, nonce) in zip(("@1", "@2"), run.verdicts):
            console = console.replace(word, nonce)
        reason = kernels.judge(run, status, console + "\n")
        return [reason] if reason else [], bad
    return self_test


def each_its_own(_):
    run = kernels.Run("attack", None, {
        **kernels.DEFAULTS, "partner": 3 * [{"test": "partners/witness"}]})
    nonces = [nonce for _, nonce in run.verdicts]
    run.make_nonces()
    nonces += [nonce for _, nonce in run.verdicts]
    return (["not 8 different nonces"] if len(set(nonces)) != 8 else []), False


MINE = "TEST attack: success @1"
ITS = "d2| TEST witness: success @2"
ARMED = "TEST attack: armed @1"
REPORT = "d1v0: killed: no stack for the frame"
HAS_IT = "d2: has the console"

common.main("verdicts", lambda: [], {
    "each domain of each boot has a nonce of its own": each_its_own,
    "success of both": judged("success", 0, [ITS, MINE], False),
    "success of a partner that has the console by then": judged(
        "success", 0, [MINE, HAS_IT, ITS.partition("| ")[2]], False),
    "success without a nonce": judged(
        "success", 0, [ITS, "TEST attack: success"], True),
    "success with the partner's nonce": judged(
        "success", 0, [ITS, "TEST attack: success @2"], True),
    "success that the partner prints": judged(
        "success", 0, [ITS, f"d2| {MINE}"], True),
    "success in the middle of a line": judged(
        "success", 0, [ITS, f"it says {MINE}"], True),
    "success of a partner without a nonce": judged(
        "success", 0, [MINE, "d2| TEST witness: success"], True),
    "success that another domain prints for the partner": judged(
        "success", 0, [MINE, ITS.replace("d2", "d3")], True),
    "success, but the machine panicked": judged(
        "success", kernels.PANIC, [ITS, MINE], True),
    "success, and a panic that is only printed": judged(
        "success", 0, [ITS, "parapet: panic: forged", MINE], False),
    "an end as it was to be": judged(
        KILLED, kernels.DOMAIN_FAILED, [ITS, ARMED, REPORT], False),
    "an end that was not armed": judged(
        KILLED, kernels.DOMAIN_FAILED, [ITS, "TEST attack: armed", REPORT],
        True),
    "an end that the partner prints": judged(
        KILLED, kernels.DOMAIN_FAILED, [ITS, ARMED, f"d2| {REPORT}"], True),
    "an end that the partner prints once it has the console": judged(
        KILLED, kernels.DOMAIN_FAILED,
        [ITS, ARMED, "d1: crashed (test)", HAS_IT, REPORT], True),
    "an end that the machine does not confirm": judged(
        KILLED, 0, [ITS, ARMED, REPORT], True),
    "an end, and no success of the partner": judged(
        KILLED, kernels.DOMAIN_FAILED, [ARMED, REPORT], True),
})
