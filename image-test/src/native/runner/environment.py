"""Where an environment's interpreter is, and the variables of a command in it, as after `conda activate`."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

# Whether a Python can run notebooks.
CAN_RUN_NOTEBOOKS = (
    "import sys, importlib.util as u; sys.exit(not any(u.find_spec(m) for m in ('nbclient', 'papermill')))"
)


class NotFound(Exception):
    """There is no such environment, or nothing in the image that does what is needed."""


class Environments:
    """The environments of the image, each looked for once."""

    def __init__(self, root):
        self.root = root
        self.lock = threading.Lock()
        self.found = {}

    def get(self, name):
        """The environment `name`; raises NotFound."""
        with self.lock:
            if name not in self.found:
                try:
                    self.found[name] = Environment(name, self.root / "environments" / name)
                except NotFound as error:
                    self.found[name] = error
            found = self.found[name]
        if isinstance(found, NotFound):
            raise found
        return found


class Environment:
    """One environment: its interpreter, its variables, its tests in the repository."""

    def __init__(self, name, specs):
        self.name = name
        self.specs = specs
        self.python = interpreter(name)
        self.variables = activated(name, self.python.parent.parent)
        self.lock = threading.Lock()
        self.driver = None
        self.is_replaced = False

    def become(self, venv):
        """From now on it is the virtual environment `venv`, which was made with its interpreter."""
        self.python = venv / "bin/python"
        path = f"{venv}/bin{os.pathsep}{self.variables['PATH']}"
        self.variables = {**self.variables, "VIRTUAL_ENV": str(venv), "PATH": path}
        # The image's main Python would run notebooks in the kernel that this one replaces.
        self.is_replaced = True

    def notebook_python(self):
        """The Python that runs this environment's notebooks; raises NotFound."""
        with self.lock:
            if self.driver is None:
                self.driver = self.find_driver()
        return self.driver

    def find_driver(self):
        """Its own if that can, else the image's main one, whose kernels are found by name."""
        tried = []
        others = (conda_dir() / "bin/python", Path(sys.executable), shebang("papermill"))
        for python in (self.python, *(() if self.is_replaced else others)):
            if python and str(python) not in tried and os.access(python, os.X_OK):
                tried.append(str(python))
                check = subprocess.run([python, "-c", CAN_RUN_NOTEBOOKS], stdin=subprocess.DEVNULL, check=False)
                if check.returncode == 0:
                    return python
        raise NotFound(f"nothing that could run notebooks has nbclient or papermill: {', '.join(tried)}")

    def kernel(self, python):
        """The kernel of its notebooks: the one of its name, else the driver's own if that is in it."""
        if self.is_replaced:
            return "python3"
        is_own = python == self.python
        named = any(True for _ in kernelspecs(self.name, python.parent.parent))
        return "python3" if is_own and not named else self.name


def conda_dir():
    """Where conda is installed in the image."""
    return Path(os.environ.get("CONDA_DIR") or "/opt/conda")


def interpreter(name):
    """The interpreter of the environment `name`."""
    tried = []
    for python in candidates(name):
        if os.access(python, os.X_OK):
            return python
        tried.append(str(python))
    raise NotFound(f"the image has no environment {name}: there is neither {', '.join(tried)} nor a kernel of that name")


def candidates(name):
    """The places where it may be, the likely ones and those quickly asked for first."""
    yield conda_dir() / ("bin/python" if name == "base" else f"envs/{name}/bin/python")
    known = Path.home() / ".conda/environments.txt"
    prefixes = known.read_text().splitlines() if known.is_file() else []
    for spec in kernelspecs(name, conda_dir(), Path(sys.prefix)):
        program = shutil.which(json.loads(spec.read_text())["argv"][0])
        if program:
            yield Path(program)
    for prefix in [*prefixes, *conda_prefixes()]:
        if Path(prefix).name == name:
            yield Path(prefix) / "bin/python"


def conda_prefixes():
    """What conda itself, or the like, knows."""
    program = next(filter(None, map(shutil.which, ("conda", "mamba", "micromamba"))), None)
    if not program:
        return []
    listed = subprocess.run([program, "env", "list", "--json"], capture_output=True, check=False)
    try:
        return json.loads(listed.stdout).get("envs", [])
    except ValueError:
        return []


def kernelspecs(name, *prefixes):
    """The kernels of that name which the Pythons in `prefixes` find, in Jupyter's order."""
    places = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    places += [Path.home() / ".local/share/jupyter", *(prefix / "share/jupyter" for prefix in prefixes)]
    places += ["/usr/local/share/jupyter", "/usr/share/jupyter"]
    for place in filter(None, places):
        # Jupyter knows kernels by their names in lower case.
        for spelled in (name, name.lower()):
            spec = Path(place) / "kernels" / spelled / "kernel.json"
            if spec.is_file():
                yield spec


def activated(name, prefix):
    """Our variables as `conda activate` would change them: packages bring scripts for that."""
    variables = {**os.environ, "PATH": f"{prefix}/bin{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if not (prefix / "conda-meta").is_dir():
        return variables
    variables.update(CONDA_PREFIX=str(prefix), CONDA_DEFAULT_ENV=name)
    state = prefix / "conda-meta/state"
    if state.is_file():
        variables.update(json.loads(state.read_text()).get("env_vars", {}))
    scripts = sorted((prefix / "etc/conda/activate.d").glob("*.sh"))
    if scripts and shutil.which("bash"):
        source = 'for script do . "$script"; done >&2; env -0'
        done = subprocess.run(
            ["bash", "-c", source, "activate", *scripts],
            env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
        )
        pairs = [pair.partition("=") for pair in done.stdout.decode(errors="surrogateescape").split("\0")]
        variables = {key: value for key, equals, value in pairs if equals} or variables
    return variables


def shebang(program):
    """The interpreter of a script on PATH."""
    path = shutil.which(program)
    if not path:
        return None
    with open(path, "rb") as script:
        first = script.readline().decode(errors="replace").strip()
    return Path(first[2:].split()[0]) if first.startswith("#!/") else None
