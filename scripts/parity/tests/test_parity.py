"""Whether the suite sees what it must see. python3 -m unittest discover -s scripts/parity/tests"""

import argparse
import contextlib
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import call  # noqa: E402
import comparison  # noqa: E402
import difference  # noqa: E402
import dockerfile_lines  # noqa: E402
import matrix  # noqa: E402
import served  # noqa: E402
import session  # noqa: E402
import titles  # noqa: E402
from case import Case  # noqa: E402
from deviation import Deviations  # noqa: E402
from sandbox import Sandbox  # noqa: E402

CASE = Case("2024", "image-freeze", "roman", configure=["roman"])


def facts(status=0, calls=(), **more):
    return {"status": status, "calls": list(calls), **more}


def docker(*argv, cwd="{root}"):
    return {"program": "docker", "argv": list(argv), "cwd": cwd}


def build(tag, *switches, context="{root}/deployments/common", dockerfile="FROM a\n", files=None):
    argv = ["build", "--tag", tag, *switches, "--file", "Dockerfile.cached", "."]
    return {**docker(*argv), "context": context, "file": "Dockerfile.cached", "dockerfile": dockerfile, "files": files or {}}


class Differences(unittest.TestCase):
    """are found piece by piece"""

    def check(self, theirs, ours, *expected):
        found = [(one.facet, one.key, one.theirs, one.ours) for one in difference.between(theirs, ours)]
        self.assertEqual(found, list(expected))

    def test_the_same_is_the_same(self):
        both = facts(17, [docker("pull", "a")], files={"x": "1"}, stdout=["a"], variables={"A": "1"})
        self.check(both, both)

    def test_statuses_files_lines_and_variables(self):
        self.check(facts(1), facts(0), ("status", "", "1", "0"))
        self.check(facts(files={"a": None, "b": "1"}), facts(files={"b": "2", "c": "3"}),
                   ("file", "a", "deleted", ""), ("file", "b", "1", "2"), ("file", "c", "", "3"))
        self.check(facts(stdout=["changed"]), facts(stdout=["unchanged"]), ("stdout", "", "changed", "unchanged"))
        self.check(facts(variables={"A": ""}), facts(variables={"B": "1"}),
                   ("variable", "A", "", ""), ("variable", "B", "", "1"))

    def test_a_call_that_is_missing_added_or_out_of_order(self):
        pull, remove = docker("pull", "a"), docker("rmi", "a")
        self.check(facts(calls=[pull, remove]), facts(calls=[pull]), ("call", "docker rmi", "docker rmi a", ""))
        self.check(facts(calls=[pull]), facts(calls=[pull, remove]), ("call", "docker rmi", "", "docker rmi a"))
        found = list(difference.between(facts(calls=[pull, remove]), facts(calls=[remove, pull])))
        self.assertEqual(len(found), 2)

    def test_each_argument_counts_and_their_order(self):
        theirs = facts(calls=[build("a", "--rm", "--build-arg", "A=1 2")])
        self.check(theirs, facts(calls=[build("a", "--rm", "--build-arg", "A=1")]),
                   ("argument", "docker build a", "--build-arg A=1 2", "--build-arg A=1"))
        self.assertTrue(list(difference.between(theirs, facts(calls=[build("a", "--build-arg", "A=1 2", "--rm")]))))

    def test_a_build_is_told_by_what_it_is_given(self):
        theirs = facts(calls=[build("a", files={"x": "1"})])
        staged = "{root}/.image/stage/1/tree"
        self.check(theirs, facts(calls=[build("a", context=staged, files={"x": "1"})]))
        self.check(theirs, facts(calls=[build("a", context=staged, files={"x": "2"})]), ("context", "docker build a: x", "1", "2"))
        self.check(theirs, facts(calls=[build("a", context="{root}", files={"x": "1"})]),
                   ("place", "docker build a", "{root}/deployments/common", "{root}"))
        self.check(theirs, facts(calls=[build("a", files={"x": "1"}, dockerfile="FROM b\n")]),
                   ("dockerfile", "docker build a", "FROM a", "FROM b"))

    def test_what_is_in_the_index_counts(self):
        self.check(facts(git={"status": ["R  a -> b", " M c"]}), facts(git={"status": ["?? d"]}),
                   ("index", "", "R  a -> b", ""))


class Calls(unittest.TestCase):
    def test_questions_are_no_calls(self):
        asked = [docker("version"), docker("image", "inspect", "a"), docker("images"), docker("ps", "--all"),
                 {"program": "git", "argv": ["-C", "/x", "rev-parse", "HEAD"], "cwd": "/"}]
        self.assertEqual(call.calls_of(facts(calls=asked)), [])

    def test_titles(self):
        check = lambda program, line, expected: self.assertEqual(titles.title(program, line.split()), expected)  # noqa: E731
        check("docker", "build --rm -t o/s:latest ./images/s --file f", "docker build o/s:latest")
        check("docker", "run --rm -e A=1 image cmd -d", "docker run")
        check("docker", "run -d image", "docker run -d")
        check("docker", "image prune --force", "docker image prune")
        check("git", "--git-dir x -c a=b fetch origin", "git fetch")
        check("git", "remote add a b", "git remote add")

    def test_how_a_switch_is_spelt_is_no_matter(self):
        words = lambda *argv: call.call_of(docker(*argv)).words  # noqa: E731
        self.assertEqual(words("system", "prune", "-f"), words("system", "prune", "--force"))
        self.assertEqual(words("run", "-it", "a", "-it"), words("run", "--interactive", "--tty", "a", "-it"))
        self.assertNotEqual(words("run", "a", "-it"), words("run", "a", "--interactive", "--tty"))

    def test_the_two_sides_of_a_pipe_begin_in_any_order(self):
        export, load = docker("export", "c"), docker("import", "-", "squash-base-00000000-0000-4000-8000-000000000000")
        ours = docker("import", "-", "squash-base-{container}")
        self.assertEqual(list(difference.between(facts(calls=[export, load]), facts(calls=[ours, export]))), [])

    def test_mounts_are_told_apart_from_lines_and_options(self):
        theirs = "# RUN --mount=type=cache,mode=0777,target=/a  x\nRUN --mount=type=cache,mode=0777,target=/a  y\n\n"
        ours = "# RUN  x\nRUN --mount=type=secret,id=ca,target=/c --mount=type=cache,uid=1,target=/a  y\n"
        found = [(one.facet, one.key, one.theirs, one.ours) for one in difference.dockerfiles("t", theirs, ours)]
        self.assertEqual(found, [("mount options", "t", "mode=0777", "uid=1"), ("cache mounts", "# RUN  x", "cache /a", ""),
                                 ("secret mounts", "RUN y", "", "secret ca")])
        self.assertEqual(dockerfile_lines.split("RUN a\n"), [("RUN a", ())])


class Table(unittest.TestCase):
    """of deviations"""

    def deviations(self, *entries):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([{"id": "D", "why": "", **entry} for entry in entries], file)
            file.flush()
            return Deviations(Path(file.name))

    def judge(self, entry, theirs, ours):
        verdict = comparison.judge(CASE, theirs, ours, self.deviations(entry))
        return len(verdict.documented), len(verdict.undocumented)

    def test_only_what_it_names_is_covered(self):
        entry = {"case": "image-freeze/*", "facet": "status", "theirs": "0", "ours": "1"}
        self.assertEqual(self.judge(entry, facts(0), facts(1)), (1, 0))
        self.assertEqual(self.judge(entry, facts(0), facts(2)), (0, 1))
        self.assertEqual(self.judge({**entry, "case": "image-test/*"}, facts(0), facts(1)), (0, 1))

    def test_patterns_are_for_the_whole(self):
        entry = {"facet": "call", "key": "docker r", "ours": ""}
        self.assertEqual(self.judge(entry, facts(calls=[docker("rmi", "a")]), facts()), (0, 1))

    def test_every_entry_has_a_reason_and_known_fields(self):
        for deviation in Deviations().table:
            self.assertTrue(deviation.id and deviation.why)
            self.assertTrue(deviation.patterns, f"{deviation.id} would cover anything")

    def test_every_entry_is_for_some_case(self):
        names = [case.name for case in matrix.cases()]
        import fnmatch

        for deviation in Deviations().table:
            for pattern in deviation.cases:
                self.assertTrue(fnmatch.filter(names, pattern), f"{deviation.id}: {pattern}")


class Runs(unittest.TestCase):
    """of wrong commands are seen to be wrong"""

    def run_command(self, script, case=CASE):
        """What a tree's own image-configure, and `script` as the command, do."""
        with session.workplace() as place:
            from sandbox import Shelf

            tools = place / "tools"
            tools.mkdir()
            configure = 'echo "export DEPLOYMENT_NAME=$1 JUPYTERHUB_DIR=$PWD" >setup-env\n'
            for name, text in (("image-configure", configure), (case.command, script)):
                (tools / name).write_text("#!/bin/bash\n" + text)
                (tools / name).chmod(0o755)
            sandbox = Sandbox(place / "box", case, Shelf(place / "shelf"), tools)
            sandbox.put_tripwires(["image-cp"])
            return sandbox.measure([sandbox.program(case.command), *case.args]).shown()

    def test_what_happens_is_noted(self):
        done = self.run_command("docker pull a; git rm -q --cached deployments/common/VERSION; echo x >new; exit 3")
        self.assertEqual(done["status"], 3)
        self.assertEqual([one["argv"] for one in done["calls"]],
                         [["pull", "a"], ["rm", "-q", "--cached", "deployments/common/VERSION"]])
        self.assertEqual(list(done["files"]), ["new"])
        self.assertIn("D  deployments/common/VERSION", done["git"]["status"])

    def test_the_originals_own_command_is_a_tripwire(self):
        done = self.run_command("scripts/image-cp /opt; true")
        self.assertEqual(done["calls"][0]["program"], "the original image-cp")

    def test_calls_fail_when_told_to(self):
        case = Case("2024", "image-freeze", "fails", configure=["roman"], fail={"docker build x:1": 17})
        done = self.run_command("cd deployments/common; docker build -t x:1 . ", case)
        self.assertEqual(done["status"], 17)
        self.assertIn("Dockerfile.trailer", done["calls"][0]["files"])

    def test_docker_remembers(self):
        script = """cd deployments/common
docker inspect notebook-common && exit 1
docker build --tag base --build-arg USE_FROZEN=2 --file Dockerfile . && docker tag base notebook-common
docker image inspect --format '{{json .}}' notebook-common | jq --exit-status '.Config.Env | index("USE_FROZEN=2")' || exit 2
container=$(docker create notebook-common) && docker cp "$container":/opt/env-frozen . && ls env-frozen/base || exit 3
docker export "$container" | tar -t | grep -q env-frozen/base || exit 4
docker cp "$container":/opt/nothing . && exit 5
docker rm "$container" && docker rm "$container" && exit 6
docker run none && exit 7
docker rmi notebook-common && docker run notebook-common; [ $? = 125 ] || exit 8
"""
        self.assertEqual(self.run_command(script)["status"], 0)

    def test_curl_and_the_server_give_the_same(self):
        for name, status in (("specs.example/0.13.0/conda.txt", 200), ("specs.example/9.9.9/pip.txt", 404), ("../case.py", 404)):
            with contextlib.ExitStack() as stack:
                try:
                    answer = stack.enter_context(urllib.request.urlopen(f"http://{served.place()}/{name}"))
                except urllib.error.HTTPError as error:
                    answer = stack.enter_context(error)
                self.assertEqual(answer.status, status, name)
                expected = hashlib.sha256(answer.read()).hexdigest()
            if not name.startswith(".."):
                script = f'[ "$(curl -s https://{name} | sha256sum)" = "{expected}  -" ]'
                self.assertEqual(self.run_command(script)["status"], 0, name)


class Everything(unittest.TestCase):
    def test_tools_may_come_from_where_they_are_built(self):
        with tempfile.TemporaryDirectory() as place:
            entries, built = Path(place) / "entries", Path(place) / "built"
            for path in (entries / "image-exec", entries / "tool", built / "image-test", built / "not-a-program"):
                path.parent.mkdir(exist_ok=True)
                path.write_text("")
                path.chmod(0o755 if path.name != "not-a-program" else 0o644)
            (entries / "image-test").symlink_to("tool")
            with session.tools_of(argparse.Namespace(tools=entries, binaries=built)) as tools:
                self.assertEqual({path.name for path in tools.iterdir()}, {"image-exec", "tool", "image-test"})
                self.assertEqual((tools / "image-test").resolve(), (built / "image-test").resolve())

    def test_the_last_line_has_the_sums(self):
        verdicts = [comparison.Verdict("a", 3, documented=[1]), comparison.Verdict("b", 2, undocumented=[1, 2])]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = comparison.totals(verdicts, {}, 1)
        self.assertEqual(status, 1)
        last = "2 cases, 5 calls compared: 1 documented differences, 2 undocumented"
        self.assertEqual(said.getvalue().splitlines()[-1], last)

    def test_a_comparison_with_wrong_tools_fails(self):
        with tempfile.TemporaryDirectory() as tools:
            for name in ("image-configure", "image-envs"):
                path = Path(tools) / name
                path.write_text("#!/bin/sh\necho wrong\n")
                path.chmod(0o755)
            argv = [sys.executable, str(Path(comparison.__file__).parent / "parity"), "compare", "--tools", tools,
                    "image-envs/2024/unset"]
            done = subprocess.run(argv, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("UNDOCUMENTED", done.stdout)


if __name__ == "__main__":
    unittest.main()
