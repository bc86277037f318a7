"""A deployments repository of our own making, as a clone with its remotes; the same commits every time."""

import os
import shutil
import subprocess
from pathlib import Path

import shape

CONTENT = Path(__file__).parent / "content"
STACK = ["docker-stacks-foundation", "base-notebook", "minimal-notebook", "scipy-notebook"]
STACKS_URL = "https://github.com/jupyter/docker-stacks.git"
# Both generations of docker-stacks name the image below in their own way.
BELOW = {"2024": ("ROOT_CONTAINER", "BASE_CONTAINER"), "newest": ("ROOT_IMAGE", "BASE_IMAGE")}

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_DATE": "2024-08-05T12:00:00Z",
    "GIT_COMMITTER_DATE": "2024-08-05T12:00:00Z",
    "GIT_AUTHOR_NAME": "A. Person",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A. Person",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "LC_ALL": "C",
    "TZ": "UTC",
}


def git(directory, *argv, config=os.devnull):
    variables = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": config, **ENVIRONMENT}
    argv = ["git", "-C", str(directory), *argv]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout


def make(place, generation, name):
    """Makes `tree`, its remote and docker-stacks in `place`, of the shape `name`."""
    place = Path(place)
    place.mkdir(parents=True)
    stacks(place, generation)
    tree = place / "tree"
    shutil.copytree(CONTENT / "both", tree)
    shutil.copytree(CONTENT / generation, tree, dirs_exist_ok=True)
    if not shape.is_unsaved(name):
        shape.apply(name, tree, generation)
    settle(tree, generation, place)
    commit(tree, place)
    if shape.is_unsaved(name):
        shape.apply(name, tree, generation)
    as_built(place, generation)


def settle(tree, generation, place):
    """What is derived: the generated Dockerfiles, the commit of docker-stacks, the tracked setup-env."""
    trailer = (tree / "deployments/common/Dockerfile.trailer").read_bytes()
    for mission in shape.missions(tree):
        custom = mission / "Dockerfile.custom"
        own = custom.read_bytes() if custom.exists() else b"ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN env-conda own\n"
        (mission / "Dockerfile").write_bytes(own + (trailer if custom.exists() else b""))
        record = mission / "env-frozen/docker-stacks.hash"
        if record.exists():
            older = git(place / "docker-stacks.git", "rev-parse", "main~1")
            record.write_text(older)
    template = tree / "setup-env.template"
    if generation == "2024" and template.exists():
        text = template.read_text().replace("DEPLOYMENT_NAME=none-yet", "DEPLOYMENT_NAME=jwebbinar")
        (tree / "setup-env").write_text(text)


def commit(tree, place):
    git(tree, "init", "--quiet", "--initial-branch=main", "--template=")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=the tree")
    (tree / ".git/info").mkdir(exist_ok=True)
    (tree / ".git/info/exclude").write_text("/scripts/\n")
    git(place, "clone", "--quiet", "--bare", "--template=", "tree", "platform.git")
    for name in ("origin", "upstream"):
        git(tree, "remote", "add", name, "https://git.example/platform.git")
        git(tree, "update-ref", f"refs/remotes/{name}/main", "HEAD")
    git(tree, "tag", "private")
    # A branch that changes one mission, and upstream's next commit.
    git(tree, "branch", "feature")
    git(place, "clone", "--quiet", "tree", "work")
    work = place / "work"
    for branch, name in (("feature", "roman"), ("next", "tike")):
        git(work, "checkout", "--quiet", "-B", branch, "origin/main")
        (work / f"deployments/{name}/MISSION_VERSION").write_text(f"{name}-99\n")
        git(work, "commit", "--quiet", "--all", f"--message={branch}")
        git(work, "push", "--quiet", "../platform.git", branch)
    git(tree, "fetch", "--quiet", "../work", "feature:feature")
    shutil.rmtree(work)
    for clone in (tree, place / "platform.git"):
        # Few files to copy, and none that git would look into again after copying.
        git(clone, "gc", "--quiet", "--prune=now")
        git(clone, "config", "core.trustctime", "false")
        git(clone, "config", "core.checkStat", "minimal")
        git(clone, "config", "gc.auto", "0")


def stacks(place, generation):
    """docker-stacks: two commits, the newest on main."""
    work = place / "stacks"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main", "--template=")
    root, below = BELOW[generation]
    for age in ("older", "newest"):
        for image in STACK:
            name = root if image == STACK[0] else below
            path = work / "images" / image / "Dockerfile"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"ARG {name}=elsewhere\nFROM ${name}\nENV STACK_AGE={age}\nRUN install {image}\n")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", f"--message={age}")
    git(place, "clone", "--quiet", "--bare", "--template=", "stacks", "docker-stacks.git")
    git(place, "clone", "--quiet", "--template=", "docker-stacks.git", "docker-stacks")
    git(place / "docker-stacks", "remote", "set-url", "origin", STACKS_URL)
    shutil.rmtree(work)


def as_built(place, generation):
    """What /opt of each mission's image holds: every environment, with newer pins than the tree."""
    for name in shape.MISSIONS[generation]:
        frozen = place / "images" / name / "opt/env-frozen"
        for layer in ("both", generation):
            content = CONTENT / layer / "deployments" / name / "env-frozen"
            if content.is_dir():
                shutil.copytree(content, frozen, dirs_exist_ok=True)
        for path in frozen.rglob("requirements.*"):
            text = path.read_text().replace("numpy==1.26.4", "numpy==2.0.1").replace("fftw=3.3.10", "fftw=3.3.11")
            path.write_text(text)
