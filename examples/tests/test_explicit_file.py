"""The @EXPLICIT format of the conda front end."""

import hashlib
import sys
import tempfile
import unittest
from pathlib import Path

COMMON = Path(__file__).parents[1] / "repository/deployments/common"
sys.path.insert(0, str(COMMON / "image-tools"))

from conda_front_end import explicit_file
from conda_front_end.archive_store import ArchiveStore
from conda_front_end.fault import Fault

URL = "https://example.org/conda/main/noarch/a-1-0.conda"
MD5 = hashlib.md5(b"x").hexdigest()
SHA256 = hashlib.sha256(b"x").hexdigest()


class Lists(unittest.TestCase):
    """parse and is_explicit."""

    def test_digests_in_every_spelling(self):
        spellings = {MD5: "md5", f"md5:{MD5}": "md5", SHA256: "sha256", f"sha256:{SHA256}": "sha256"}
        for text, algorithm in spellings.items():
            (package,) = explicit_file.parse(f"# comment\n@EXPLICIT\n{URL}#{text}\n", "list")
            self.assertEqual((package.url, package.digest.algorithm), (URL, algorithm))

    def test_no_digest(self):
        self.assertIsNone(explicit_file.parse(f"@EXPLICIT\n{URL}\n", "list")[0].digest)

    def test_what_it_is(self):
        self.assertTrue(explicit_file.is_explicit(f"# c\n@EXPLICIT\n{URL}\n"))
        self.assertFalse(explicit_file.is_explicit("name: a\ndependencies:\n  - b\n"))

    def test_refused(self):
        for line in ("<html>", "a=1", URL + "#123", URL + "#md5:" + SHA256, "https://example.org/a.zip"):
            with self.assertRaisesRegex(Fault, "list:2"):
                explicit_file.parse(f"@EXPLICIT\n{line}\n", "list")
        with self.assertRaises(Fault):
            explicit_file.parse("@EXPLICIT\n", "list")

    def test_places(self):
        (package,) = explicit_file.parse(f"@EXPLICIT\n{URL}\n", "list")
        self.assertEqual(package.file_name, "a-1-0.conda")
        self.assertEqual(package.channel, "https://example.org/conda/main")


class Store(unittest.TestCase):
    """The digest decides, whether the archive is fetched or stored."""

    def setUp(self):
        self.place = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.archive = self.place / "a-1-0.conda"
        self.archive.write_bytes(b"x")
        self.store = ArchiveStore(self.place / "store")

    def package(self, digest):
        return explicit_file.parse(f"@EXPLICIT\n{self.archive.as_uri()}#{digest}\n", "list")[0]

    def test_a_wrong_digest_is_refused(self):
        with self.assertRaisesRegex(Fault, "md5 is .* but the list says"):
            self.store.obtain(self.package("0" * 32))

    def test_a_damaged_copy_is_fetched_again(self):
        path = self.store.obtain(self.package(SHA256))
        path.write_bytes(b"damaged")
        self.assertEqual(self.store.obtain(self.package(SHA256)).read_bytes(), b"x")


if __name__ == "__main__":
    unittest.main()
