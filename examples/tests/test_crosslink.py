"""Equal files of different environments become links, and nothing else does."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/crosslink"


def load(path):
    """A script without an ending as a module."""
    loader = importlib.machinery.SourceFileLoader("crosslink", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("crosslink", loader))
    with mock.patch.object(sys, "dont_write_bytecode", True):
        loader.exec_module(module)
    return module


crosslink = load(SCRIPT)
CONTENT = b"x" * 5000


class Crosslink(unittest.TestCase):
    """Two environments, one and two."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.conda = Path(held.name)
        self.one, self.two = self.conda / "envs/one", self.conda / "envs/two"

    def write(self, path, content=CONTENT, mode=0o644):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def both(self, name, **two):
        return self.write(self.one / name), self.write(self.two / name, **two)

    def run_on(self, *names):
        environment = {**os.environ, "CONDA_DIR": str(self.conda)}
        done = subprocess.run([sys.executable, SCRIPT, *names], env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    def is_linked(self, one, two):
        return one.stat().st_ino == two.stat().st_ino

    def test_equal_files_become_links_and_the_second_run_finds_nothing(self):
        pair = self.both("lib/a.so")
        self.assertIn("1 files are links now", self.run_on("one", "two"))
        self.assertTrue(self.is_linked(*pair))
        self.assertEqual(pair[1].read_bytes(), CONTENT)
        self.assertIn("0 files are links now", self.run_on("one", "two"))

    def test_what_differs_in_content_or_mode_stays_apart(self):
        for pair in (self.both("content", content=b"y" * 5000), self.both("mode", mode=0o755)):
            self.run_on("one", "two")
            self.assertFalse(self.is_linked(*pair), pair)

    @unittest.skipUnless(os.geteuid() == 0, "skipped: only root gives files away")
    def test_what_differs_in_owner_stays_apart(self):
        pair = self.both("owner")
        os.chown(pair[1], 1000, 100)
        self.run_on("one", "two")
        self.assertFalse(self.is_linked(*pair))

    def test_small_files_symbolic_links_and_databases_stay_as_they_are(self):
        small = (self.write(self.one / "small", b"x"), self.write(self.two / "small", b"x"))
        data = self.both("state.sqlite")
        (self.one / "to").symlink_to("small")
        (self.two / "to").symlink_to("small")
        self.run_on("one", "two")
        self.assertFalse(self.is_linked(*small) or self.is_linked(*data))
        self.assertTrue((self.two / "to").is_symlink())

    def test_one_environment_is_left_alone_and_base_is_without_the_others(self):
        twins = self.write(self.one / "a"), self.write(self.one / "b")
        self.assertEqual(self.run_on("one"), "")
        self.write(self.conda / "lib/c")
        cached = self.write(self.conda / "pkgs/c")
        self.assertFalse(self.is_linked(*twins))
        self.run_on("base", "one")
        self.assertTrue(self.is_linked(self.conda / "lib/c", self.one / "a"))
        self.assertEqual(cached.stat().st_nlink, 1, "a cache is no environment")

    def test_a_compiled_file_does_not_become_stale(self):
        for name, times in (("same.py", (7, 7)), ("other.py", (7, 8)), ("plain.py", (7, 8))):
            pair = self.both(name)
            for path, moment in zip(pair, times):
                os.utime(path, (moment, moment))
                if name != "plain.py":
                    self.write(path.parent / f"__pycache__/{path.stem}.cpython-311.pyc", b"pyc!\0\0\0\0" + path.parent.name.encode())
        hashed = self.both("hashed.py")
        for path, moment in zip(hashed, (7, 8)):
            os.utime(path, (moment, moment))
            self.write(path.parent / "__pycache__/hashed.cpython-311.pyc", b"pyc!\x01\0\0\0")
        self.run_on("one", "two")
        for name, linked in (("same.py", True), ("other.py", False), ("plain.py", True), ("hashed.py", True)):
            self.assertEqual(self.is_linked(self.one / name, self.two / name), linked, name)

    def test_a_run_that_ends_between_link_and_rename_loses_nothing(self):
        pair = self.both("a")
        with mock.patch.object(os, "rename", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            crosslink.crosslink([str(self.one), str(self.two)])
        self.assertEqual([path.read_bytes() for path in pair], [CONTENT] * 2)
        self.assertTrue(list(self.two.glob(".crosslink.*")), "as after a kill")
        self.run_on("one", "two")
        self.assertEqual(list(self.two.glob(".crosslink.*")), [])
        self.assertTrue(self.is_linked(*pair))

    def test_a_file_that_cannot_be_linked_stays_as_it_is(self):
        pair = self.both("a")
        with mock.patch.object(os, "link", side_effect=OSError(31, "Too many links")), mock.patch("sys.stderr"):
            self.assertEqual(crosslink.crosslink([str(self.one), str(self.two)]), (0, 0))
        self.assertFalse(self.is_linked(*pair))

    def test_an_environment_that_is_not_there_is_refused(self):
        with self.assertRaises(subprocess.CalledProcessError):
            self.run_on("one", "nowhere")


if __name__ == "__main__":
    unittest.main()
