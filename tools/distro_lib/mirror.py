# SPDX-License-Identifier: MIT
"""The mirror that this machine's apt uses, and how apt reaches it.

Whatever the settings are written in (sources.list, *.sources, apt.conf.d),
apt itself is asked what comes of them.
"""

import email.utils
import os
import re
import tempfile
import time
import urllib.parse

from .host import Cannot, output_of, say

APT_HELPER = "/usr/lib/apt/apt-helper"


def candidates():
    """The roots of the archives, in apt's order."""
    if os.environ.get("MIRROR"):
        return [os.environ["MIRROR"].rstrip("/")]
    found = re.findall(r"^'(.*?)/dists/[^']*/InRelease'",
                       output_of(["apt-get", "update", "--print-uris"]),
                       re.MULTILINE)
    result = []
    for url in found:
        if url.startswith("mirror+file:"):
            path = "/" + url.partition(":")[2].lstrip("/")
            with open(path, encoding="utf-8") as file:
                result += [line.split()[0].rstrip("/") for line in file
                           if re.match("https?:", line)]
        else:
            result.append(url)
    return list(dict.fromkeys(result))


def fetch(url):
    """A small file, through apt's own proxies: its text or None; complaints."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        path = os.path.join(directory, "file")
        said = output_of([APT_HELPER, "-o", "Acquire::Retries=0",
                          "-o", "Acquire::http::Timeout=20",
                          "-o", "Acquire::https::Timeout=20",
                          "download-file", url, path])
        if not os.path.exists(path):
            return None, "; ".join(re.findall("^E: (Failed .*)$", said,
                                              re.MULTILINE))
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(), ""


def acquire_settings():
    """How apt reaches its mirrors, and how strict it is about dates."""
    return dict(re.findall(
        r'^(Acquire::(?:https?::|ForceIPv|Retries|Check-)\S*) "(.+)";$',
        output_of(["apt-config", "dump"]), re.MULTILINE))


class Mirror:
    """The first mirror that has the suite; Cannot, if there is none."""

    def __init__(self, suite):
        if not os.path.exists(APT_HELPER):
            raise Cannot("this machine has no apt, whose mirror would be used")
        complaints = []
        for self.url in candidates():
            release, said = fetch(f"{self.url}/dists/{suite}/InRelease")
            if release:
                break
            complaints.append(said)
        else:
            raise Cannot(f"no mirror of this machine's apt has {suite}: look "
                         "at the network, or give MIRROR=URL (" +
                         (complaints or ["apt names none"])[0] + ")")
        self.scheme = urllib.parse.urlsplit(self.url).scheme
        self.settings = acquire_settings()
        self.proxy = self.find_proxy()
        self.judge_age(suite, release)

    def find_proxy(self):
        """What apt would use, or None."""
        said = output_of([APT_HELPER, "auto-detect-proxy", self.url])
        found = re.search("Using proxy '(.+?)' for", said)
        key = f"Acquire::{self.scheme}::Proxy"
        host = urllib.parse.urlsplit(self.url).hostname
        proxy = found[1] if found else (
            self.settings.get(f"{key}::{host}") or self.settings.get(key) or
            os.environ.get(f"{self.scheme}_proxy"))
        return None if proxy == "DIRECT" else proxy

    def judge_age(self, suite, release):
        """A copy of a mirror may be older than apt takes without a word."""
        until = re.search("^Valid-Until: (.*)$", release, re.MULTILINE)
        if until and time.time() > email.utils.mktime_tz(
                email.utils.parsedate_tz(until[1])):
            say(f"the mirror's lists of {suite} were valid until {until[1]}; "
                "they are used all the same (Check-Valid-Until=false there)")
            self.settings["Acquire::Check-Valid-Until"] = "false"

    def environment(self):
        """For debootstrap, which does not read apt's settings."""
        proxy = {f"{self.scheme}_proxy": self.proxy} if self.proxy else {}
        return {**os.environ, "LC_ALL": "C.UTF-8", **proxy}

    def apt_conf(self):
        """For apt in the chroot, which has no program that detects proxies."""
        settings = {key: value for key, value in self.settings.items()
                    if "detect" not in key.lower()}
        if self.proxy:
            settings[f"Acquire::{self.scheme}::Proxy"] = self.proxy
        return "".join(f'{key} "{value}";\n'
                       for key, value in settings.items())
