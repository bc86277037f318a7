"""One conda package: its files and metadata, and the two archive formats."""

import bz2
import hashlib
import io
import json
import os
import tarfile
import time
import zipfile
from dataclasses import dataclass, field

from conda_channel import zstd

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1700000000"))
CONDA, TAR_BZ2 = ".conda", ".tar.bz2"


@dataclass(frozen=True)
class Member:
    """A file (`content` in bytes) or, where `target` is set, a symbolic link."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    target: str = ""
    # The text that stands for the environment's directory in this file, if any.
    placeholder: str = ""

    def described(self):
        """This member's entry of info/paths.json."""
        entry = {"_path": self.path, "path_type": "softlink" if self.target else "hardlink"}
        entry |= {"sha256": hashlib.sha256(self.content).hexdigest(), "size_in_bytes": len(self.content)}
        if self.placeholder:
            entry |= {"prefix_placeholder": self.placeholder, "file_mode": "text"}
        return entry


@dataclass
class Package:
    """A package before it is packed. `noarch` is "", "generic" or "python"."""

    name: str
    version: str
    build: str
    subdir: str
    depends: list = field(default_factory=list)
    noarch: str = ""
    members: list = field(default_factory=list)
    entry_points: list = field(default_factory=list)
    suffix: str = CONDA

    @property
    def stem(self):
        """`name-version-build`, the file name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self):
        """What info/index.json and the channel's repodata both say."""
        entry = {"name": self.name, "version": self.version, "build": self.build, "build_number": 0}
        entry |= {"depends": self.depends, "subdir": self.subdir, "timestamp": EPOCH * 1000}
        if self.noarch:
            return entry | {"noarch": self.noarch}
        return entry | {"platform": "linux", "arch": os.uname().machine}

    def metadata(self):
        """The members below info/."""
        paths = {"paths": [member.described() for member in self.sorted_members()], "paths_version": 1}
        texts = {"info/about.json": "{}", "info/index.json": dumps(self.index()), "info/paths.json": dumps(paths)}
        texts["info/files"] = "".join(f"{member.path}\n" for member in self.sorted_members())
        if self.noarch == "python":
            link = {"noarch": {"type": "python", "entry_points": self.entry_points}, "package_metadata_version": 1}
            texts["info/link.json"] = dumps(link)
        return [Member(path, text.encode()) for path, text in sorted(texts.items())]

    def sorted_members(self):
        """The files in the order in which they are packed."""
        return sorted(self.members, key=lambda member: member.path)

    def packed(self):
        """The archive's bytes."""
        if self.suffix == TAR_BZ2:
            return bz2.compress(tarred(self.metadata() + self.sorted_members()))
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
            add(archive, "metadata.json", b'{"conda_pkg_format_version": 2}')
            add(archive, f"pkg-{self.stem}.tar.zst", zstd.store(tarred(self.sorted_members())))
            add(archive, f"info-{self.stem}.tar.zst", zstd.store(tarred(self.metadata())))
        return output.getvalue()


def add(archive, name, content):
    """One member of the outer zip, with a fixed date."""
    archive.writestr(zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6]), content)


def tarred(members):
    """A tar of `members` in the given order, with fixed owners and dates."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            header = tarfile.TarInfo(member.path)
            header.mtime, header.mode = EPOCH, member.mode
            if member.target:
                header.type, header.linkname = tarfile.SYMTYPE, member.target
            else:
                header.size = len(member.content)
            archive.addfile(header, io.BytesIO(member.content))
    return output.getvalue()


def dumps(value):
    """JSON in one spelling."""
    return json.dumps(value, indent=1, sort_keys=True)
