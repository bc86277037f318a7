"""image-build with nothing to do against the same chain through real engines that have all of it."""

import contextlib
import os
import re
import subprocess

from benchmarks import daemon
from benchmarks.timing import side_by_side

MISSIONS = ["one", "two", "three"]
ENGINES = {"docker": 5, "buildah": 20}  # how many times faster doing nothing is to be
FILES = {
    "common/Dockerfile":
        'ARG BASE_IMAGE=bench-base\nFROM $BASE_IMAGE\nARG USE_FROZEN=1\nENV USE_FROZEN="$USE_FROZEN"\nCOPY VERSION /opt/\n',
    "common/Dockerfile.cache": "ARG BASE_CONTAINER\nFROM $BASE_CONTAINER\nCOPY VERSION /opt/\n",
    "common/VERSION": "1.0.0\n",
}
MISSION = {
    "Dockerfile": "ARG BASE_IMAGE=notebook-common\nFROM $BASE_IMAGE\nCOPY env-frozen/ /opt/env-frozen/\n"
                  "COPY environments/ /opt/environments/\n",
    "environments/kernel/kernel.yml": "dependencies:\n  - python\n",
    "environments/kernel/kernel.pip": "numpy\n",
    "env-frozen/base/requirements.yml": "dependencies:\n  - python=3.11.9\n",
    "env-frozen/kernel/requirements.yml": "dependencies:\n  - python=3.11.9\n",
    "env-frozen/kernel/requirements.txt": "numpy==1.26.0\n",
}


def measure(bench):
    """image-build of three missions, nothing to do, against real engines that have every step cached."""
    bench.sheet.title("image-build, three missions, real engines that have all of it")
    for engine, times in ENGINES.items():
        scratch = bench.scratch / engine
        scratch.mkdir()
        before = dict(os.environ)
        try:
            with prepared(engine, scratch):
                compare(bench, engine, scratch, times)
        except daemon.Unavailable as reason:
            bench.sheet.left_out(engine, str(reason))
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def prepared(engine, scratch):
    """An engine that has nothing but what is made here."""
    if engine == "docker":
        with daemon.own(scratch / "daemon"):
            yield
        return
    store = scratch / "store"
    store.mkdir()
    driver = "overlay" if os.geteuid() == 0 else "vfs"
    (scratch / "storage.conf").write_text(
        f'[storage]\ndriver = "{driver}"\ngraphroot = "{store}/graph"\nrunroot = "{store}/run"\n')
    os.environ["CONTAINERS_STORAGE_CONF"] = str(scratch / "storage.conf")
    try:
        yield
    finally:
        # What it mounted has to go before the directory can.
        subprocess.run(["umount", store / "graph/overlay"], check=False, capture_output=True)


def compare(bench, engine, scratch, times):
    """Builds the chain, then compares doing nothing with the engine's own calls."""
    tool, tree = bench.tools / "image-build", scratch / "tree"
    program = program_of(tool, engine)
    plant(tree)
    base_image(program, engine, scratch)
    flags = ["--use-frozen=frozen", "--base-image=bench-base", f"--engine={engine}", "--ca-bundle=none"]
    run([bench.tools / "image-configure", "one", *flags], tree)
    build = [tool, *MISSIONS, "--quiet"]
    run(build, tree)
    calls = chain(program, engine)
    script = scratch / "chain"
    script.write_text("#!/bin/sh\nset -e\n" + "".join(" ".join(call) + "\n" for call in calls))
    script.chmod(0o755)
    run([script], tree)
    sides = [([build], tree), ([[script]], tree), ([[*build, "--force"]], tree)]
    nothing, alone, forced = side_by_side(sides, max(bench.rounds // 8, 3))
    bench.sheet.figure(f"{engine}: `image-build one two three`, nothing to do", nothing)
    bench.sheet.figure(f"{engine}: `--force`, every step through the engine, cached", forced,
                       note=f"{forced / nothing:.1f} times slower")
    bench.sheet.figure(f"{engine}: the {len(calls)} builds by itself, cached", alone)
    bench.sheet.figure(f"{engine}: times faster than the builds by itself", alone / nothing, unit="", at_least=times)


def program_of(tool, engine):
    """The engine's program as the tool takes it; it has to work."""
    info = subprocess.run([tool, "--engine-info"], check=False, capture_output=True, text=True)
    found = re.search(rf"^{engine} .*\((/.*)\): works", info.stdout, re.M)
    if found is None:
        raise daemon.Unavailable("it does not work here: `image-build --engine-info`")
    return found[1]


def plant(tree):
    files = dict(FILES)
    for mission in MISSIONS:
        files |= {f"{mission}/{path}": text for path, text in MISSION.items()}
    for path, text in files.items():
        file = tree / "deployments" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def base_image(program, engine, scratch):
    """An image with one small file, called bench-base."""
    content = scratch / "hello"
    content.write_text("hello\n")
    if engine == "docker":
        packed = subprocess.run(["tar", "-C", scratch, "-cf", "-", "hello"], check=True, capture_output=True).stdout
        subprocess.run([program, "import", "-", "bench-base"], check=True, capture_output=True, input=packed)
        return
    made = subprocess.run([program, "from", "scratch"], check=True, capture_output=True, text=True).stdout.strip()
    run([program, "copy", made, content, "/"], scratch)
    run([program, "commit", "--quiet", made, "bench-base"], scratch)
    run([program, "rm", made], scratch)


def chain(program, engine):
    """The engine's own calls that make the same chain, under names of their own."""
    begin = [program, "build", "-q"] if engine == "docker" else [program, "bud", "-q", "--layers"]
    if engine == "docker":
        begin.insert(0, "DOCKER_BUILDKIT=1")

    def build(tag, directory, base, dockerfile="Dockerfile"):
        return [*begin, "-t", tag, "-f", f"deployments/{dockerfile}", "--build-arg", base, f"deployments/{directory}"]

    calls = [build("bench-common", "common", "BASE_IMAGE=bench-base", "common/Dockerfile")]
    for mission in MISSIONS:
        calls.append(build(f"bench-{mission}-dirty", mission, "BASE_IMAGE=bench-common", f"{mission}/Dockerfile"))
        calls.append(build(f"bench-{mission}", "common", f"BASE_CONTAINER=bench-{mission}-dirty", "common/Dockerfile.cache"))
    return calls


def run(command, cwd):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
