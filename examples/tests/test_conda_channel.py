"""The channel's archives: readable by others, and the same bytes each time."""

import io
import shutil
import subprocess
import sys
import tarfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "site"))

from conda_channel import wheel, zstd
from conda_channel.package import EPOCH, Member, Package
from conda_channel.placeholders import placeholder, placeholders


class StoredFrames(unittest.TestCase):
    """zstd.store against the real decompressor."""

    @unittest.skipUnless(shutil.which("zstd"), "needs the zstd program")
    def test_the_real_program_reads_them(self):
        for length in (0, 1, zstd.BLOCK - 1, zstd.BLOCK, zstd.BLOCK + 1, 3 * zstd.BLOCK):
            content = bytes(range(256)) * (length // 256 + 1)
            content = content[:length]
            done = subprocess.run(["zstd", "-dc"], input=zstd.store(content), capture_output=True, check=True)
            self.assertEqual(done.stdout, content)


class Archives(unittest.TestCase):
    """Package.packed."""

    def package(self, **changes):
        members = [Member("lib/b", b"two"), Member("bin/a", b"one", 0o755), Member("bin/c", target="a")]
        return Package("thing", "1.0", "0", "noarch", members=members, **changes)

    def test_the_same_contents_give_the_same_bytes(self):
        turned = self.package()
        turned.members.reverse()
        self.assertEqual(self.package().packed(), turned.packed())

    def test_the_newer_format_is_a_zip_of_stored_members_with_a_fixed_date(self):
        with zipfile.ZipFile(io.BytesIO(self.package().packed())) as archive:
            names = ["metadata.json", "pkg-thing-1.0-0.tar.zst", "info-thing-1.0-0.tar.zst"]
            self.assertEqual(archive.namelist(), names)
            self.assertEqual({item.compress_type for item in archive.infolist()}, {zipfile.ZIP_STORED})

    def test_the_older_format_holds_metadata_and_files(self):
        with tarfile.open(fileobj=io.BytesIO(self.package(suffix=".tar.bz2").packed())) as archive:
            names = archive.getnames()
            self.assertEqual(names[-3:], ["bin/a", "bin/c", "lib/b"])
            self.assertIn("info/index.json", names)
            self.assertEqual({item.mtime for item in archive}, {EPOCH})


class Placeholders(unittest.TestCase):
    """What deliveries can differ in."""

    def test_some_have_two_versions(self):
        names = [package.name for package in placeholders("linux-64")]
        self.assertEqual(names.count("fftw"), 2)

    def test_an_unknown_name_is_a_native_package(self):
        self.assertEqual(placeholder("newcomer", "2", "linux-64").subdir, "linux-64")


class Wheels(unittest.TestCase):
    """Pieces of the conversion."""

    def test_commands(self):
        text = "[console_scripts]\npip = pip._internal.cli.main:main\n[other]\na = b\n"
        self.assertEqual(wheel.console_scripts(text), ["pip = pip._internal.cli.main:main"])
        self.assertEqual(wheel.console_scripts(""), [])

    def test_the_record_gains_a_row(self):
        self.assertEqual(wheel.with_row("a,,\n", "b"), b"a,,\nb,,\n")


if __name__ == "__main__":
    unittest.main()
