"""A program of a test, ended with all that it started."""

import os
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

# How much of what a test printed is kept, in bytes: its end, where the reason stands.
KEPT = 64 * 1024

# Marks what belongs to a test: kernels and daemons leave the process group, but inherit this.
TAG = "IMAGE_TEST_CASE"

# How long what was killed is waited for, in seconds: one that hangs in the system cannot end.
PATIENCE = 5

# How often nothing must be found of a program that was stopped: one that is just becoming another program has
# no environment for a moment, so no mark.
QUIET = 5


class Done:
    """How a program ended."""

    def __init__(self, status, output, limit):
        self.status = status
        self.output = output
        self.limit = limit

    @property
    def passed(self):
        """Whether it ended by itself with status 0."""
        return self.status == 0 and self.limit is None

    @property
    def was_ended(self):
        """Whether the time limit ended it."""
        return self.limit is not None

    @property
    def verb(self):
        """How, in words."""
        if self.limit is not None:
            return f"was stopped after {self.limit:g} s, the time limit,"
        if self.status < 0:
            return f"was ended by signal {-self.status} ({signal_name(-self.status)})"
        return f"ended with status {self.status}"

    @property
    def ending(self):
        """The same as a sentence of its own."""
        return self.verb.rstrip(",")


def signal_name(number):
    """SIGSEGV and the like."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def run(command, directory, environment, limit):
    """Run a command; afterwards nothing of it is left running."""
    tag = uuid.uuid4().hex
    expired = threading.Event()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=directory, env={**environment.variables, TAG: tag},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )

        def expire():
            expired.set()
            end(process, tag)

        timer = threading.Timer(limit, expire)
        timer.start()
        try:
            # Without a limit here: with one Python polls, and short tests would wait for that.
            status = process.wait()
        finally:
            timer.cancel()
            end_tagged(tag)
        return Done(status, kept(output), limit if expired.is_set() else None)


def end(process, tag):
    """End a program, its group, and what left the group."""
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    end_tagged(tag, QUIET)


def end_tagged(tag, quiet=1):
    """End every process that inherited the mark, and wait until they are gone: until so many looks found none."""
    deadline = time.monotonic() + PATIENCE
    looks = 0
    while looks < quiet and time.monotonic() < deadline:
        if kill_tagged(tag):
            looks, quiet = 0, QUIET
        else:
            looks += 1
        if looks < quiet:
            time.sleep(0.01)


def kill_tagged(tag):
    """Kill every process that has the mark now; whether there is one."""
    mark = f"{TAG}={tag}".encode()
    found = False
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # Of one that has ended there is nothing to read, also before its parent asks for it.
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found = True
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            pass
    return found


def kept(output):
    """The end of what was printed."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT))
    text = output.read().decode(errors="replace")
    return text if size <= KEPT else f"[{size - KEPT} bytes not kept]\n{text}"
