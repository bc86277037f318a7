"""Runs of many cases side by side, in a place of their own that is removed in the end."""

import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import matrix
from recording import Recording
from sandbox import Sandbox, Shelf

# The project's own commands.
SCRIPTS = Path(__file__).resolve().parent.parent
# A recording that is stopped loses at most so many cases.
SAVED_AFTER = 20


@contextmanager
def workplace():
    memory = Path("/dev/shm")
    usual = None if os.environ.get("TMPDIR") or not os.access(memory, os.W_OK) else memory
    place = Path(tempfile.mkdtemp(prefix="parity-", dir=usual)).resolve()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def tools_of(args):
    """The directory with our commands: as given, or `scripts` with the tools of `args.binaries` in it."""
    if not args.binaries:
        yield args.tools
        return
    with tempfile.TemporaryDirectory(prefix="parity-tools-") as place:
        for source in (args.tools, args.binaries):
            for path in source.resolve().iterdir():
                # What is a link there leads to a tool; those come from the other place.
                if path.is_file() and not path.is_symlink() and os.access(path, os.X_OK):
                    (Path(place) / path.name).symlink_to(path)
        yield Path(place)


def selected(text, generation=None):
    return [case for case in matrix.cases() if text in case.name and generation in (None, case.generation)]


def run_all(cases, jobs, run):
    """`run(case, place, shelf)` for each, in order of the cases."""
    with workplace() as place, ThreadPoolExecutor(jobs) as pool:
        shelf = Shelf(place / "shelf")

        def one(numbered):
            number, case = numbered
            own = place / str(number)
            try:
                return run(case, own, shelf)
            finally:
                shutil.rmtree(own, ignore_errors=True)

        yield from pool.map(one, enumerate(cases))


def run_original(scripts):
    def run(case, place, shelf):
        sandbox = Sandbox(place, case, shelf)
        sandbox.put_originals(scripts)
        return sandbox.measure([sandbox.program(case.command), *case.args]).shown()

    return run


def run_ours(tools, names):
    def run(case, place, shelf):
        sandbox = Sandbox(place, case, shelf, tools.resolve(), case.directory)
        sandbox.put_tripwires(names)
        words = [*case.args, *(case.ours or [])]
        facts = sandbox.measure([sandbox.program(case.command), *words]).shown()
        return {**facts, "stderr": sandbox.stderr}

    return run


def record(args):
    scripts = args.original / "scripts"
    if not scripts.is_dir():
        sys.exit(f"{scripts} is not there: --original takes a clone of the original")
    recording = Recording.load(args.generation) if args.filter or args.resume else Recording(args.generation)
    cases = [case for case in selected(args.filter, args.generation) if not (args.resume and recording.get(case))]
    cases = [case for case in cases if not case.like and (scripts / case.command).exists()]
    for number, (case, facts) in enumerate(zip(cases, run_all(cases, args.jobs, run_original(scripts))), 1):
        recording.add(case, facts)
        if number % SAVED_AFTER == 0:
            recording.save()
    recording.save()
    print(f"{len(cases)} cases recorded in {recording.place}")
    return 0


def show(args):
    for case in (case for case in matrix.cases() if case.name == args.case):
        print(json.dumps({"recorded": Recording.load(case.generation).get(case)}, indent=1))
        if args.tools or args.binaries:
            args.tools = args.tools or SCRIPTS
            names = Recording.load(case.generation).commands()
            with tools_of(args) as tools:
                for facts in run_all([case], 1, run_ours(tools, names)):
                    print(json.dumps({"ours": facts}, indent=1))
    return 0
