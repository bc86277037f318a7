"""The shapes of a tree: what is special about it, before its first commit or after its last."""

import json
import os
import shutil
from pathlib import Path

MISSIONS = {"2024": ["jwebbinar", "roman", "tike"], "newest": ["jwebbinar", "roman", "tike", "wrangler"]}

# The rows of the table of rules that image-chill goes by, each a line of a spec.
CONDA_ROWS = [
    "a=1.2.3", "b=1.2", "c=2022a", "d=1.2.3.4", "f=1.2.3post1", "g=1.2.3rc1", "n=2023.3.post1", "q=1!2.3.4",
    "e=1.2.3=h123_0", "p=1.2.3.*", "l=1.2.3 # was l=1.2.2", '"r=1.2.3"', "ch::s=1.2.3", "t =1.2.3", "u=1.2=py_1.2.3",
]
CONDA_BAD_ROWS = ["i==1.2.3", "j~=1.2.3", "k>=1.2.3", "w>=1,<=1.2.3"]
PIP_ROWS = [
    "a==1.2.3", "b==1.2", "c==1", "n==2022a", "m==0.1b4", "d==1.2.3.4", "e==1.2.3.post1", "f==1.2.3rc1",
    "g==1.2.3.dev0", "h==2023.3.post1", "l==1!2.3.4", "o>=1.2.3", "p~=1.2.3", "v == 1.2.3", "w==1.2.3,!=1.2.5",
    'q==1.2.3 ; python_version == "3.11.1"', "s[extra]==1.2.3", "u @ git+https://git.example/u@1.2.3#egg=u",
    "    # via a",
]
PIP_BAD_ROWS = ["i==1.2.3+cu118", "j==1.2.3.*", "k===1.2.3", "# once foo==1.2.3", "t @ git+https://git.example/t@v==1.2.3"]


def missions(root):
    return [path for path in sorted((root / "deployments").iterdir()) if path.name != "common"]


def remove(*names):
    def change(root, generation):
        for mission in missions(root):
            for name in names:
                path = mission / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    return change


def write(name, text, mode=0o644):
    def change(root, generation):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    return change


def append(name, text):
    def change(root, generation):
        with open(root / name, "a") as file:
            file.write(text)

    return change


def move(old, new):
    def change(root, generation):
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)

    return change


def all_of(*changes):
    def change(root, generation):
        for one in changes:
            one(root, generation)

    return change


def replace(name, old, new):
    def change(root, generation):
        path = root / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    return change


def chill_rows(conda, pip):
    def change(root, generation):
        frozen = root / "deployments/roman/env-frozen/roman-cal"
        lines = ["name: roman-cal", "channels:", "  - https://conda.example/t", "dependencies:"]
        lines += [f"  - {row}" for row in conda]
        lines += ["  # - z=1.2.3", "  - pip:", "      - six==1.2.3", "prefix: /opt/conda/envs/x=1.2.3", ""]
        (frozen / "requirements.yml").write_text("\n".join(lines))
        (frozen / "requirements.txt").write_text("\n".join([*pip, ""]))

    return change


def customised(root, generation):
    """What people change in the two files."""
    path = root / "infrequent-env"
    lines = []
    for line in path.read_text().splitlines():
        name = line.replace("export ", "").partition("=")[0]
        if name == "DOCKER_BUILD_ARGS":
            line = line.replace("--progress plain", "--progress plain --pull --label team=sci").replace("--force-rm ", "")
        if name == "IMAGE_RUN_PARS":
            line = line.replace("--rm", "--rm --shm-size 2g -v /data:/data:ro")
        line = {
            "CONDA_VER": "export CONDA_VER=micromamba",
            "PIP_SWITCHES": "export PIP_SWITCHES='--retries 9 --no-input'",
            "USER_CACHE_DIRS": 'export USER_CACHE_DIRS="/home/jovyan/.cache /srv/pkgs"',
        }.get(name, line)
        lines.append(line)
    lines += ['export CRDS_SERVER_URL="https://crds.example/a b"', "export EXTRA=${DEPLOYMENT_NAME}-extra", ""]
    path.write_text("\n".join(lines))


def remove_roots(*names):
    def change(root, generation):
        for name in names:
            os.unlink(root / name)

    return change


def nothing(root, generation):
    """Nothing is special."""


ROMAN = "deployments/roman"
CAL = ROMAN + "/environments/roman-cal"

# What the environment's script does, as sources.
SOURCES = {
    "schema": 1,
    "kernel_name": "Roman Calibration {version}",
    "modes": {
        "release": {
            "base": "https://specs.example/{version}",
            "park": ["roman-cal.yml"],
            "files": [
                {"remote": "conda.txt", "local": "roman-cal.explicit", "kind": "explicit"},
                {"remote": "pip.txt", "local": "roman-cal.pip", "kind": "pip"},
            ],
        },
        "latest": {
            "base": "https://specs.example/{version}",
            "unpark": ["roman-cal.yml"],
            "files": [{"remote": "pip.txt", "local": "roman-cal.pip", "kind": "pip"}],
        },
    },
}

# Before the first commit.
COMMITTED = {
    "plain": nothing,
    "bare": remove_roots("setup-env.template", "infrequent-env"),
    "customised": customised,
    "no-frozen": remove("env-frozen"),
    "no-chilly": remove("env-chilly"),
    "no-custom": remove("Dockerfile.custom"),
    "no-tests": remove("environments/roman-cal/tests", "environments/lenses/tests"),
    "explicit": all_of(
        write(CAL + "/roman-cal.explicit", "# a release\n@EXPLICIT\nhttps://conda.example/python-3.11.9-0.conda\n"),
        move(CAL + "/roman-cal.yml", CAL + "/roman-cal.yml.disabled"),
    ),
    "both-specs": write(CAL + "/roman-cal.explicit", "@EXPLICIT\n"),
    "no-spec": move(CAL + "/roman-cal.yml", CAL + "/roman-cal.yml.disabled"),
    "new-env": write(ROMAN + "/environments/fresh/fresh.yml", "name: fresh\nchannels: []\ndependencies: []\n"),
    "stray-frozen": write(ROMAN + "/env-frozen/gone/requirements.txt", "gone==1.0.0\n"),
    "no-hints": remove("environments/common-hints.pip"),
    "no-pins": remove("env-frozen/roman-cal/requirements.txt"),
    "named-base": all_of(
        write(ROMAN + "/env-frozen/baseline/requirements.txt", "a==1.0.0\n"),
        write(ROMAN + "/environments/baseline/baseline.yml", "name: baseline\n"),
        write(ROMAN + "/env-frozen/database/requirements.txt", "a==1.0.0\n"),
        write(ROMAN + "/environments/database/database.yml", "name: database\n"),
    ),
    "update-fails": write(CAL + "/update-requirements", '#! /bin/sh\necho "$1" >CAL_VERSION\nexit 6\n', 0o755),
    "sources": write(CAL + "/sources.json", json.dumps(SOURCES)),
    "update-not-executable": write(CAL + "/update-requirements", "#! /bin/sh\n", 0o644),
    "rows": chill_rows(CONDA_ROWS, PIP_ROWS),
    "bad-rows": chill_rows(CONDA_BAD_ROWS, PIP_BAD_ROWS),
    "recorded-base": write(ROMAN + "/env-frozen/docker-stacks.hash", "{older docker-stacks}\n"),
}

# After the last commit: what somebody was in the middle of.
UNSAVED = {
    "edited-frozen": all_of(
        append(ROMAN + "/env-frozen/roman-cal/requirements.txt", "# looked at\n"),
        write(ROMAN + "/env-frozen/roman-cal/NOTES", "mine\n"),
    ),
    "edited-dockerfile": append(ROMAN + "/Dockerfile", "RUN echo mine\n"),
    "edited-custom": append(ROMAN + "/Dockerfile.custom", "RUN echo more\n"),
    "stale-dockerfile": write(ROMAN + "/Dockerfile", "FROM notebook-common\n"),
    "edited-version": write("deployments/common/VERSION", "9.9.9\n"),
    "local-tag": nothing,
}


def names():
    return [*COMMITTED, *UNSAVED]


def is_unsaved(name):
    return name in UNSAVED


def apply(name, root, generation):
    change = UNSAVED.get(name) or COMMITTED[name]
    change(Path(root), generation)
