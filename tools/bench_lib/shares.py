# SPDX-License-Identifier: MIT
"""What share of a CPU a domain has by its weight, as a micro-guest measured it
(tests/kernels/control_shares.c): in which file, and how it is read."""

import collections
import json

# share: of the CPU, from 0 to 1, beside one domain of weight `beside`.
Share = collections.namedtuple("Share", "weight beside share")


def of_lines(lines):
    """From the lines "BENCH share weight=N beside=N thousandths=N"."""
    return [Share(int(values["weight"]), int(values["beside"]),
                  int(values["thousandths"]) / 1000)
            for kind, values in lines if kind == "share"]


def write(path, shares):
    with open(path, "w", encoding="utf-8") as file:
        json.dump([share._asdict() for share in shares], file, indent=2)
        file.write("\n")


def read(path):
    """What write() wrote; none when it is not there or something else."""
    try:
        with open(path, encoding="utf-8") as file:
            found = [Share(**fields) for fields in json.load(file)]
        return [share for share in found
                if share.weight > 0 and share.beside > 0 and
                0 <= share.share <= 1]
    except (OSError, ValueError, TypeError):
        return []
