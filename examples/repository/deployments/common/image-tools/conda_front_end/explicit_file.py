"""The `@EXPLICIT` format: one package address a line, each with the digest it must have."""

import hashlib
import re
from dataclasses import dataclass

from conda_front_end.fault import Fault

MARKER = "@EXPLICIT"
MD5_DIGITS, SHA256_DIGITS = 32, 64


@dataclass(frozen=True)
class Digest:
    """A checksum and the algorithm that its length stands for."""

    algorithm: str
    value: str

    @classmethod
    def parse(cls, text, origin):
        """`<md5>`, `<sha256>`, `md5:<md5>` or `sha256:<sha256>`."""
        label, _, value = text.lower().rpartition(":")
        algorithm = {MD5_DIGITS: "md5", SHA256_DIGITS: "sha256"}.get(len(value))
        if not algorithm or not re.fullmatch("[0-9a-f]+", value) or label not in ("", algorithm):
            raise Fault(f"{origin}: {text!r} is neither an md5 nor a sha256 digest")
        return cls(algorithm, value)

    def check(self, content, url):
        """Refuse `content` that is not what the list promised for `url`."""
        actual = hashlib.new(self.algorithm, content).hexdigest()
        if actual != self.value:
            raise Fault(f"{url}: {self.algorithm} is {actual}, but the list says {self.value}")


@dataclass(frozen=True)
class ExplicitPackage:
    """One line of the list; `digest` is None where the list gives none."""

    url: str
    digest: Digest

    @property
    def file_name(self):
        """The archive's name, for example `zlib-1.3.1-h0_0.conda`."""
        return self.url.rsplit("/", 1)[1]

    @property
    def channel(self):
        """The address of the channel that the package is in."""
        return self.url.rsplit("/", 2)[0]


def is_explicit(text):
    """Whether `text` is an explicit list rather than an environment file or a list of specs."""
    return any(line.strip() == MARKER for line in text.splitlines())


def parse(text, origin):
    """Every package of the list, in its order."""
    packages = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line == MARKER or line.startswith(("# ", "#\t")) or line == "#":
            continue
        url, _, digest = line.partition("#")
        where = f"{origin}:{number}"
        if "://" not in url or not url.endswith((".conda", ".tar.bz2")):
            raise Fault(f"{where}: not the address of a conda package: {line}")
        packages.append(ExplicitPackage(url, Digest.parse(digest, where) if digest else None))
    if not packages:
        raise Fault(f"{origin}: lists no package")
    return packages
