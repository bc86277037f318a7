"""PIP_SWITCHES in uv's spelling."""

import importlib.machinery
import importlib.util
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/uv-pip"


def load(path):
    """A script without an ending as a module."""
    loader = importlib.machinery.SourceFileLoader("uv_pip", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("uv_pip", loader))
    loader.exec_module(module)
    return module


uv_pip = load(SCRIPT)


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


if __name__ == "__main__":
    unittest.main()
