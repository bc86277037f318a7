"""Another clock: for the tools by libfaketime; for build steps by a runtime that preloads it into their containers.

The engine itself goes by the kernel's clock, which only later rebuilds see otherwise.
"""

import os
import shlex
import shutil
import stat
import sys
from pathlib import Path

LIBRARIES = ["/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1"]
RUNTIME = """#!{python} -B
# runc, with another clock in the container: the library lies in its /dev, so the image has nothing of it.
import json, os, sys
words = sys.argv[1:]
if "create" in words or "run" in words:
    at = [i for i, word in enumerate(words) if word in ("--bundle", "-b")]
    bundle = words[at[0] + 1] if at else next((w[9:] for w in words if w.startswith("--bundle=")), ".")
    path = os.path.join(bundle, "config.json")
    with open(path) as file:
        config = json.load(file)
    config["process"]["env"] += ["LD_PRELOAD=/dev/faketime.so", "FAKETIME=+{days}d", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                                 "NO_FAKE_STAT=1"]
    config["mounts"].append({{"destination": "/dev/faketime.so", "type": "bind", "source": {library!r},
                             "options": ["bind", "ro"]}})
    with open(path, "w") as file:
        json.dump(config, file)
os.execv({runc!r}, [{runc!r}, *words])
"""
# Buildah and podman have a runtime only where steps do not run in a mere chroot.
ENGINE = """#!/bin/sh
for word; do
    shift
    if [ "$isolation" ] && [ "$word" = chroot ]; then
        set -- "$@" oci --runtime {runtime}
    else
        set -- "$@" "$word"
    fi
    isolation=
    [ "$word" != --isolation ] || isolation=1
done
exec {engine} "$@"
"""


def library():
    """Where the library is, if it is there."""
    found = [path for pattern in LIBRARIES for path in Path("/").glob(pattern.removeprefix("/"))]
    return found[0] if found else None


def missing_for_steps(engine):
    """Why steps cannot have another clock; empty if they can."""
    if os.geteuid() != 0:
        return "only root can give containers another one"
    return "" if shutil.which("runc") and shutil.which(engine) else "no `runc` on PATH"


def shims(directory, circumstances, engine):
    """A PATH with programs in front that give build steps another clock; none where that is not wanted."""
    runc, program = shutil.which("runc"), shutil.which(engine)
    if not circumstances.days or missing_for_steps(engine):
        return None
    directory.mkdir()
    # One that somebody else may start, too.
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    runtime = RUNTIME.format(python=python, days=circumstances.days, library=str(library()), runc=runc)
    write(directory / "runc", runtime)
    if engine != "docker":
        words = shlex.quote(str(directory / "runc"))
        write(directory / engine, ENGINE.format(runtime=words, engine=shlex.quote(program)))
    return f"{directory}:{os.environ['PATH']}"


def write(path, text):
    """A program."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)


def ahead(circumstances):
    """The words that run a program with another clock."""
    if not circumstances.days:
        return []
    return ["env", f"LD_PRELOAD={library()}", f"FAKETIME=+{circumstances.days}d", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1"]
