"""The workflows, block after block as GitHub runs them, with the real tools and an engine that only pretends.

python3 -m unittest discover -s examples/tests
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "scripts/parity")]

import session  # noqa: E402
import test_workflows as workflows  # noqa: E402
from case import Case  # noqa: E402
from matrix.run import EVERY_MISSION  # noqa: E402
from sandbox import Sandbox, Shelf  # noqa: E402
from titles import title  # noqa: E402

BINARIES = Path(os.environ.get("IMAGE_TOOLS_BINARIES", ROOT / "target/debug"))
MISSING = [name for name in ("image-configure", "image-build", "image-test", "image-freeze", "release-tag")
           if not (BINARIES / name).exists()]


@unittest.skipIf(MISSING, f"skipped: {', '.join(MISSING)} not built in {BINARIES}: cargo build --workspace")
@unittest.skipUnless(shutil.which("jq"), "skipped: no jq")
class WithTools(unittest.TestCase):
    """A clone of ours, a home, and what GitHub gives to each step."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.place = stack.enter_context(session.workplace())
        given = argparse.Namespace(tools=session.SCRIPTS, binaries=BINARIES)
        self.tools = stack.enter_context(session.tools_of(given))

    def sandbox(self, generation, **more):
        case = Case(generation, "image-build", "workflow", transcript=EVERY_MISSION, **more)
        sandbox = Sandbox(self.place / generation, case, Shelf(self.place / "shelf"), self.tools)
        (sandbox.place / "output").touch()
        (sandbox.place / "summary").touch()
        return sandbox

    def run_blocks(self, sandbox, workflow, *steps, **variables):
        """Each as GitHub runs it, bash with -e and pipefail; the first that fails ends it."""
        given = {"GITHUB_OUTPUT": f"{sandbox.place}/output", "GITHUB_STEP_SUMMARY": f"{sandbox.place}/summary", **variables}
        for step in steps:
            script = f"set -eo pipefail\n{workflows.block(workflow, step)}"
            done = sandbox.run([], script, variables=given)
            self.assertEqual(done.returncode, 0, f"{step}: {done.stdout}{done.stderr}")

    def calls(self, sandbox):
        numbered = sorted(path for path in (sandbox.place / "calls").glob("*/words"))
        for path in numbered:
            _, program, *argv = path.read_text().split("\0")[:-1]
            yield title(program, argv)

    def missions(self, sandbox):
        return json.loads((sandbox.place / "output").read_text().strip().splitlines()[-1].partition("=")[2])

    def test_every_block_is_run_by_a_test(self):
        """Of both workflows: a new one must be added below."""
        names = {name for path in sorted(workflows.WORKFLOWS.glob("*.yml"))
                 for _, name, _ in workflows.load_check().blocks(path.read_text())}
        self.assertEqual(names, {*FLOATING, *FROZEN, "Find the missions that changed"})

    def test_d54_the_floating_build_configures_builds_shows_its_freeze_and_tests(self):
        for generation in ("2024", "newest"):
            sandbox = self.sandbox(generation)
            self.run_blocks(sandbox, "build-floating.yml", *FLOATING, MISSION="roman")
            calls = list(self.calls(sandbox))
            self.assertIn("docker pull", calls)
            self.assertIn("docker build notebook-roman:latest", calls)
            self.assertEqual(calls.count("docker run"), 1, "the tests")
            patch = (sandbox.tree / "freeze.patch").read_text()
            self.assertIn("+++ b/deployments/roman/env-frozen/", patch, "D53: what a freeze changes is a diff")
            self.assertIn("### roman: a new freeze", (sandbox.place / "summary").read_text())

    def test_the_frozen_build_builds_tests_and_shows_drift(self):
        for generation in ("2024", "newest"):
            sandbox = self.sandbox(generation)
            self.run_blocks(sandbox, "build-frozen.yml", *FROZEN, MISSION="roman")
            calls = list(self.calls(sandbox))
            self.assertIn("docker build notebook-roman:latest", calls)
            self.assertIn("docker export", calls, "what the image really holds is read")
            self.assertIn("### roman: frozen and built", (sandbox.place / "summary").read_text())
            self.assertTrue((sandbox.tree / "test-results.xml").exists())

    def test_d52_what_is_checked_out_is_the_request_itself(self):
        text = (workflows.WORKFLOWS / "build-frozen.yml").read_text()
        for checkout in text.split("- uses: actions/checkout@")[1:]:
            options = checkout.split("- name:")[0].split("- uses:")[0]
            self.assertTrue("ref:" not in options or "TOOLS_REF" in options, options)

    def test_d52_d54_the_missions_are_those_that_the_branch_changed(self):
        sandbox = self.sandbox("2024", configure=["roman"])
        sandbox.configure()
        step = ("build-frozen.yml", "Find the missions that changed")
        self.run_blocks(sandbox, *step, BASE="main")
        self.assertEqual(self.missions(sandbox), [], "a tracked setup-env that was configured is no change")
        sandbox.run(["git", "checkout", "--quiet", "--force", "feature"])
        self.run_blocks(sandbox, *step, BASE="main")
        self.assertEqual(self.missions(sandbox), ["roman"])

    def test_d37_so_they_are_in_a_linked_worktree_and_against_an_ssh_address(self):
        sandbox = self.sandbox("2024")
        linked = sandbox.place / "linked"
        done = sandbox.run(["git", "worktree", "add", "--quiet", str(linked), "feature"])
        self.assertEqual(done.returncode, 0, done.stderr)
        sandbox.tree = linked
        self.run_blocks(sandbox, "build-frozen.yml", "Find the missions that changed", BASE="main")
        self.assertEqual(self.missions(sandbox), ["roman"])
        for mission, status in (("roman", 0), ("tike", 1)):
            argv = ["branch-changes-obj", "current", "git@git.example:platform.git@main", f"deployments/{mission}"]
            self.assertEqual(sandbox.run(argv).returncode, status, mission)


FLOATING = ["Put the tools first on PATH", "Make room on the disk", "Configure", "Build, and freeze what was solved",
            "Show what a new freeze changes", "Test"]
FROZEN = ["Put the tools first on PATH", "Make room on the disk", "Configure", "Build", "Test",
          "Compare the image with what was frozen"]


if __name__ == "__main__":
    unittest.main()
