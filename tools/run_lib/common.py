# SPDX-License-Identifier: MIT
"""What the parts of tools/run share."""

import os
import sys


class Refused(Exception):
    """Nothing was run; the text says why."""


def say(text):
    print(f"run: {text}", file=sys.stderr, flush=True)


def setting(name, default=""):
    return os.environ.get(name) or default
