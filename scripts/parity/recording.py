"""The recorded facts: a file for each command and generation, a case a line; what repeats is kept once."""

import copy
import hashlib
import json
from pathlib import Path

RECORDED = Path(__file__).parent / "recorded"
# What builds are given, of which few differ.
REPEATING = ("files", "dockerfile")


def short_digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


class Recording:
    """One generation's facts, by the names of cases."""

    def __init__(self, generation):
        self.place = RECORDED / generation
        self.contexts = {}
        self.facts = {}

    def add(self, case, facts):
        facts = json.loads(json.dumps(facts))
        for call in facts.get("calls", []):
            for key in REPEATING:
                if call.get(key) is not None:
                    name = short_digest(call[key])
                    self.contexts[name] = call[key]
                    call[key] = name
        self.facts.setdefault(case.command, {})[case.name] = facts

    def save(self):
        self.place.mkdir(parents=True, exist_ok=True)
        for command, facts in self.facts.items():
            write_lines(self.place / f"{command}.json", facts)
        write_lines(self.place / "contexts.json", {name: self.contexts[name] for name in self._named()})

    def _named(self):
        """The contexts that any call has: what was recorded again may have left some behind."""
        calls = (call for facts in self.facts.values() for one in facts.values() for call in one.get("calls", []))
        named = {call[key] for call in calls for key in REPEATING if isinstance(call.get(key), str)}
        return sorted(named & self.contexts.keys())

    @classmethod
    def load(cls, generation):
        recording = cls(generation)
        for path in recording.place.glob("*.json"):
            content = json.loads(path.read_text())
            if path.stem == "contexts":
                recording.contexts = content
            else:
                recording.facts[path.stem] = content
        return recording

    def get(self, case):
        """The facts of `case`, whole; None if it was never recorded."""
        facts = copy.deepcopy(self.facts.get(case.command, {}).get(case.recorded_name))
        for call in (facts or {}).get("calls", []):
            for key in REPEATING:
                if isinstance(call.get(key), str):
                    call[key] = self.contexts.get(call[key], call[key])
        return facts

    def commands(self):
        return sorted(self.facts)


def write_lines(path, table):
    """JSON with an entry a line, so that changes can be read."""
    lines = [f" {json.dumps(key)}: {json.dumps(table[key], sort_keys=True)}" for key in sorted(table)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
