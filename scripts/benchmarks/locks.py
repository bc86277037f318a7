"""image-freeze on the locks of real releases."""

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.timing import ROOT, cpu

# Plays uv, and answers at once: what is left is what we add to it.
UV = """#!/bin/sh
if [ "$1" = --version ]; then echo "uv 0.0"; exit; fi
cat {lock}
"""


def release_data():
    """Where the real release data is, if this machine has it."""
    named = os.environ.get("IMAGE_TOOLS_DATA")
    for top in [Path(named)] if named else [ROOT.parent / "shared/data"]:
        if (top / "2024-08/deployments").is_dir():
            return top / "2024-08/deployments"
    return None


def measure(bench):
    """image-freeze on real locks: chill's processor time, rot with a warm cache, what solve adds to uv."""
    print(f"\n{'image-freeze':<44} {'ms':>8}")
    data, root, tool = release_data(), bench.scratch / "locks", bench.tools / "image-freeze"
    if data is None:
        print("  (no release data: set IMAGE_TOOLS_DATA)")
        return
    for mission in ("roman", "tike", "jwebbinar"):  # all in one mission: 919 pins
        for part in ("environments", "env-frozen"):
            shutil.copytree(data / mission / part, root / "deployments/roman" / part, dirs_exist_ok=True)
            subprocess.run(["chmod", "-R", "u+w", root], check=True)
    shutil.copytree(data / "common/common-env", root / "deployments/common/common-env")
    subprocess.run([bench.tools / "image-configure", "roman"], cwd=root, check=True, capture_output=True)
    chill, bare = [tool, "chill", "--quiet"], [tool, "--version"]
    cpu(chill, root)
    used = statistics.median(cpu(chill, root) for _ in range(bench.rounds))
    start = statistics.median(cpu(bare, root) for _ in range(bench.rounds))
    print(f"{'  chill, 919 pins, processor time':<44} {used:8.2f}   of it start-up {start:.2f}")
    try:
        cpu([tool, "rot", "--quiet"], root)
    except subprocess.CalledProcessError as error:
        print(f"  rot: no package index can be asked: {error.stderr.decode().splitlines()[-1]}")
    else:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            cpu([tool, "rot", "--quiet"], root)
            times.append((time.perf_counter() - begun) * 1000)
        print(f"{'  rot, 919 pins, warm cache, wall':<44} {statistics.median(times):8.2f}")
    program = bench.scratch / "uv-bin/uv"
    program.parent.mkdir()
    program.write_text(UV.format(lock=root / "deployments/roman/env-frozen/roman-cal/requirements.txt"))
    program.chmod(0o755)
    env = {**os.environ, "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]])}
    solve = [tool, "solve", "--quiet", "--environment", "roman-cal", "--output", str(bench.scratch / "solved")]
    ours, theirs = [], []
    for _ in range(bench.rounds):
        for kept, command in ((theirs, [program, "pip", "compile"]), (ours, solve)):
            begun = time.perf_counter()
            subprocess.run(command, cwd=root, env=env, check=True, capture_output=True)
            kept.append((time.perf_counter() - begun) * 1000)
    added = statistics.median(ours) - statistics.median(theirs)
    print(f"{'  solve, above a uv that answers at once':<44} {added:8.2f}")
