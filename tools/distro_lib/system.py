# SPDX-License-Identifier: MIT
"""Bare systems: made by debootstrap, kept as tarballs, run in chroots."""

import os
import re
import shutil
import subprocess

from .host import BUILD, ISOLATED, KEYRING, Cannot, Failed, must, say
from .mirror import Mirror

USER = "student"
HOMES = {"root": "/root", USER: f"/home/{USER}"}
# Far more than any step needs; only a step that hangs meets it.
LIMIT = 2 * 60 * 60

# Arguments: the root, the user, the home, the command. The shell outside the
# chroot stays, as process 1 of the namespace, to reap what others leave.
ENTER = """
mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" || exit
chroot --userspec="$1:$1" "$0" /usr/bin/env -i HOME="$2" LANG=C.UTF-8 \\
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    bash -c "cd $2/parapet && $3"
exit $?
"""


class System:
    """A directory with a Debian in it, and a commit in two homes of it."""

    def __init__(self, suite, name, commit):
        self.suite = suite
        self.name = name
        self.commit = commit
        self.root = os.path.join(BUILD, "distro", suite, name)
        self.log = os.path.join(BUILD, "distro", f"{suite}-{name}.log")

    def write(self, name, text):
        with open(self.root + name, "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self):
        """We mount only in namespaces; what is mounted here is a stranger's."""
        if os.path.exists(self.log):
            os.remove(self.log)
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounted = [line.split()[1] for line in file]
        for place in mounted:
            if (place + "/").startswith(self.root + "/"):
                raise Cannot(f"{place} is mounted: umount it first")
        subprocess.run(["rm", "-rf", "--one-file-system", self.root],
                       check=True)

    # ---- how it comes to be ----

    def bootstrap(self, tarball):
        """debootstrap's system with the .deb files, kept as a tarball."""
        mirror = Mirror(self.suite)
        self.remove()
        os.makedirs(self.root)
        say(f"debootstrap makes a bare {self.suite}")
        include = "make"
        if mirror.scheme == "https":
            include += ",ca-certificates"
        must(ISOLATED + ["debootstrap", "--variant=minbase", "--include",
                         include, "--keyring", KEYRING, "--force-check-gpg",
                         self.suite, self.root, mirror.url],
             "debootstrap", env=mirror.environment())
        self.write("/etc/apt/apt.conf.d/90machine", mirror.apt_conf())
        self.write("/etc/dpkg/dpkg.cfg.d/90quick", "force-unsafe-io\n")
        must(["chroot", self.root, "useradd", "--create-home", USER],
             "useradd")
        self.download()
        say(f"keeping it as {tarball}")
        os.makedirs(os.path.dirname(tarball), exist_ok=True)
        must(["tar", "-C", self.root, "-cf", f"{tarball}.new", "."], "tar")
        os.replace(f"{tarball}.new", tarball)
        self.remove()

    def download(self):
        """The packages that doctor asks for: fetched, not installed."""
        must(["chroot", self.root, "apt-get", "clean"], "apt-get clean")
        self.add_trees()
        line = self.line_for_root("tools/doctor --install test")
        say("downloading the packages")
        status, output = self.run(
            line.replace(" install ", " install --download-only ", 1))
        if status != 0:
            raise Cannot("the packages cannot be downloaded: "
                         + output.strip().rpartition("\n")[2])
        for home in HOMES.values():
            must(["rm", "-r", f"{self.root}{home}/parapet"], "rm")

    def start(self, tarball):
        """A bare system as it was kept, with the tree."""
        self.remove()
        os.makedirs(self.root)
        must(["tar", "-C", self.root, "--numeric-owner", "-xpf", tarball],
             "tar (--fresh or FRESH=1 makes the tarball anew)")
        self.add_trees()

    def add_trees(self):
        """The files of a fresh clone, in each home directory."""
        shutil.copyfile("/etc/resolv.conf", self.root + "/etc/resolv.conf")
        for user, home in HOMES.items():
            tree = f"{home}/parapet"
            os.makedirs(self.root + tree)
            must(["bash", "-o", "pipefail", "-c",
                  'git -c safe.directory="*" -c tar.umask=022 archive "$0" | '
                  'tar -C "$1" --no-same-owner -x',
                  self.commit, self.root + tree], "git archive")
            must(["chroot", self.root, "chown", "-R", f"{user}:", tree],
                 "chown")

    # ---- what is done in it ----

    def run(self, command, user="root", data=b""):
        """The exit status and the output of a command in the user's tree."""
        with open(self.log, "ab+") as log:
            log.write(f"{user}: {command}\n".encode())
            log.flush()
            begin = log.tell()
            process = subprocess.Popen(
                ISOLATED + ["bash", "-c", ENTER, self.root, user, HOMES[user],
                            command],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
            try:
                process.communicate(data, LIMIT)
            except subprocess.TimeoutExpired:
                pass  # its status says so
            finally:
                process.kill()
                process.wait()
            log.seek(begin)
            output = log.read().decode(errors="replace").replace("\r", "")
        return process.returncode, output

    def succeed(self, command, user="root", data=b""):
        status, output = self.run(command, user, data)
        if status != 0:
            raise Failed(f"`{command}` ended with status {status}", output)
        return output

    def line_for_root(self, command):
        """What a user without sudo is told that root must type."""
        status, output = self.run(command, USER)
        lines = re.findall(r"^doctor: as root: (.*\S)", output, re.MULTILINE)
        if status == 0 or len(lines) != 1:
            raise Failed(f"`{command}` ended with status {status} and with "
                         f"{len(lines)} lines for root", output)
        if not re.match("apt-get update && apt-get install ", lines[0]):
            raise Failed(f"root would be of no help with '{lines[0]}'", output)
        for word in ("not found", "assword", "Traceback"):
            if word in output:
                raise Failed(f"beside the line there is '{word}'", output)
        return lines[0]
