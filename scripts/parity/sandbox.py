"""Where one case is run: a copy of its tree, a home, stand-ins first on PATH; and what happened in it."""

import functools
import os
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import served
import tree
from facts import Facts
from snapshot import Snapshot

HERE = Path(__file__).parent
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
STAND_INS = ["docker", "curl", "git", "uuidgen", "journal.sh"]
AUTHORITY = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n"
# How long a command may take, in seconds: much, because machines may be busy.
PATIENCE = 600

class Shelf:
    """Trees by generation and shape, each made once."""

    def __init__(self, place):
        self.place = Path(place)
        self._lock = threading.Lock()
        self._locks = {}
        self._snapshots = {}

    def get(self, generation, name):
        path = self.place / f"{generation}-{name}"
        with self._lock:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            if not path.exists():
                made = path.with_suffix(".new")
                tree.make(made, generation, name)
                made.rename(path)
        return path

    def pristine(self, model):
        """A model's snapshot, taken once."""
        with self._lock:
            if model not in self._snapshots:
                self._snapshots[model] = Snapshot.of_model(model)
            return self._snapshots[model]


class Sandbox:
    """One case's place. `scripts` fills the tree's scripts/; `tools` comes first on PATH, if given."""

    def __init__(self, place, case, shelf, tools=None, directory="tree"):
        self.place, self.case, self.tools = Path(place), case, tools
        self.tree = self.place / directory
        self.home = self.place / "home"
        self._shelf = shelf
        self.model = shelf.get(case.generation, case.shape)
        self._lay_out(shelf)

    def _lay_out(self, shelf):
        for name in ("home", "bin", "tmp", "images", "containers"):
            (self.place / name).mkdir(parents=True)
        copy(self.model / "tree", self.tree)
        # Only some push to it.
        self.platform = self.model / "platform.git"
        if self.case.command.startswith("release"):
            self.platform = copy(self.platform, self.place / "platform.git")
        copy(self.model / "images" / self.case.mission, self.place / "image")
        for name in STAND_INS:
            (self.place / "bin" / name).symlink_to(HERE / "stand_ins" / name)
        (self.place / "bin/python").symlink_to(real_python())
        (self.place / "served").symlink_to(served.SERVED)
        self._write("real-git", real_git())
        self._write("authorities.pem", AUTHORITY if self.case.private_authority else "")
        self._write("fail", "".join(f"{status} {title}\n" for title, status in self.case.fail.items()))
        self._write("container-status", f"{self.case.container_status}\n")
        self._write("transcript", self.case.transcript + "\n")
        self._write_git_config()
        self._put_images()
        if self.case.stacks:
            copy(self.model / "docker-stacks", self.home / "docker-stacks")

    def _write_git_config(self):
        remotes = {"https://git.example/": f"{self.platform.parent}/", "git@git.example:": f"{self.platform.parent}/",
                   "https://github.com/jupyter/": f"{self.model}/"}
        lines = [f'[url "{target}"]\n\tinsteadOf = {source}\n' for source, target in remotes.items()]
        lines += ["[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n[safe]\n\tdirectory = *\n"]
        lines += ["[protocol \"file\"]\n\tallow = always\n"]
        (self.place / "gitconfig").write_text("".join(lines))

    def _put_images(self):
        """In the form that the stand-in keeps them in."""
        lines = []
        for count, name in enumerate(self.case.images, 1):
            name = name if ":" in name else name + ":latest"
            identity = f"{0xabc000000000 + count:012x}{0:052x}"
            self._write("images/" + name.replace("/", ","), f"{count}\n{identity}\n{name}\nUSE_FROZEN=0\n")
            lines.append(f"{identity} {name}\n")
        self._write("ids", "".join(lines))
        self._write("count", f"{len(lines) + 1}\n")

    def _write(self, name, text):
        (self.place / name).write_text(text)

    def put_originals(self, scripts):
        shutil.copytree(scripts, self.tree / "scripts")

    def put_tripwires(self, names):
        """Programs of the original's names, where its own would be: none of them may be called."""
        scripts = self.tree / "scripts"
        scripts.mkdir()
        for name in names:
            (scripts / name).symlink_to(HERE / "stand_ins/tripwire")

    @property
    def variables(self):
        path = [str(self.place / "bin"), SYSTEM_PATH]
        if self.tools:
            path.insert(0, str(self.tools))
        return {
            **tree.ENVIRONMENT, "PATH": ":".join(path), "HOME": str(self.home), "TMPDIR": str(self.place / "tmp"),
            "GIT_CONFIG_GLOBAL": str(self.place / "gitconfig"), "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CEILING_DIRECTORIES": str(self.place),
            # The host's private authorities would come into every build of ours.
            "SSL_CERT_FILE": str(self.place / "authorities.pem"),
        }

    def program(self, name):
        return str((self.tools or self.tree / "scripts") / name)

    def run(self, argv, script='exec "$@"', stdin="", variables=None):
        """Runs bash with `script` in the tree's root, `argv` as its arguments."""
        return subprocess.run(
            ["/bin/bash", "--norc", "--noprofile", "-c", script, "bash", *argv], cwd=self.tree, input=stdin,
            env={**self.variables, **(variables or {})}, capture_output=True, text=True, errors="replace",
            timeout=PATIENCE,
        )

    def configure(self):
        if self.case.configure is None:
            return
        done = self.run([self.program("image-configure"), *self.case.configure])
        if done.returncode:
            raise RuntimeError(f"{self.case.name}: image-configure: {done.stderr}")

    def measure(self, argv):
        """Runs the case's command, and tells what happened."""
        self.configure()
        shutil.rmtree(self.place / "calls", ignore_errors=True)
        before = self._shelf.pristine(self.model).before(self)
        lines = [". ./setup-env >/dev/null 2>&1"] if self.case.source and self.case.configure else []
        lines += [f"export {name}={shlex.quote(self.here(value))}" for name, value in self.case.env.items()]
        lines += [f"cd {shlex.quote(self.here(self.case.cwd))}", 'exec "$@"']
        done = self.run([self.here(word) for word in argv], "\n".join(lines), self.case.stdin)
        self.stderr = done.stderr
        return Facts.of(self, before, done)

    def here(self, text):
        """`text` with `{sandbox}` and `{root}` as this run's own, and `{server}` as what serves files."""
        if "{server}" in text:
            text = text.replace("{server}", served.place())
        return text.replace("{sandbox}", str(self.place)).replace("{root}", str(self.tree))

    def exported(self):
        """The variables that sourcing setup-env sets, and what `where` says."""
        script = "env -0; . ./setup-env >/dev/null 2>&1; printf 'PARITY\\0'; env -0; declare -F where >/dev/null && { printf 'where()='; where 2>&1 | tail -n 1; }"
        text = self.run([], script).stdout
        before, _, after = text.partition("PARITY\0")
        before = set(before.split("\0"))
        pairs = (pair.partition("=")[::2] for pair in after.split("\0") if pair and pair not in before)
        return {name: value.rstrip("\n") for name, value in pairs if name not in ("_", "PATH", "SHLVL")}


@functools.lru_cache(maxsize=None)
def real_git():
    return shutil.which("git")


@functools.lru_cache(maxsize=None)
def real_python():
    return os.path.realpath(sys.executable)


def copy(source, target):
    """Copies a tree with its times; much faster than doing it here."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    return target
