"""The release that is rebuilt: the example's, reproducibly built, with its capsule."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rebuilds import engines

TAG = "roman-12.0.0"


class Failed(Exception):
    """A step did not succeed; says which."""


@dataclass
class Release:
    """What a rebuild is given."""

    remote: Path  # the repository, bare
    capsule: Path
    image: Path  # what was delivered, an OCI layout


def run(words, *, env=None, cwd=None, out=None):
    """Runs it, or says that it failed."""
    told = [str(word) for word in words]
    if subprocess.run(told, env=env, cwd=cwd, stdout=out, check=False).returncode != 0:
        raise Failed(f"failed: {' '.join(told)}")


def made(root, options):
    """The release with all that a rebuild is given, made where it is missing."""
    given = options.dir / "given"
    release = Release(given / "remote.git", given / "capsule", given / "image")
    if (given / ".made").exists():
        return release
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir()
    if options.demo:
        collect(root, options.demo, given)
    else:
        place = options.dir / "release"
        place.mkdir(exist_ok=True)
        with engines.own(options, place / "engine") as env:
            run([root / "scripts/demo", "--engine", options.engine, "--reproducible", "--dir", place / "demo"], env=env)
            collect(root, place / "demo", given, env)
    # Whoever rebuilds may be somebody else.
    run(["chmod", "-R", "a+rX", given])
    (given / ".made").touch()
    return release


def collect(root, demo, given, env=None):
    """Makes the capsule of the demonstration in `demo`, and copies it and what was delivered to `given`."""
    repository, port = demo / "repository", (demo / "port").read_text().strip()
    pid = demo / "serve.pid"
    # What steps fetch: the site of the example.
    run([root / "examples/site/serve", demo / "site", "--port", port, "--background", "--pid-file", pid,
         "--log", demo / "serve.log"])
    try:
        with (given / "capsule.json").open("wb") as out:
            run([root / "scripts/release-tag", "capsule", "--root", repository], env=env, out=out)
    finally:
        subprocess.run(["kill", pid.read_text().strip()], check=False)
    told = json.loads((given / "capsule.json").read_text())["reports"][-1]["outcome"]["capsule"]
    print(f"the capsule's own build, beside the tested image: {told['recorded']['sameness']}")
    shutil.copytree(repository / ".image/capsule" / TAG, given / "capsule")
    shutil.copytree(repository / ".image/delivery" / TAG, given / "image")
    shutil.copytree(demo / "remote.git", given / "remote.git")
