"""Two sets of circumstances that have as little in common as this machine allows, and a rebuild in each."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rebuilds import clock, engines
from rebuilds.release import TAG, Failed, run

SOMEBODY = 100_000  # a user id, and the first of those that a name space maps
DAYS = 400
SEEN = re.compile(r"SAW (\d{4}-\d\d-\d\d) processors=(\d+) umask=(\d+) user=(\d+)")
PROBE = "RUN echo SAW $(date -u +%F) processors=$(nproc) umask=$(umask) user=$(awk '{print $2}' /proc/self/uid_map)\n"


@dataclass
class Circumstances:
    """In what a rebuild happens."""

    place: Path
    umask: int = 0o022
    user: int = 0  # 0: whoever calls
    processors: str = ""  # empty: all
    days: int = 0  # that its clock is ahead
    kept: list = field(default_factory=list)  # what could not be varied, and why


@dataclass
class Result:
    """What came out."""

    circumstances: Circumstances
    seen: str  # what a step of a build saw
    document: dict


def two(directory, engine):
    """As the machine is, and otherwise."""
    plain = Circumstances(directory / "first")
    other = Circumstances(directory / "the second", umask=0o077, user=SOMEBODY, days=DAYS)
    processors = sorted(os.sched_getaffinity(0))
    other.processors = str(processors[-1]) if len(processors) > 1 and shutil.which("taskset") else ""
    if not other.processors:
        other.kept.append("processors: there is one, or no `taskset`")
    if os.geteuid() != 0:
        other.user = 0
        other.kept.append("user: only root can be somebody else here")
    elif closed := next((p for p in [*directory.parents] if not p.stat().st_mode & stat.S_IXOTH), None):
        other.user = 0
        other.kept.append(f"user: {closed} is closed to others")
    if clock.library() is None:
        other.days = 0
        other.kept.append("clock: no libfaketime (Debian: faketime); the second rebuild is only later")
    elif why := clock.missing_for_steps(engine):
        other.kept.append(f"clock of the steps: {why}; that of the tools is varied")
    return [plain, other]


def rebuild(root, release, circumstances, options):
    """Rebuilds `release` with nothing but what is given, and compares with what was tested."""
    place = circumstances.place
    place.mkdir()
    owned(place, circumstances)
    print(f"\n==> in {place}", flush=True)
    prefix = ["taskset", "-c", circumstances.processors] if circumstances.processors else []
    path = clock.shims(place / "shims", circumstances, options.engine)
    is_docker = options.engine == "docker"
    with engines.own(options, place / "engine", owner=circumstances.user, prefix=prefix, path=path) as env:
        for name in ("home", "tmp", "run"):
            (place / name).mkdir()
            owned(place / name, circumstances)
        env |= {"HOME": str(place / "home"), "TMPDIR": str(place / "tmp"), "XDG_RUNTIME_DIR": str(place / "run")}
        here = dict(env=env, cwd=place)
        inside = [*prefix, *as_user(circumstances, is_docker), *clock.ahead(circumstances)]
        os.umask(circumstances.umask)
        try:
            run(["git", "clone", "-q", "--branch", TAG, release.remote, place / "clone"])
            owned(place / "clone", circumstances, deep=True)
            run([*inside, root / "scripts/image-configure", "roman", f"--engine={options.engine}", "--network=host",
                 "--root", place / "clone"], out=subprocess.DEVNULL, **here)
            told = place / "verify.json"
            with told.open("wb") as out:
                words = ["verify", TAG, "--rebuild", "--capsule", release.capsule, "--image", f"oci:{release.image}",
                         "--root", place / "clone", "--json"]
                subprocess.run([*inside, root / "scripts/release-tag", *words], stdout=out, check=False, **here)
            document = json.loads(told.read_text() or "null")
            if document is None:
                raise Failed(f"release-tag verify printed nothing in {place}")
            outcome = document["reports"][-1]["outcome"]["verify"]
            return Result(circumstances, seen(inside, outcome, options.engine, here), outcome)
        finally:
            os.umask(0o022)


def seen(inside, outcome, engine, here):
    """What a step sees that is built upon the image that came out."""
    if not outcome.get("images_rebuilt"):
        return "nothing was built"
    directory = here["cwd"] / "probe"
    directory.mkdir()
    place = "" if engine == "docker" else "localhost/"  # else they would look for it elsewhere
    # The name under which `verify` leaves what it built.
    image = f"{place}{outcome['images_rebuilt'][-1]['name']}-rebuilt"
    (directory / "Dockerfile").write_text(f"FROM {image}\nUSER root\n{PROBE}")
    directory.chmod(0o755)
    (directory / "Dockerfile").chmod(0o644)
    words = {"docker": ["docker", "build", "--progress=plain"], "podman": ["podman", "build", "--isolation", "chroot"],
             "buildah": ["buildah", "bud", "--isolation", "chroot"]}[engine]
    env = here["env"] | {"DOCKER_BUILDKIT": "1"}
    ended = subprocess.run([*inside, *words, "--no-cache", "--network=host", "."], env=env, cwd=directory, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = SEEN.search(ended.stdout)
    if not found:
        print(ended.stdout, file=sys.stderr)
    return found[0].removeprefix("SAW ") if found else "could not be seen"


def as_user(circumstances, is_docker):
    """The words that make somebody else of us: docker's daemon stays root's, the others are that user's own."""
    if not circumstances.user:
        return []
    user = circumstances.user
    if is_docker:
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    # As these engines say to themselves when they begin for somebody who is not root.
    rootless = ["_CONTAINERS_USERNS_CONFIGURED=done", f"_CONTAINERS_ROOTLESS_UID={user}", f"_CONTAINERS_ROOTLESS_GID={user}"]
    return ["env", *rootless, sys.executable, "-B", Path(__file__).parent / "name_space.py", str(user)]


def owned(path, circumstances, deep=False):
    """Gives `path` to who works there."""
    if circumstances.user:
        run(["chown", *(["-R"] if deep else []), f"{circumstances.user}:{circumstances.user}", path])
