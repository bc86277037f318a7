"""The table of differences that are meant, each with its reason (deviations.json)."""

import fnmatch
import json
import re
from pathlib import Path

TABLE = Path(__file__).parent / "deviations.json"
FIELDS = ("facet", "key", "theirs", "ours")


class Deviation:
    """A pattern for differences: what is not named may be anything."""

    def __init__(self, entry):
        self.id, self.why = entry["id"], entry["why"]
        cases = entry.get("case", "*")
        self.cases = cases if isinstance(cases, list) else [cases]
        self.patterns = [(name, re.compile(entry[name], re.DOTALL)) for name in FIELDS if name in entry]
        self.used = 0

    def covers(self, case, difference):
        if not any(fnmatch.fnmatchcase(case.name, pattern) for pattern in self.cases):
            return False
        return all(pattern.fullmatch(getattr(difference, name)) for name, pattern in self.patterns)


class Deviations:
    """All of them."""

    def __init__(self, path=TABLE):
        self.table = [Deviation(entry) for entry in json.loads(path.read_text())]

    def reason(self, case, difference):
        """The first that covers it, or None."""
        for deviation in self.table:
            if deviation.covers(case, difference):
                deviation.used += 1
                return deviation
        return None

    def unused(self):
        return [deviation for deviation in self.table if not deviation.used]
