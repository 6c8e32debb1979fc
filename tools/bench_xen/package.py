# SPDX-License-Identifier: MIT
"""Debian's package of Xen, fetched by apt as it is configured here.

Its name has Xen's version in it, another one in each release of Debian: apt is
asked which it has.

What was fetched is kept in build/xen, with package.json to say what it is:
a later run needs no network. Nothing is installed.
"""

import glob
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess

NAMES = r"^xen-hypervisor-4\.[0-9]+-amd64$"
VERSION = re.compile(r"-4\.(\d+)-amd64$")
IMAGE_IN_PACKAGE = "boot/xen-4.*-amd64.gz"
TOOLS = ("apt-cache", "apt-get", "dpkg-deb")


class Unavailable(Exception):
    """There is no Xen to compare with; the text says why."""


class Refused(Exception):
    """What came is not what apt has on record; the text says how."""


class Package:
    def __init__(self, version, sha256, image):
        self.version = version
        self.sha256 = sha256
        self.image = image


def run(command, directory="."):
    return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_in_this_release():
    """The package's name; of several, the one of the newest Xen."""
    result = run(["apt-cache", "search", "--names-only", NAMES])
    names = [line.split()[0] for line in result.stdout.splitlines()]
    names = [name for name in names if VERSION.search(name)]
    if not names:
        raise Unavailable("apt knows no xen-hypervisor-4.*-amd64 (is this "
                          "Debian on amd64, and was `apt-get update` run?)")
    return max(names, key=lambda name: int(VERSION.search(name).group(1)))


def described_by_apt(name):
    """The version that apt would install, and the hash it expects."""
    result = run(["apt-cache", "show", "--no-all-versions", name])
    record = result.stdout.split("\n\n")[0]
    fields = dict(line.split(": ", 1) for line in record.splitlines()
                  if ": " in line and not line.startswith(" "))
    if result.returncode != 0 or not {"Version", "SHA256"} <= fields.keys():
        raise Unavailable(f"apt knows {name}, but no version of it (was "
                          "`apt-get update` run?)")
    return fields["Version"], fields["SHA256"]


def download(name, version, sha256, directory):
    """The package's file, whose hash is the one that apt has on record."""
    for old in glob.glob(os.path.join(directory, "*.deb")):
        os.remove(old)
    result = run(["apt-get", "download", f"{name}={version}"], directory)
    files = glob.glob(os.path.join(directory, "*.deb"))
    if result.returncode != 0 or len(files) != 1:
        with open(os.path.join(directory, "apt.log"), "w",
                  encoding="utf-8") as log:
            log.write(result.stdout + result.stderr)
        raise Unavailable(f"apt-get could not download {name} (is there a "
                          f"network? {log.name} has its words)")
    found = sha256_of(files[0])
    if found != sha256:
        raise Refused(f"{files[0]} has SHA256 {found}, but apt's record says "
                      f"{sha256}")
    return files[0]


def extract(deb, directory):
    """The hypervisor's image, a multiboot ELF file, out of the package."""
    tree = os.path.join(directory, "tree")
    image = os.path.join(directory, "xen.elf")
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    images = glob.glob(os.path.join(tree, IMAGE_IN_PACKAGE))
    if len(images) != 1:
        raise Refused(f"{deb} has {len(images)} of {IMAGE_IN_PACKAGE}")
    with gzip.open(images[0]) as packed, \
            open(image, "wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    shutil.rmtree(tree)
    return image


def kept(directory):
    """What an earlier run has left, if it is whole."""
    try:
        with open(os.path.join(directory, "package.json"),
                  encoding="utf-8") as file:
            record = json.load(file)
        image = os.path.join(directory, "xen.elf")
        if sha256_of(image) == record["image_sha256"]:
            return Package(record["version"], record["sha256"], image)
    except (OSError, ValueError, KeyError):
        pass  # not there, or not whole: fetch it
    return None


def fetch(directory, say):
    """The package, from an earlier run or from apt."""
    os.makedirs(directory, exist_ok=True)
    package = kept(directory)
    if package:
        return package
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Unavailable(f"Xen comes by apt, and there is no {tool}")
    name = name_in_this_release()
    version, sha256 = described_by_apt(name)
    say(f"fetching {name} {version}")
    image = extract(download(name, version, sha256, directory), directory)
    with open(os.path.join(directory, "package.json"), "w",
              encoding="utf-8") as file:
        json.dump({"package": name, "version": version, "sha256": sha256,
                   "image_sha256": sha256_of(image)}, file, indent=2)
        file.write("\n")
    return Package(version, sha256, image)
