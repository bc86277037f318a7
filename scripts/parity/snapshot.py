"""The tree, the home and the repository at one moment."""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

import tree

# Ours to write; git ignores the first, and setup-env is looked at by what it exports.
OURS = re.compile(r"^(\.image/|setup-env\.json$|setup-env$|scripts/|\.git/)")

# What a freeze of ours writes above a list for pip; no other line of it is left out.
HEADER = re.compile(rb"^# (Inputs: sha256:[0-9a-f]{64}|Index cut-off: [0-9TZ:.-]+)\n", re.MULTILINE)


def digest_of(path):
    if os.path.islink(path):
        return "link to " + os.readlink(path)
    with open(path, "rb") as file:
        text = file.read()
    if os.path.basename(path) == "requirements.txt":
        text = HEADER.sub(b"", text, count=2)
    return hashlib.sha256(text).hexdigest()[:16] + ("+x" if os.access(path, os.X_OK) else "")


def files_below(top):
    """Each file's digest."""
    return look_below(top, "", None)[0]


def look_below(top, prefix, known):
    """Each file's digest, and how it looked; one that looks as in `known` is not read again."""
    found, looks = {}, {}
    for directory, below, names in os.walk(top):
        if ".git" in below:
            below.remove(".git")
        if directory == str(top):
            below[:] = [name for name in below if not OURS.match(name + "/")]
        links = [name for name in below if os.path.islink(os.path.join(directory, name))]
        for name in names + links:
            path = os.path.join(directory, name)
            short = prefix + os.path.relpath(path, top)
            if OURS.match(short):
                continue
            facts = os.lstat(path)
            look = looks[short] = (facts.st_size, facts.st_mtime_ns, facts.st_mode)
            same = known is not None and known.looks.get(short) == look
            found[short] = known.files[short] if same else digest_of(path)
    return found, looks


@dataclass
class Snapshot:
    """What is there."""

    files: Dict[str, str]
    looks: Dict[str, Tuple]
    refs: Dict[str, str]
    status: List[str]

    @staticmethod
    def of_model(model):
        """Of a tree as it was made."""
        files, looks = look_below(model / "tree", "", None)
        refs = {**read_refs(model / "tree", ""), **read_refs(model / "platform.git", "platform ")}
        return Snapshot(files, looks, refs, read_status(model / "tree"))

    @staticmethod
    def of(sandbox, known):
        """Of a sandbox whose tree was once as in `known`."""
        files, looks = look_below(sandbox.tree, "", known)
        home_files, home_looks = look_below(sandbox.home, "~/", known)
        refs = read_refs(sandbox.tree, "")
        refs.update(read_refs(sandbox.platform, "platform "))
        return Snapshot({**files, **home_files}, {**looks, **home_looks}, refs, read_status(sandbox.tree))

    def before(self, sandbox):
        """The same for a fresh sandbox: only its home is looked at, where it has one."""
        files, looks = look_below(sandbox.home, "~/", None)
        return Snapshot({**self.files, **files}, {**self.looks, **looks}, self.refs, self.status)


def read_refs(clone, prefix):
    """HEAD and every reference: read from the files, which is quicker than asking."""
    top = clone / ".git" if (clone / ".git").is_dir() else clone
    found = {}
    packed = top / "packed-refs"
    if packed.exists():
        lines = (line.split() for line in packed.read_text().splitlines() if line[:1] not in "#^")
        found.update({prefix + name: value for value, name in lines})
    for directory, _, names in os.walk(top / "refs"):
        for name in names:
            path = os.path.join(directory, name)
            with open(path) as file:
                found[prefix + os.path.relpath(path, top)] = file.read().strip()
    if not prefix:
        found["HEAD"] = (top / "HEAD").read_text().strip()
    return found


def read_status(clone):
    lines = tree.git(clone, "status", "--porcelain", "--untracked-files=all").splitlines()
    return [line for line in lines if not OURS.match(line[3:])]


def changes(before, after):
    """Name by name: what it is now, or None if it is gone."""
    names = sorted(set(before) | set(after))
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}
