"""Run every test that the request names, and tell each result as one line of JSON on standard output."""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cores, venv
from .case import Case
from .environment import Environments, NotFound


class Teller:
    """Writes events where nothing that is tested can write: on what was our standard output."""

    def __init__(self):
        self.output = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.lock = threading.Lock()

    def tell(self, event, **fields):
        """One line, whole: a record separator in front tells it from all other lines."""
        line = b"\x1e" + json.dumps({"event": event, **fields}).encode() + b"\n"
        with self.lock:
            self.output.write(line)
            self.output.flush()


def prepare(teller, root, environments, name):
    """Make the virtual environment that is asked for, and tell of it."""
    try:
        uv, complaints = venv.make(root, environments, name)
    except (venv.Unprepared, NotFound) as error:
        teller.tell("unprepared", why=str(error))
        return False
    teller.tell("prepared", uv=uv, complaints=complaints)
    return True


def main(root):
    """All that can run side by side, then what must run alone."""
    teller = Teller()
    request = json.loads((root / "request.json").read_text())
    jobs = request["jobs"] or cores.usable()
    teller.tell("begin", jobs=jobs, python=sys.executable)
    environments = Environments(root)
    if request["venv"] and not prepare(teller, root, environments, request["venv"]):
        teller.tell("end")
        return
    cases = [Case(environments, request["limits"], **fields) for fields in request["cases"]]

    def one(case):
        start = time.monotonic()
        reason, output = case.run()
        seconds = time.monotonic() - start
        teller.tell("result", id=case.id, reason=reason, seconds=seconds, output=output)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        # What a worker raises is our own fault and must be seen.
        list(pool.map(one, [case for case in cases if not case.alone]))
    for case in cases:
        if case.alone:
            one(case)
    teller.tell("end")


main(Path(sys.argv[1]))
