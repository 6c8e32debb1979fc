# SPDX-License-Identifier: MIT
"""What the system tests share: boots, and the report of what came of them.

A test is a function with the decorator @test; it raises Failure, by expect(),
when the machine did not do what it should, or Skipped. run_all() runs them in
order and prints a line for each that tests/run-tests.py counts.
"""

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import progress  # pylint: disable=wrong-import-position

BUILD = os.environ.get("BUILD", "build")
# What the names of the tools for x86-64 begin with.
CROSS = os.environ.get("CROSS", "")
# Seconds without a word before a machine is given up; of its own time, so that
# a busy host does not matter (tests/progress.py).
LIMIT = 180
# Seconds; only for what is left behind when a test is killed.
BACKSTOP = 3600
# What tools/run takes from the environment: only a test sets these.
SETTINGS = ("MACHINE", "SMP", "MEM", "VCPUS", "DOMAIN_MEM", "CPU", "ACCEL",
            "APPEND", "DOM0", "GUEST", "BUNDLE", "RAMDISK", "ADD", "BOOTARGS",
            "DISK", "ICOUNT", "SHIFT", "GDB", "QEMU", "QEMU_EXTRA", "V")

# The exit status of tools/run.
OK = 0
DOMAIN_FAILED = 2
PANIC = 3
REFUSED = 4
STOPPED = 5
TIMED_OUT = 6
OTHER = 7
QUIT = 130

tests = []


class Failure(Exception):
    pass


class Skipped(Exception):
    """The text says why."""


class Result:
    """How a boot ended: its status, its console and what tools/run said."""

    def __init__(self, status, output, said):
        self.status = status
        self.output = output
        self.said = said

    def shown(self):
        return (f"status {self.status}\n--- the console ---\n{self.output}"
                f"\n--- tools/run ---\n{self.said}")


def environment(**settings):
    variables = {name: value for name, value in os.environ.items()
                 if name not in SETTINGS}
    # A make that a test starts takes nothing over from the one around it.
    variables["MAKEFLAGS"] = ""
    variables.pop("MAKELEVEL", None)
    variables.setdefault("TIMEOUT", str(BACKSTOP))
    # One domain that has all to itself, but where a test wants domain 0.
    variables["DOM0"] = "0"
    variables.update({name: str(value) for name, value in settings.items()})
    return variables


def complete(command, data=None, limit=LIMIT, **options):
    """Runs a command to its end, or gives it up, as with TIMEOUT."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE if data is not None else
        options.pop("stdin", subprocess.DEVNULL), **options)
    stuck = ""
    try:
        output, said = progress.communicate(process, data, limit)
    except progress.Stuck as reason:
        stuck = f"{command[0]} was given up: {reason}\n"
        process.terminate()
        output, said = process.communicate()
    status = TIMED_OUT if stuck else process.returncode
    return Result(status, decoded(output), decoded(said) + stuck)


def decoded(output):
    return (output or b"").decode(errors="replace").replace("\r", "")


def boot(text="", native=False, command=None, **settings):
    """Boots with text as the input; settings are those of tools/run."""
    command = command or ["tools/run"] + (["--native"] if native else [])
    data = text.encode() if isinstance(text, str) else text
    return complete(command, data, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, env=environment(**settings))


def monitor(text="", **settings):
    """Boots the guest kernel's own prompt, without user land."""
    return boot(text, BOOTARGS="monitor", **settings)


PLATFORMS = {"pv": {}, "native": {"native": True}}


def shell(lines, **settings):
    """Boots to the shell, and types these lines and `poweroff`."""
    result = boot("".join(f"{line}\n" for line in [*lines, "poweroff"]),
                  **settings)
    expect_status(result, OK)
    return result


@contextlib.contextmanager
def directory_with(*files):
    """A directory for ADD: copies of these files, as what is in /root."""
    with tempfile.TemporaryDirectory(prefix="parapet-") as directory:
        home = os.path.join(directory, "root")
        os.mkdir(home)
        for file in files:
            shutil.copy(file, home)
        yield directory


def make(target, *settings):
    """The command for a target, with the compiler that all was built with."""
    same = [f"{name}={os.environ[name]}" for name in ("CC", "DEBUG")
            if name in os.environ]
    return ["make", target, *same, *settings]


def is_raw(terminal):
    """Whether single keys are read from it."""
    return not termios.tcgetattr(terminal)[3] & termios.ICANON


def on_terminal(command, typed, **settings):
    """A session on a terminal: what came of it, and was the terminal put back.

    typed is a list of keys, each with the text that the screen shows then;
    the next keys wait for it.
    """
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, env=environment(**settings))
    screen = b""

    def read_screen():
        nonlocal screen
        while select.select([ours], [], [], 0)[0]:
            screen += os.read(ours, 4096)
        return screen

    # QEMU reads single keys from here on; before, the line is the terminal's.
    stuck = ""
    try:
        progress.wait_until(lambda: is_raw(theirs), process.pid, LIMIT)
        for keys, text in typed:
            os.write(ours, keys)
            progress.wait_until(lambda: text in read_screen(), process.pid,
                                LIMIT)
        progress.wait_until(lambda: read_screen() and
                            process.poll() is not None, process.pid, LIMIT)
    except progress.Stuck as reason:
        stuck = str(reason)
        process.terminate()  # not kill: tools/run has to end QEMU
    status = process.wait()
    read_screen()
    restored = termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    return Result(status, screen.decode(errors="replace"), stuck), restored


def is_there(pid):
    state = progress.stat(f"/proc/{pid}/stat")
    return state is not None and state[0] != "Z"


def on_screen(terminal, typed):
    """Types keys, and waits for the text that each leads to."""
    for keys, text in typed:
        os.write(terminal, keys)
        screen = b""
        while text not in screen:
            screen += os.read(terminal, 4096)


def left_behind(command, typed, **settings):
    """Closes the terminal of a session. The names of its processes, and of
    those that are there afterwards."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment(TERM="dumb", **settings))
    on_screen(terminal, typed)
    names = {pid: progress.name(pid) for pid in progress.family(pid)}
    os.close(terminal)
    left = []
    try:
        progress.wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, pid,
                            20)
        progress.wait_until(lambda: not any(map(is_there, names)), pid, 20)
    except progress.Stuck:
        left = list(filter(is_there, names))
        for survivor in left:
            os.kill(survivor, signal.SIGKILL)
    return names.values(), [names[survivor] for survivor in left]


def expect(condition, what, result=None):
    if not condition:
        raise Failure(what + ("\n" + result.shown() if result else ""))


def expect_status(result, status):
    expect(result.status == status,
           f"expected status {status}, got {result.status}", result)


def expect_text(result, *texts):
    for text in texts:
        expect(text in result.output + result.said,
               f"expected the text {text!r}", result)


def make_example(output):
    """Builds the guest of tests/system/example-guest."""
    subprocess.run(["make", "-s", "-C", "tests/system/example-guest",
                    f"PARAPET={os.getcwd()}", f"OUTPUT={output}"], check=True)


def make_bundle(output, **kernels):
    """A bundle of several domains, by name; each at its monitor's prompt."""
    command = ["tools/bundle", "--output", output]
    for name, kernel in kernels.items():
        command += ["--domain", name, "--kernel", kernel,
                    "--bootargs", "monitor"]
    subprocess.run(command, check=True)


def test(name):
    def register(function):
        tests.append((name, function))
        return function
    return register


def run_all():
    failed = False
    for name, function in tests:
        try:
            function()
            print(f"PASS: system {name}", flush=True)
        except Skipped as skipped:
            print(f"SKIP: system {name}: {skipped}", flush=True)
        except Failure as failure:
            failed = True
            first, _, rest = str(failure).partition("\n")
            print(f"FAIL: system {name}: {first}\n{rest}", flush=True)
        except Exception:
            failed = True
            print(f"FAIL: system {name}: the test itself broke", flush=True)
            traceback.print_exc(file=sys.stdout)
    sys.exit(1 if failed else 0)
