"""Makes a virtual environment of a lock, in place of one of the image's own."""

import os
import shutil
import subprocess
from pathlib import Path

from .environment import NotFound, conda_dir


class Unprepared(Exception):
    """It cannot be made."""


def make(root, environments, name):
    """Put the environment of `root/lock.txt` where `name` was; gives the uv that made it, and what does not fit.

    Raises Unprepared or NotFound.
    """
    environment = environments.get(name)
    uv = find_uv(root)
    venv = root / "venv"
    python = venv / "bin/python"
    variables = {"UV_LINK_MODE": "copy", "UV_NO_PROGRESS": "1", **os.environ}
    bundle = root / "ca.pem"
    if bundle.is_file():
        variables.setdefault("SSL_CERT_FILE", str(bundle))
    ask(variables, uv, "venv", "--python", environment.python, venv)
    # No more than the lock says: no dependency is added, so that what is tested is what was asked for.
    ask(variables, uv, "pip", "sync", "--allow-empty-requirements", "--python", python, root / "lock.txt")
    check = run(variables, uv, "pip", "check", "--python", python)
    complaints = [line.strip() for line in check.stderr.splitlines() if line.startswith("The package")]
    version = ask(variables, uv, "--version").stdout.strip()
    environment.become(venv)
    return f"{uv} ({version})", complaints


def find_uv(root):
    """The image's own, else the one that came with the request."""
    for uv in (shutil.which("uv"), conda_dir() / "bin/uv", root / "uv"):
        if uv and os.access(uv, os.X_OK):
            return Path(uv)
    raise NotFound("no uv")


def run(variables, *command):
    """A call of uv."""
    return subprocess.run(
        command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )


def ask(variables, *command):
    """A call that must succeed."""
    done = run(variables, *command)
    if done.returncode:
        raise Unprepared(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
    return done
