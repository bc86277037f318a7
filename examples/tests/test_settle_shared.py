"""Who wins where several distributions bring the same file does not depend on who was installed last."""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/settle-shared"


def record(path, text):
    """A line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    name = f'"{path}"' if "," in path else path
    return f"{name},sha256={digest},{len(text)}\n"


class SettleShared(unittest.TestCase):
    """An environment's packages, and uv's cache of the wheels that they came from."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.site, self.cache = Path(held.name, "site"), Path(held.name, "cache")

    def install(self, name, files, cached=True):
        """Later calls overwrite what earlier ones brought, as installers do."""
        places = [self.site]
        if cached:
            places.append(self.cache / "archive-v0" / f"of-{name}")
        info = f"{name}-1.0.dist-info"
        told = "".join(record(path, text) for path, text in files.items()) + f"{info}/RECORD,,\n"
        for place in places:
            metadata = {f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n", f"{info}/RECORD": told}
            for path, text in {**files, **metadata}.items():
                target = place / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)

    def settle(self):
        """What would have to be installed once more."""
        # Without the interpreter's own packages.
        done = subprocess.run([sys.executable, "-S", SCRIPT, self.cache], capture_output=True, text=True, check=True,
                              env={**os.environ, "PYTHONPATH": str(self.site)})
        return done.stdout.splitlines()

    def text(self):
        return (self.site / "docs/conf.py").read_text()

    def test_the_last_by_name_wins_whatever_the_order_was(self):
        for order in (("one", "two"), ("two", "one")):
            for name in order:
                self.install(name, {"docs/conf.py": f"of {name}", f"{name}.py": ""})
            self.assertEqual(self.settle(), [])
            self.assertEqual(self.text(), "of two")

    def test_a_file_whose_name_a_record_quotes_is_a_file_like_others(self):
        for name in ("two", "one"):
            self.install(name, {"docs/conf.py": f"of {name}", "docs/a,b.py": f"of {name}", f"{name}.py": ""})
        self.assertEqual(self.settle(), [])
        self.assertEqual((self.text(), (self.site / "docs/a,b.py").read_text()), ("of two", "of two"))

    def test_a_quoted_name_is_the_same_as_a_plain_one(self):
        self.install("two", {"docs/conf.py": "of two", "docs/a,b.py": ""})
        self.install("one", {"docs/conf.py": "of one"})
        self.assertEqual(self.settle(), [])
        self.assertEqual(self.text(), "of two")

    def test_the_cache_is_not_written_to_through_a_link(self):
        self.install("two", {"docs/conf.py": "of two"})
        self.install("one", {"docs/conf.py": "of one"})
        shared, cached = self.site / "docs/conf.py", self.cache / "archive-v0/of-one/docs/conf.py"
        shared.unlink()
        os.link(cached, shared)
        self.assertEqual(self.settle(), [])
        self.assertEqual((self.text(), cached.read_text()), ("of two", "of one"))

    def test_another_build_of_that_version_in_the_cache_is_not_taken(self):
        self.install("two", {"docs/conf.py": "of two"})
        self.install("one", {"docs/conf.py": "of one"})
        (self.cache / "archive-v0/of-two/docs/conf.py").write_text("of another two")
        self.assertEqual(self.settle(), ["one==1.0", "two==1.0"])
        self.assertEqual(self.text(), "of one")

    def test_what_the_cache_has_not_is_installed_once_more(self):
        self.install("two", {"docs/conf.py": "of two"}, cached=False)
        self.install("one", {"docs/conf.py": "of one"}, cached=False)
        self.assertEqual(self.settle(), ["one==1.0", "two==1.0"])

    def test_the_same_content_is_no_quarrel(self):
        for name in ("two", "one"):
            self.install(name, {"docs/conf.py": "same", f"{name}.py": ""}, cached=False)
        self.assertEqual(self.settle(), [])

    def test_what_stands_right_needs_no_cache(self):
        for name in ("one", "two"):
            self.install(name, {"docs/conf.py": f"of {name}"}, cached=False)
        self.assertEqual(self.settle(), [])


if __name__ == "__main__":
    unittest.main()
