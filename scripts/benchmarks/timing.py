"""How anything is measured, and what a part is given for it."""

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Sheet

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Bench:
    """What a part works with."""

    tools: Path  # the directory of the tools
    rounds: int  # how often what is compared runs in turn
    scratch: Path  # a directory of this part's own
    sheet: Sheet  # where its figures go
    original: Path | None = None  # a clone of the scripts that are replaced
    archive: Path | None = None  # a root file system to read


def once(command, cwd) -> float:
    """Milliseconds of one run, which must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def side_by_side(commands, rounds):
    """The medians of `commands`, run in turn, so that what disturbs one disturbs the others. Each is a list of calls
    taken in rotation, with the directory to run in."""
    times = [[] for _ in commands]
    for number in range(rounds + 2):
        for kept, (calls, cwd) in zip(times, commands):
            taken = once(calls[number % len(calls)], cwd)
            if number >= 2:  # the first ones warm the caches
                kept.append(taken)
    return [statistics.median(kept) for kept in times]


def cpu(command, cwd, env=None) -> float:
    """Milliseconds of processor time of one run; status 1 is an answer too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def most_memory(command, cwd) -> float:
    """The most memory that `command` and its children ever held, in MiB; each call in a process of its own."""
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=-3, stderr=-3); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)")
    return float(subprocess.run([sys.executable, "-c", code, *command], cwd=cwd, check=True, capture_output=True).stdout)
