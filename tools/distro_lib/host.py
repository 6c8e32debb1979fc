# SPDX-License-Identifier: MIT
"""What is asked of this machine, and of the programs on it."""

import os
import shutil
import subprocess

BUILD = os.path.abspath(os.environ.get("BUILD") or "build")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# A command so prefixed has mounts and processes of its own, which end with it.
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]


class Cannot(Exception):
    """It cannot be done here; the text says why, and what to do."""


class Failed(Exception):
    """A step did not end as it should: why, and what it printed."""

    def __init__(self, why, output=""):
        super().__init__(why)
        self.output = output


def say(text):
    print(f"distro: {text}", flush=True)


def output_of(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False).stdout.decode(errors="replace")


def must(command, what, **options):
    """Runs what prepares a system; without it there is nothing to test."""
    process = subprocess.run(command, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False, **options)
    if process.returncode != 0:
        last = process.stdout.decode(errors="replace").strip()
        raise Cannot(f"{what} failed: " + last.rpartition("\n")[2])


def check():
    if os.getuid() != 0:
        raise Cannot("debootstrap and chroot need root: type this as root")
    if not shutil.which("debootstrap") or not os.path.exists(KEYRING):
        raise Cannot("debootstrap or the archive's keys are missing: as root: "
                     "apt-get install -y debootstrap debian-archive-keyring")
    if not shutil.which("git"):
        raise Cannot("git is missing: as root: apt-get install -y git")
    if subprocess.run(ISOLATED + ["true"], check=False).returncode != 0:
        raise Cannot("this machine, or its container, grants no namespaces "
                     "for mounts: try it outside, or in a virtual machine")
