"""What a run did: its status, its calls, what it changed, what it printed for machines."""

import os
import re
from dataclasses import asdict, dataclass, field
from typing import Dict, List, Optional

from snapshot import Snapshot, changes, files_below

@dataclass
class Facts:
    """What happened."""

    status: int
    calls: List[dict] = field(default_factory=list)
    files: Dict[str, Optional[str]] = field(default_factory=dict)
    git: Dict[str, object] = field(default_factory=dict)
    stdout: Optional[List[str]] = None
    variables: Optional[Dict[str, str]] = None

    @staticmethod
    def of(sandbox, before, done):
        after = Snapshot.of(sandbox, before)
        git = changes(before.refs, after.refs)
        if before.status != after.status:
            git["status"] = after.status
        facts = Facts(done.returncode, read_calls(sandbox), changes(before.files, after.files), git)
        if sandbox.case.stdout is not None:
            wanted = re.compile(sandbox.case.stdout)
            facts.stdout = [line for line in done.stdout.splitlines() if wanted.fullmatch(line)]
            if sandbox.case.unordered:
                facts.stdout = [" ".join(sorted(line.split())) for line in facts.stdout]
        if sandbox.case.variables:
            facts.variables = sandbox.exported()
        return Facts(**Places(sandbox).named(asdict(facts)))

    def shown(self):
        """Without what there is nothing of."""
        return {key: value for key, value in asdict(self).items() if value not in ({}, [], None)}


def read_calls(sandbox):
    """The calls in the order in which they began."""
    numbered = (path for path in (sandbox.place / "calls").glob("*") if path.name != "next")
    return [read_call(path) for path in sorted(numbered)]


def read_call(path):
    cwd, program, *argv = (path / "words").read_text().split("\0")[:-1]
    call = {"program": program, "argv": argv, "cwd": cwd}
    if (path / "build").exists():
        context, file = (path / "build").read_text().split("\0")[:-1]
        files = {name: digest[:12] for name, digest in files_below(path / "context").items()}
        call.update(context=context, file=os.path.relpath(file, context), files=files)
        files.pop(call["file"], None)
        call["dockerfile"] = (path / "Dockerfile").read_text() if (path / "Dockerfile").exists() else None
    return call


class Places:
    """The machine's paths, moments and numbers, by name: what differs between two runs of the same."""

    def __init__(self, sandbox):
        pairs = {str(sandbox.tree): "{root}", str(sandbox.home): "{home}", str(sandbox.model): "{model}",
                 str(sandbox.place): "{sandbox}"}
        self.paths = sorted(pairs.items(), key=lambda pair: -len(pair[0]))
        self.ids = self._image_ids(sandbox)

    @staticmethod
    def _image_ids(sandbox):
        ids = {}
        path = sandbox.place / "ids"
        for line in path.read_text().splitlines() if path.exists() else []:
            identity, name = line.split()
            for form in ("sha256:" + identity, identity, identity[:12]):
                ids[form] = "{id of " + name + "}"
        return ids

    def named(self, value):
        if isinstance(value, dict):
            return {self.named(key): self.named(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.named(one) for one in value]
        if not isinstance(value, str):
            return value
        for path, name in self.paths:
            value = value.replace(path, name)
        if value in self.ids:
            return self.ids[value]
        value = re.sub(r"\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d", "{moment}", value)
        value = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "{moment}", value)
        value = re.sub(r"(?<!sha256:)\b[0-9a-f]{64}\b", "{container}", value)
        value = re.sub(r"refs/image-tools/fetched/\d+", "refs/image-tools/fetched/{process}", value)
        value = re.sub(r"image-tools=\d+", "image-tools={process}", value)
        value = re.sub(r"image-tools\.host=\S+", "image-tools.host={host}", value)
        value = re.sub(r"image-tools-\d+-\d+-[0-9a-f]+", "{container}", value)
        return value
