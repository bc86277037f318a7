"""The workflows' run blocks, run: in a small clone, with stand-ins for the tools.

python3 -m unittest discover -s examples/tests
"""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

WORKFLOWS = Path(__file__).resolve().parent.parent / "workflows"


def load_check():
    loader = importlib.machinery.SourceFileLoader("check", str(WORKFLOWS / "check"))
    spec = importlib.util.spec_from_loader("check", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def block(workflow, step):
    """The run block of the step called `step`."""
    text = (WORKFLOWS / workflow).read_text()
    return next(body for _, name, body in load_check().blocks(text) if name == step)


class Clone(unittest.TestCase):
    """A clone with two missions, of which one was changed; tools are written by each test."""

    def setUp(self):
        self.place = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)
        self.clone = self.place / "clone"
        for name in ("common", "roman", "tike"):
            (self.clone / "deployments" / name / "env-frozen").mkdir(parents=True)
            (self.clone / "deployments" / name / "env-frozen/requirements.txt").write_text("a==1\n")
        (self.place / "bin").mkdir()
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message=a")

    @property
    def environment(self):
        return {"PATH": f"{self.place}/bin:{os.environ['PATH']}", "HOME": str(self.place), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(self, *argv):
        return subprocess.run(["git", *argv], cwd=self.clone, env=self.environment, check=True, capture_output=True, text=True).stdout

    def tool(self, name, script):
        path = self.place / "bin" / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def run_block(self, workflow, step, **variables):
        """As GitHub runs it: bash with -e and pipefail."""
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", block(workflow, step)]
        environment = {**self.environment, **variables}
        return subprocess.run(argv, cwd=self.clone, env=environment, capture_output=True, text=True)


class Missions(Clone):
    STEP = "Find the missions that changed"

    def check(self, expected, **variables):
        done = self.run_block("build-frozen.yml", self.STEP, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("missions=" + expected, done.stdout.splitlines())

    def test_only_what_changed_is_built(self):
        self.tool("branch-changes-obj", 'echo "$@" >>"$HOME/asked"; case "$*" in *tike) exit 0 ;; *) exit 1 ;; esac\n')
        self.check('["tike"]', BASE="main")
        asked = (self.place / "asked").read_text().splitlines()
        self.assertEqual(asked[0], "current origin/main deployments/common deployments/roman")

    def test_nothing_changed_is_an_empty_list(self):
        self.tool("branch-changes-obj", "exit 1\n")
        self.check("[]")

    def test_who_asks_by_hand_is_not_asked_back(self):
        self.tool("branch-changes-obj", "exit 70\n")
        self.check('["roman"]', ASKED="roman hubble")

    def test_d36_an_error_is_no_answer(self):
        for status in (3, 4, 69, 128):
            self.tool("branch-changes-obj", f"exit {status}\n")
            self.assertEqual(self.run_block("build-frozen.yml", self.STEP).returncode, status)


class Drift(Clone):
    STEP = "Compare the image with what was frozen"

    def summary(self, status, differences):
        environment = {"name": "roman-cal", "same": 7, "differences": differences}
        document = {"reports": [{"outcome": {"check": {"environments": [environment]}}}]}
        (self.place / "document").write_text(json.dumps(document))
        self.tool("image-freeze", f'[ "$*" = "check --json" ] && cat "$HOME/document"; exit {status}\n')
        return self.run_block("build-frozen.yml", self.STEP, MISSION="roman")

    def test_d20_drift_is_a_table_and_no_failure(self):
        done = self.summary(1, [{"kind": "pip", "name": "numpy", "frozen": "1.26.4", "built": "2.0.1"},
                                {"kind": "conda", "name": "fftw", "built": "3.3.10"}])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| roman-cal | numpy (pip) | 1.26.4 | 2.0.1 |", done.stdout)
        self.assertIn("| roman-cal | fftw (conda) | — | 3.3.10 |", done.stdout)

    def test_no_drift_is_said(self):
        done = self.summary(0, [])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Every package is as frozen: 7 of them.", done.stdout)

    def test_a_fault_fails_the_step(self):
        self.assertEqual(self.summary(69, []).returncode, 69)


class NewFreeze(Clone):
    STEP = "Show what a new freeze changes"

    def test_d53_a_diff_is_shown_and_no_failure(self):
        specs = self.clone / "deployments/roman/env-frozen"
        (specs / "requirements.txt").write_text("a==2\n")
        (specs / "more.txt").write_text("b==1\n")
        done = self.run_block("build-floating.yml", self.STEP, MISSION="roman")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("    +a==2", done.stdout)
        self.assertIn("+b==1", (self.clone / "freeze.patch").read_text())

    def test_d53_no_diff_is_no_failure_either(self):
        done = self.run_block("build-floating.yml", self.STEP, MISSION="roman")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Nothing moved", done.stdout)


class Configured(Clone):
    def test_what_is_configured(self):
        self.tool("image-configure", 'echo "$@"\n')
        done = self.run_block("build-frozen.yml", "Configure", MISSION="tike")
        self.assertEqual(done.stdout, "tike --use-frozen=frozen --freeze-chill=1 --cal-version=none --owner=quay.io/jupyter\n")
        done = self.run_block("build-floating.yml", "Configure", CAL_VERSION_ASKED="0.13.0")
        self.assertEqual(done.stdout, "roman --use-frozen=floating --freeze-chill=1 --cal-version=0.13.0 --owner=quay.io/jupyter\n")

    def test_a_disk_that_is_not_githubs_is_left_alone(self):
        self.tool("sudo", 'touch "$HOME/sudo"\n')
        self.assertEqual(self.run_block("build-frozen.yml", "Make room on the disk").returncode, 0)
        self.assertFalse((self.place / "sudo").exists())

    def test_the_tools_do_not_dirty_the_clone(self):
        (self.clone / ".tools").mkdir()
        (self.clone / ".tools/file").write_text("")
        paths = self.place / "paths"
        done = self.run_block("build-frozen.yml", "Put the tools first on PATH", GITHUB_PATH=str(paths))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertTrue(paths.read_text().endswith("/.tools/scripts\n"))


class Sound(unittest.TestCase):
    def test_the_workflows_are_sound(self):
        done = subprocess.run([str(WORKFLOWS / "check")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_is_unsound_is_found(self):
        check = load_check()
        place = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, place)
        path = place / "bad.yml"
        path.write_text("jobs:\n  a:\n    steps:\n      - name: one\n        run: |\n          if true; echo ${{ github.ref }}\n")
        found = list(check.problems(path))
        self.assertEqual(len(found), 2)
        self.assertIn("an expression", found[0])
        self.assertIn("syntax error", found[1])


if __name__ == "__main__":
    unittest.main()
