"""PIP_SWITCHES in uv's spelling."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from script_module import SCRIPTS, load

uv_pip = load("uv-pip")


class Switches(unittest.TestCase):
    """translated."""

    def check(self, switches, arguments, environment=None):
        self.assertEqual(uv_pip.translated(switches.split()), (arguments, environment or {}))

    def test_the_usual_ones(self):
        self.check("--no-color --default-timeout 100", ["--color=never"], {"UV_HTTP_TIMEOUT": "100"})
        self.check("--default-timeout=7", [], {"UV_HTTP_TIMEOUT": "7"})

    def test_indexes(self):
        self.check("--extra-index-url https://a/simple", ["--index=https://a/simple"])
        self.check("-i https://a/simple --no-index", ["--default-index=https://a/simple", "--no-index"])

    def test_an_unknown_one_is_refused(self):
        for switches in ("--user", "--timeout"):
            with self.assertRaises(SystemExit):
                uv_pip.translated(switches.split())


class LinkMode(unittest.TestCase):
    """link_mode."""

    def test_links_are_made_on_one_file_system_only(self):
        with tempfile.TemporaryDirectory() as held:
            python = Path(held, "python")
            self.assertEqual(uv_pip.link_mode(str(python), Path(held, "cache/uv")), "hardlink")
            self.assertEqual(uv_pip.link_mode(str(python), Path("/proc")), "copy")

    def test_the_cache_is_where_uv_puts_it(self):
        self.assertEqual(uv_pip.cache_of({"HOME": "/h"}), Path("/h/.cache/uv"))
        self.assertEqual(uv_pip.cache_of({"HOME": "/h", "XDG_CACHE_HOME": "/c"}), Path("/c/uv"))
        self.assertEqual(uv_pip.cache_of({"HOME": "/h", "UV_CACHE_DIR": "/u"}), Path("/u"))


# Notes its arguments; what it has not in its cache, it must ask an index for.
UV = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *--offline*) [ "$IN_CACHE" = yes ] || { echo "error: network disabled" >&2; exit 1; } ;;
esac
[ "$STATUS" != killed ] || kill -TERM $$
echo "Installed" >&2
exit "$STATUS"
"""


class Sync(unittest.TestCase):
    """uv-pip sync, with a stub for uv."""

    def run_it(self, *arguments, in_cache="yes", status=0):
        """The script's status and what it says on standard error, and what uv was called with."""
        with tempfile.TemporaryDirectory() as held:
            stub, calls = Path(held, "uv"), Path(held, "calls")
            stub.write_text(UV)
            stub.chmod(0o755)
            environment = {**os.environ, "PATH": f"{held}:{os.environ['PATH']}", "CALLS": str(calls), "IN_CACHE": in_cache,
                           "STATUS": str(status), "PIP_SWITCHES": ""}
            done = subprocess.run([sys.executable, SCRIPTS / "uv-pip", *arguments], env=environment, capture_output=True,
                                  text=True, check=False)
            return done.returncode, done.stderr, calls.read_text().splitlines()

    def test_where_the_cache_has_every_pin_no_index_is_asked(self):
        status, said, calls = self.run_it("sync", "list.txt")
        self.assertEqual((status, said), (0, "Installed\n"))
        self.assertEqual(calls, ["pip sync list.txt --offline --no-build"])

    def test_one_that_is_killed_is_not_begun_again(self):
        status, _, calls = self.run_it("sync", "list.txt", status="killed")
        self.assertEqual((status, len(calls)), (128 + 15, 1))

    def test_what_the_cache_has_not_is_fetched_and_nothing_is_said_of_the_first_try(self):
        status, said, calls = self.run_it("sync", "list.txt", in_cache="no")
        self.assertEqual((status, said), (0, "Installed\n"))
        self.assertEqual(calls, ["pip sync list.txt --offline --no-build", "pip sync list.txt"])

    def test_what_cannot_be_installed_is_told_once(self):
        status, said, calls = self.run_it("sync", "list.txt", status=3)
        self.assertEqual((status, said, len(calls)), (3, "Installed\n", 2))

    def test_a_search_always_asks_the_index(self):
        self.assertEqual(self.run_it("compile", "in.pip")[2], ["pip compile in.pip"])


if __name__ == "__main__":
    unittest.main()
