"""What the stand-ins note and know: one sandbox's calls, images and containers."""

import fcntl
import json
import os


class Journal:
    """One sandbox's notes. Stand-ins of one pipeline run side by side, so it is locked while open."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self._lock = open(os.path.join(sandbox, "lock"), "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.case = self._read("case.json", {})
        self.state = self._read("state.json", {"images": {}, "containers": {}, "made": 0})

    def _read(self, name, default):
        try:
            with open(os.path.join(self.sandbox, name)) as file:
                return json.load(file)
        except FileNotFoundError:
            return default

    def path(self, name):
        return os.path.join(self.sandbox, name)

    def save(self):
        if self._lock.closed:
            return
        with open(self.path("state.json"), "w") as file:
            json.dump(self.state, file)

    def note(self, program, argv, **more):
        call = {"program": program, "argv": argv, "cwd": os.getcwd(), **more}
        with open(self.path("calls"), "a") as file:
            file.write(json.dumps(call) + "\n")

    def failure(self, title):
        """The status that the case wants the call called `title` to end with, or None."""
        return self.case.get("fail", {}).get(title)

    def release(self):
        """For what comes next to wait for others, who wait for us; nothing is saved after it."""
        self.save()
        self._lock.close()
