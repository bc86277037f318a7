"""A channel directory: packages below <subdir>/, and the repodata.json that lists them."""

import hashlib
import json
import os
from pathlib import Path

from conda_channel.package import CONDA, dumps

SECTIONS = {CONDA: "packages.conda", ".tar.bz2": "packages"}


class Channel:
    """Collects packages; nothing counts for a client until `publish`."""

    def __init__(self, directory, subdirs):
        self.directory = Path(directory)
        self.indexes = {subdir: empty_index(subdir) for subdir in subdirs}

    def load(self):
        """Start from the published state instead of from nothing."""
        for subdir in self.indexes:
            text = (self.directory / subdir / "repodata.json").read_text(encoding="utf-8")
            self.indexes[subdir] = json.loads(text)

    def add(self, package):
        """Write one package's archive and note it for the index."""
        content = package.packed()
        file_name = package.stem + package.suffix
        replace(self.directory / package.subdir / file_name, content)
        digests = {"md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest()}
        entry = package.index() | digests | {"size": len(content)}
        self.indexes[package.subdir][SECTIONS[package.suffix]][file_name] = entry

    def publish(self):
        """Replace the indexes, and drop archives that they do not list."""
        for subdir, index in self.indexes.items():
            replace(self.directory / subdir / "repodata.json", dumps(index).encode() + b"\n")
            listed = set(index["packages"]) | set(index["packages.conda"]) | {"repodata.json"}
            for path in (self.directory / subdir).iterdir():
                if path.name not in listed:
                    path.unlink()

    def records(self):
        """Every package as (subdir, file name, index entry)."""
        for subdir, index in sorted(self.indexes.items()):
            for section in SECTIONS.values():
                for file_name, entry in sorted(index[section].items()):
                    yield subdir, file_name, entry


def empty_index(subdir):
    """The repodata of a subdir without packages."""
    return {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "removed": [], "repodata_version": 1}


def replace(path, content):
    """Write a file so that a reader sees the old or the new one; an unchanged file keeps its date."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
