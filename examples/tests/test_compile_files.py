"""Python files are compiled once, and what is compiled does not depend on when."""

import importlib.machinery
import importlib.util
import os
import py_compile
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/compile-files"


def load(path):
    """A script without an ending as a module."""
    loader = importlib.machinery.SourceFileLoader("compile_files", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compile_files", loader))
    loader.exec_module(module)
    return module


compile_files = load(SCRIPT)


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

    def test_what_a_build_has_compiled_the_next_one_copies(self):
        path, cache = self.write("a/b.py", "x = 'kept'\n"), str(self.top / "cache")
        self.assertEqual(compile_files.compile_one(cache, str(path)), 1)
        made = self.result(path).read_bytes()
        self.result(path).unlink()
        with mock.patch.object(compile_files, "compile_file", side_effect=AssertionError("it is compiled again")):
            self.assertEqual(compile_files.compile_one(cache, str(path)), 1)
        self.assertEqual(self.result(path).read_bytes(), made)
        self.assertEqual(os.stat(self.result(path)).st_mode, os.stat(path).st_mode)

    def test_another_source_or_another_place_is_another_file_of_the_cache(self):
        cache = str(self.top / "cache")
        for name, text in (("a.py", "x = 1\n"), ("a.py", "x = 2\n"), ("b.py", "x = 2\n")):
            path = self.write(name, text)
            self.result(path).unlink(missing_ok=True)
            compile_files.compile_one(cache, str(path))
            spec = importlib.util.spec_from_file_location("loaded", self.result(path),
                                                          loader=importlib.machinery.SourcelessFileLoader(
                                                              "loaded", str(self.result(path))))
            code = spec.loader.get_code("loaded")
            self.assertEqual((code.co_filename, code.co_consts[0]), (str(path), int(text[4])))

    def test_a_damaged_file_of_the_cache_is_no_compiled_form(self):
        path, cache = self.write("a.py"), str(self.top / "cache")
        compile_files.compile_one(cache, str(path))
        made = self.result(path).read_bytes()
        kept = Path(compile_files.place(cache, str(path)))
        whole = kept.read_bytes()
        for damaged in (b"", whole[:-1], whole.replace(b"x", b"y")):
            self.assertNotEqual(damaged, whole)
            kept.write_bytes(damaged)
            self.result(path).unlink()
            self.assertEqual(compile_files.compile_one(cache, str(path)), 1)
            self.assertEqual(self.result(path).read_bytes(), made)
            self.assertEqual(kept.read_bytes(), whole)

    def test_a_stale_form_gives_way_to_the_kept_one(self):
        path, cache = self.write("a.py"), str(self.top / "cache")
        compile_files.compile_one(cache, str(path))
        made = self.result(path).read_bytes()
        self.result(path).write_bytes(b"stale")
        self.assertEqual(compile_files.compile_one(cache, str(path)), 1)
        self.assertEqual(self.result(path).read_bytes(), made)

    def test_a_cache_that_cannot_be_written_costs_nothing_but_time(self):
        path, cache = self.write("a.py"), self.write("no-directory")
        self.assertEqual(compile_files.compile_one(str(cache), str(path)), 1)

    def test_only_a_mounted_cache_counts(self):
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.top)}):
            self.assertIsNone(compile_files.mounted_cache(str(self.top)), "it would be a part of the image")
            self.assertEqual(compile_files.mounted_cache("/proc"), str(self.top / "bytecode"))
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.top / "absent")}):
            self.assertIsNone(compile_files.mounted_cache("/proc"))


if __name__ == "__main__":
    unittest.main()
