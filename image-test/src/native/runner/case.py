"""One test: an import, a notebook, a script. Each runs in a fresh directory of its own."""

import shutil
import tempfile
from pathlib import Path

from . import child
from .environment import NotFound

HERE = Path(__file__).parent


class Case:
    """What the request says of a test, and how to run it."""

    def __init__(self, environments, limits, **fields):
        self.environments = environments
        self.id = fields["id"]
        self.name = fields["name"]
        self.kind = fields["kind"]
        self.alone = fields["alone"]
        self.of = fields["environment"]
        self.limit = limits[self.kind]

    def run(self):
        """Why it failed (None if it passed), and the end of what it printed."""
        scratch = Path(tempfile.mkdtemp(prefix="image-test-"))
        try:
            environment = self.environments.get(self.of)
            return getattr(self, f"run_{self.kind}")(environment, scratch)
        except (NotFound, OSError, shutil.Error) as error:
            return str(error), ""
        finally:
            # What a test made unremovable goes with the container.
            shutil.rmtree(scratch, ignore_errors=True)

    def run_import(self, environment, scratch):
        """The import alone, in an interpreter of its own, with an empty directory to stand in."""
        outcome, empty = scratch / "outcome", scratch / "empty"
        empty.mkdir()
        program = (HERE / "importing.py").read_text()
        done = child.run([environment.python, "-c", program, self.name, outcome], empty, environment, self.limit)
        if not outcome.exists():
            # Also with status 0: that means nothing before the import was over.
            return f"the interpreter {done.verb} while importing {self.name}", done.output
        why = outcome.read_text(encoding="utf-8")
        if not why and not done.passed:
            why = f"imported, but then the interpreter {done.ending}"
        return why or None, done.output

    def run_notebook(self, environment, scratch):
        """A notebook by its kernel, a .py by the interpreter, in a copy of the directory around it."""
        source = self.source(environment)
        copy = copied(source.parent, scratch / "copy")
        if source.suffix == ".py":
            return whole(child.run([environment.python, source.name], copy, environment, self.limit))
        python, reason = environment.notebook_python(), scratch / "reason"
        command = [python, HERE / "notebook.py", source.name, environment.kernel(python), reason]
        done = child.run(command, copy, environment, self.limit)
        if done.was_ended or not reason.exists():
            return whole(done)
        return reason.read_text(encoding="utf-8"), done.output

    def run_script(self, environment, scratch):
        """The environment's own script, in a copy of its directory."""
        copy = copied(environment.specs, scratch / "copy") / "tests"
        return whole(child.run(["./test"], copy, environment, self.limit))

    def source(self, environment):
        """The notebook in the repository, else the image's own."""
        places = [environment.specs / "tests", Path("/opt/environments") / environment.name / "tests"]
        found = [place / self.name for place in places if (place / self.name).is_file()]
        if not found:
            raise NotFound(f"there is no {self.name}, neither in the repository nor in the image")
        return found[0]


def copied(source, target):
    """A copy of a directory that a test may write to."""
    ignore = shutil.ignore_patterns(".ipynb_checkpoints")
    return Path(shutil.copytree(source, target, symlinks=True, ignore=ignore))


def whole(done):
    """The result of a program whose status says all."""
    return (None if done.passed else done.ending), done.output
