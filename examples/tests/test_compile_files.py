"""Python files are compiled once, and what is compiled does not depend on when."""

import importlib.util
import os
import py_compile
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/compile-files"


class CompileFiles(unittest.TestCase):
    """A directory of sources."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.top = Path(held.name)

    def write(self, name, text="x = 1\n", moment=1_000_000_000):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (moment, moment))
        return path

    def compiled(self):
        """How many files were compiled by one run more."""
        done = subprocess.run([sys.executable, SCRIPT, self.top], capture_output=True, text=True, check=True)
        return int(done.stdout)

    def result(self, path):
        return Path(importlib.util.cache_from_source(str(path)))

    def test_a_file_is_compiled_once_and_used_without_looking_at_its_source(self):
        path = self.write("a/b.py")
        self.assertEqual(self.compiled(), 1)
        first = self.result(path).read_bytes()
        self.assertEqual(first[4:8], b"\x01\0\0\0", "a digest, that is not checked")
        self.assertEqual(self.compiled(), 0)

    def test_another_time_makes_the_same_bytes(self):
        results = []
        for moment in (1_000_000_000, 1_500_000_000):
            path = self.write("m.py", moment=moment)
            self.result(path).unlink(missing_ok=True)
            self.compiled()
            results.append(self.result(path).read_bytes())
        self.assertEqual(*results)

    def test_what_holds_the_time_of_its_source_is_compiled_again(self):
        path = self.write("a.py")
        mode = py_compile.PycInvalidationMode.TIMESTAMP
        py_compile.compile(str(path), doraise=True, invalidation_mode=mode)
        self.assertEqual(self.compiled(), 1)

    def test_a_template_or_a_file_of_another_python_stops_nothing(self):
        self.write("template.py", "def {{ name }}(:\n")
        self.write("old.py", "print 'old'\n")
        good = self.write("good.py")
        self.assertEqual(self.compiled(), 1)
        self.assertTrue(self.result(good).exists())


if __name__ == "__main__":
    unittest.main()
