"""Package archives fetched for explicit lists, checked before anything reads them."""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from conda_front_end.fault import Fault

SECONDS = 100


class ArchiveStore:
    """A directory of archives, each below a name made from its address."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def obtain(self, package):
        """The path of `package`'s archive, fetched if need be, with its digest proven either way."""
        folder = self.directory / hashlib.sha256(package.url.encode()).hexdigest()[:16]
        path = folder / package.file_name
        # Only a digest can tell that a stored copy is still what the address stands for.
        if package.digest and path.is_file():
            content = path.read_bytes()
            try:
                package.digest.check(content, package.url)
                return path
            except Fault:
                path.unlink()
        content = fetch(package.url)
        if package.digest:
            package.digest.check(content, package.url)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{package.file_name}.{os.getpid()}"
        partial.write_bytes(content)
        partial.replace(path)
        return path


def fetch(url):
    """The bytes at `url`; every answer but success is a fault."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise Fault(f"{url}: {error}") from error
