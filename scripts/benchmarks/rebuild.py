"""The example's roman kernel, rebuilt from its lock in a real engine, against uv on the host."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from benchmarks import daemon, uv_program
from benchmarks.timing import ROOT, once

KERNEL = "deployments/roman/environments/roman-cal/roman-cal.pip"
LOCK = "deployments/roman/env-frozen/roman-cal/requirements.txt"
# What a release has around it, on loopback; fetched and compiled things are kept for the next time.
SITE = 'root=$1 dir=$2; . "$root/scripts/example"; "$root/examples/site/make-channel" "$site" --cache "$3" && ' \
       '"$root/examples/site/make-delivery" "$site" --url "http://127.0.0.1:$port" && touch "$site/.made" && make_repository'

SPACE = 40 * 2**30  # bytes that the file system has room for; only what is written takes room


def measure(bench):
    """The frozen roman kernel of the example, rebuilt with warm caches by docker, against uv pip sync on the host."""
    sheet = bench.sheet
    sheet.title("frozen rebuild of the example's roman kernel (docker)")
    uv, why = uv_program.find()
    if uv is None or shutil.which("mmdebstrap") is None:
        sheet.left_out("rebuild", why or "no `mmdebstrap` on PATH, which the example's base image is made with")
        return
    before = dict(os.environ)
    try:
        with own_file_system(bench.scratch) as place, daemon.own(place / "daemon"):
            compare(bench, place, uv)
    except daemon.Unavailable as reason:
        sheet.left_out("rebuild", str(reason))
    except subprocess.CalledProcessError as error:
        said = ((error.stderr or b"").decode(errors="replace").strip() or "no reason is told").splitlines()
        sheet.left_out("rebuild", f"`{error.cmd[0]}` failed: {said[-1]}")
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def own_file_system(scratch):
    """An ext4 as most machines have it, in a file, for the engine's store and for what is installed on the host.

    What stood on this disk before does not matter there. It did: an ext4 without a journal gives out no inode that was
    freed in the last minutes, and to search past 50,000 of them took longer than all else.
    """
    file, place = scratch / "ext4", scratch / "disk"
    place.mkdir()
    with file.open("wb") as empty:
        empty.truncate(SPACE)
    with contextlib.ExitStack() as at_the_end:
        try:
            run(["mkfs.ext4", "-q", "-F", file])
            device = attached(file)
            at_the_end.callback(subprocess.run, ["losetup", "--detach", device], check=False)
            run(["mount", device, place])
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or str(error).encode()).decode(errors="replace").strip()
            raise daemon.Unavailable(f"no file system can be mounted: {said}") from error
        at_the_end.callback(subprocess.run, ["umount", "--lazy", place], check=False)
        yield place


def attached(file):
    """The device that a file was made; where it can be, not through the page cache a second time."""
    loop = ["losetup", "--find", "--show"]
    try:
        done = run([*loop, "--direct-io=on", file])
    except subprocess.CalledProcessError:
        done = run([*loop, file])
    return done.stdout.decode().strip()


def compare(bench, disk, uv):
    """Builds floating once, for a lock; then frozen, again and again; in turn with uv."""
    place = bench.scratch / "example"
    place.mkdir()
    # A port of the system's choice: the usual one may be in use.
    os.environ["DEMO_PORT"] = "0"
    run(["bash", "-euc", SITE, "bash", ROOT, place, ROOT / "target/bench/cache"])
    port, pid = (place / "port").read_text().strip(), place / "serve.pid"
    files = ["--pid-file", pid, "--log", place / "log"]
    run([ROOT / "examples/site/serve", place / "site", "--port", port, "--background", *files])
    try:
        tree = place / "repository"
        flags = ["--engine=docker", "--base-image=bootstrap", "--network=host", f"--root={tree}"]
        build = [bench.tools / "image-build", "--quiet", f"--root={tree}"]
        configure = [bench.tools / "image-configure", "roman", *flags]
        run([*configure, "--use-frozen=floating", "--freeze-chill=1"])
        run(build)
        run([*configure, "--use-frozen=frozen"])
        run(build)
        figures(bench, disk, tree, build, uv)
    finally:
        run(["kill", pid.read_text().strip()])


def figures(bench, disk, tree, build, uv):
    """What a rebuild takes, and what uv does; each begins when what was written before is on the disk."""
    whole, half, alone, copied, linked = [], [], [], [], []
    python = re.search(r"^ *- python=([0-9.]+)", (tree / LOCK).with_suffix(".yml").read_text(), re.M)[1]
    sync = [uv, "pip", "sync", "--python-version", python, tree / LOCK, "--target"]
    rounds = range(max(bench.rounds // 8, 1) + 1)
    for number in rounds:
        # Of the pip half's inputs, so that it is installed anew.
        with (tree / KERNEL).open("a") as specs:
            specs.write(f"# {number}\n")
        timings = bench.scratch / "timings.json"
        os.sync()
        whole.append(once([*build, "--timings", timings], tree) / 1000)
        steps = json.loads(timings.read_text())["steps"]
        took = [one["seconds"] for step in steps for one in step.get("instructions", []) if "env-sync" in one["name"]]
        half.append(max(took, default=0))
        alone.append(installing(tree))
        copied.append(installed(disk, sync, UV_LINK_MODE="copy"))
        linked.append(installed(disk, sync, UV_LINK_MODE="hardlink"))
    # Apart, so that it does not come between what is compared in turn.
    offline = [installed(disk, sync, UV_LINK_MODE="copy", UV_OFFLINE="1") for _ in rounds]
    every = (whole, half, alone, copied, linked, offline)
    pins = sum(line[0].isalnum() for line in (tree / LOCK).read_text().splitlines() if line)
    tell(bench.sheet, pins, *(statistics.median(times[1:]) for times in every))


def tell(sheet, pins, whole, half, alone, copied, linked, offline):  # pylint: disable=too-many-arguments
    """The table."""
    sheet.figure(f"`uv pip sync` of the {pins} pins on the host, files copied", copied, unit="s")
    sheet.figure("the same, told to ask no index, as the step does", offline, unit="s")
    sheet.figure("files linked from the cache", linked, unit="s")
    sheet.figure("the image's step that installs them", half, unit="s")
    sheet.figure("times uv's", half / copied, unit="", at_most=1.5)
    sheet.figure("times uv's that asks no index", half / offline, unit="")
    sheet.figure("of that step, uv's writing of files alone", alone, unit="s", note=f"{alone / copied:.1f} times uv's")
    sheet.figure("the whole `image-build`, its engine's export of the layer with it", whole, unit="s",
                 note=f"{whole / copied:.1f} times uv's")


def installed(disk, sync, **settings):
    """Seconds of one installation on the host. It stays: each writes to new places then, as the engine does."""
    env = {**os.environ, "UV_CACHE_DIR": str(disk / "uv-cache"), **settings}
    target = tempfile.mkdtemp(prefix="plain-", dir=disk)
    os.sync()
    begun = time.perf_counter()
    subprocess.run([*sync, target], check=True, capture_output=True, env=env)
    return time.perf_counter() - begun


def installing(tree):
    """Seconds that uv says it wrote files for, in the last build's log."""
    log = max(tree.glob(".image/logs/*/*mission*.log"), key=lambda file: file.stat().st_mtime)
    told = re.findall(r"Installed \d+ packages in ([0-9.]+)(m?s)", log.read_text(errors="replace"))
    return max((float(number) / (1000 if unit == "ms" else 1) for number, unit in told), default=0)


def run(command):
    return subprocess.run(command, check=True, capture_output=True)
