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

from script_module import SCRIPTS, load

compile_files = load("compile-files")


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
        done = subprocess.run([sys.executable, SCRIPTS / "compile-files", self.top], capture_output=True, text=True, check=True)
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

    def test_what_only_pytest_takes_is_left_to_it(self):
        self.write("tests/test_a.py")
        self.write("tests/conftest.py")
        helper = self.write("tests/helper.py")
        self.assertEqual(self.compiled(), 1)
        self.assertTrue(self.result(helper).exists())

    def test_a_form_of_a_test_that_holds_the_time_of_its_source_does_not_stay(self):
        path = self.write("tests/test_a.py")
        mode = py_compile.PycInvalidationMode.TIMESTAMP
        py_compile.compile(str(path), doraise=True, invalidation_mode=mode)
        self.assertEqual(self.compiled(), 1)
        self.assertEqual(self.result(path).read_bytes()[4:8], b"\x01\0\0\0")
        self.assertEqual(self.compiled(), 0)

    def test_a_template_or_a_file_of_another_python_stops_nothing(self):
        self.write("template.py", "def {{ name }}(:\n")
        self.write("old.py", "print 'old'\n")
        good = self.write("good.py")
        self.assertEqual(self.compiled(), 1)
        self.assertTrue(self.result(good).exists())

    def with_cache(self, *paths, cache=None):
        """How many files of one directory were given a compiled form."""
        listed = (str(paths[0].parent), [path.name for path in paths])
        return compile_files.compile_directory(str(cache or self.top / "cache"), listed)

    def packs(self):
        return sorted(path for path in (self.top / "cache").rglob("*") if path.is_file())

    def test_what_a_build_has_compiled_the_next_one_copies(self):
        paths = [self.write(f"a/{name}.py", f"x = '{name}'\n") for name in ("b", "c", "empty")]
        paths[2].write_text("")
        paths[1].chmod(0o600)
        self.assertEqual(self.with_cache(*paths), 3)
        made = [self.result(path).read_bytes() for path in paths]
        for path in paths:
            self.result(path).unlink()
        self.result(paths[0]).parent.rmdir()
        with mock.patch.object(compile_files, "compile_file", side_effect=AssertionError("it is compiled again")):
            self.assertEqual(self.with_cache(*paths), 3)
        for path, form in zip(paths, made):
            self.assertEqual(self.result(path).read_bytes(), form)
            self.assertEqual(os.stat(self.result(path)).st_mode, os.stat(path).st_mode)

    def test_what_cannot_be_compiled_is_known_the_next_time(self):
        paths = [self.write("good.py"), self.write("template.py", "def {{ name }}(:\n")]
        self.assertEqual(self.with_cache(*paths), 1)
        self.result(paths[0]).unlink()
        with mock.patch.object(compile_files, "compile_file", side_effect=AssertionError("it is tried again")):
            self.assertEqual(self.with_cache(*paths), 1)
        self.assertFalse(self.result(paths[1]).exists())

    def test_where_nothing_can_be_compiled_a_full_cache_makes_the_same_tree(self):
        path = self.write("templates/one.py", "def {{ name }}(:\n")
        for _ in range(2):
            self.assertEqual(self.with_cache(path), 0)
            self.assertEqual([entry.name for entry in path.parent.iterdir()], ["one.py"])
        self.assertEqual(len(self.packs()), 1)

    def test_what_failed_for_want_of_memory_is_tried_again(self):
        path = self.write("a.py")
        with mock.patch.object(py_compile, "compile", side_effect=py_compile.PyCompileError(MemoryError, MemoryError(), "a.py")):
            self.assertEqual(self.with_cache(path), 0)
        self.assertEqual(self.packs(), [])
        self.assertEqual(self.with_cache(path), 1)

    def test_another_python_makes_packs_of_its_own(self):
        path = self.write("a.py")
        self.with_cache(path)
        self.result(path).unlink()
        with mock.patch.object(sys, "version", "3.11.99"):
            self.with_cache(path)
        self.assertEqual(len(self.packs()), 2)

    def test_a_pack_that_cannot_be_finished_leaves_nothing(self):
        path = self.write("a.py")
        with mock.patch.object(os, "replace", side_effect=OSError("no space left")):
            self.assertEqual(self.with_cache(path), 1)
        self.assertEqual(self.packs(), [])

    def test_another_source_or_another_place_is_another_pack_of_the_cache(self):
        for name, text in (("a.py", "x = 1\n"), ("a.py", "x = 2\n"), ("b.py", "x = 2\n")):
            path = self.write(name, text)
            self.result(path).unlink(missing_ok=True)
            self.with_cache(path)
            spec = importlib.util.spec_from_file_location("loaded", self.result(path),
                                                          loader=importlib.machinery.SourcelessFileLoader(
                                                              "loaded", str(self.result(path))))
            code = spec.loader.get_code("loaded")
            self.assertEqual((code.co_filename, code.co_consts[0]), (str(path), int(text[4])))
        self.assertEqual(len(self.packs()), 3)

    def test_text_that_moves_from_one_file_to_the_next_is_another_pack(self):
        one, two = self.write("a.py", "x = 1\ny = 2\n"), self.write("b.py", "")
        self.with_cache(one, two)
        for path, text in ((one, "x = 1\n"), (two, "y = 2\n")):
            path.write_text(text)
            self.result(path).unlink()
        self.with_cache(one, two)
        self.assertEqual(len(self.packs()), 2)

    def test_a_damaged_pack_is_made_again(self):
        paths = [self.write("a.py"), self.write("b.py")]
        self.with_cache(*paths)
        made = [self.result(path).read_bytes() for path in paths]
        (kept,) = self.packs()
        whole = kept.read_bytes()
        for damaged in (b"", whole[:3], whole[:-1], whole.replace(b"x", b"y"), bytes(len(whole)), bytes(4)):
            self.assertNotEqual(damaged, whole)
            kept.write_bytes(damaged)
            for path in paths:
                self.result(path).unlink()
            self.assertEqual(self.with_cache(*paths), 2)
            self.assertEqual([self.result(path).read_bytes() for path in paths], made)
            self.assertEqual(kept.read_bytes(), whole)

    def test_a_stale_form_gives_way_to_the_kept_one(self):
        path = self.write("a.py")
        self.with_cache(path)
        made = self.result(path).read_bytes()
        self.result(path).write_bytes(b"stale")
        self.assertEqual(self.with_cache(path), 1)
        self.assertEqual(self.result(path).read_bytes(), made)

    def test_what_an_earlier_layer_has_compiled_is_left_alone(self):
        old, new = self.write("a.py"), self.write("b.py")
        self.with_cache(old)
        before = os.stat(self.result(old))
        self.assertEqual(self.with_cache(old, new), 1)
        self.assertEqual(os.stat(self.result(old)), before)

    def test_a_link_to_nothing_stops_nothing(self):
        good, link = self.write("good.py"), self.top / "link.py"
        link.symlink_to("absent.py")
        self.assertEqual(self.with_cache(good, link), 1)
        self.result(good).unlink()
        self.assertEqual(self.compiled(), 1)

    def test_a_cache_that_cannot_be_written_costs_nothing_but_time(self):
        path = self.write("a.py")
        self.assertEqual(self.with_cache(path, cache=self.write("no-directory")), 1)

    def test_only_a_mounted_cache_counts(self):
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.top)}):
            self.assertIsNone(compile_files.mounted_cache(str(self.top)), "it would be a part of the image")
            self.assertEqual(compile_files.mounted_cache("/proc"), str(self.top / "bytecode"))
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.top / "absent")}):
            self.assertIsNone(compile_files.mounted_cache("/proc"))


if __name__ == "__main__":
    unittest.main()
