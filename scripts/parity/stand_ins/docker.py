"""A docker without a daemon: it remembers images and containers, and what an image holds is a directory."""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile

from . import dockerfile, titles

VERSION = {"Client": {"Version": "20.10.24"}, "Server": {"Version": "20.10.24"}}


def main(journal, argv):
    return Docker(journal).run(argv)


def hexadecimal(text):
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def full_name(name):
    """Docker's own reading of a name: without a tag, `latest`."""
    return name if name.startswith("sha256:") or ":" in name.rsplit("/", 1)[-1] else name + ":latest"


class Docker:
    def __init__(self, journal):
        self.journal = journal
        self.images = journal.state["images"]
        self.containers = journal.state["containers"]

    def run(self, argv):
        title = titles.title("docker", argv)
        seen = self.seen(argv) if argv[:1] == ["build"] else {}
        self.journal.note("docker", argv, **seen)
        status = self.journal.failure(title)
        if status is not None:
            print("stand-in: told to fail", file=sys.stderr)
            return status
        command = argv[0] if argv else "help"
        rest = argv[1:]
        if command in titles.GROUPS and rest:
            command, rest = f"{command}_{rest[0]}", rest[1:]
        answer = getattr(self, "do_" + command, None)
        if answer is None:
            print(f"stand-in: docker {command}: not known here", file=sys.stderr)
            return 125
        return answer(rest) or 0

    # Images.

    def image(self, name):
        """The image called `name`, or with that id."""
        found = self.images.get(full_name(name))
        if found:
            return found
        return next((image for image in self.images.values() if name in (image["id"], image["id"][7:])), None)

    def add(self, name, variables, recipe):
        self.journal.state["made"] += 1
        made = {"id": "sha256:" + hexadecimal(full_name(name) + recipe), "variables": variables}
        self.images[full_name(name)] = {**made, "made": self.journal.state["made"], "name": full_name(name)}

    def no_image(self, name, status=1):
        print(f"Error: No such image: {name}", file=sys.stderr)
        return status

    def seen(self, argv):
        """What a build is given: the text of its Dockerfile, and the files of its context."""
        switches, context = titles.build_words(argv[1:])
        named = next((value for name, value in switches if name in ("-f", "--file")), "Dockerfile")
        if named != "Dockerfile" and os.path.exists(named):
            path = named
        else:
            path = os.path.join(context, named)
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            text = None
        files = {}
        for directory, _, names in os.walk(context):
            for name in names:
                full = os.path.join(directory, name)
                files[os.path.relpath(full, context)] = digest_of(full)[:12]
        where = {"context": os.path.realpath(context), "file": os.path.relpath(os.path.realpath(path), os.path.realpath(context))}
        files.pop(where["file"], None)
        return {**where, "dockerfile": text, "files": files}

    def do_build(self, argv):
        switches, _ = titles.build_words(argv)
        seen = self.seen(["build", *argv])
        if seen["dockerfile"] is None:
            print("failed to read the Dockerfile", file=sys.stderr)
            return 1
        arguments = dict(value.partition("=")[::2] for name, value in switches if name == "--build-arg")
        below = lambda name: (self.image(name) or {}).get("variables", {})  # noqa: E731
        variables = dockerfile.environment(seen["dockerfile"], arguments, below)
        self.add(titles.tag(switches), variables, json.dumps([arguments, seen["dockerfile"]]))

    def do_pull(self, argv):
        self.add(argv[-1], {}, "pulled")

    def do_rmi(self, argv):
        name = argv[-1]
        image = self.image(name)
        if image is None:
            return self.no_image(name)
        del self.images[image["name"]]

    def do_tag(self, argv):
        image = self.image(argv[0])
        if image is None:
            return self.no_image(argv[0])
        self.images[full_name(argv[1])] = {**image, "name": full_name(argv[1])}

    def do_inspect(self, argv):
        switches, names = titles.words(argv)
        described = [self.described(name) for name in names]
        if None in described:
            return self.no_image(names[described.index(None)])
        form = dict(switches).get("--format") or dict(switches).get("-f")
        if form is None:
            print(json.dumps(described, indent=1))
        else:
            print("\n".join(filled(form, one) for one in described))

    do_image_inspect = do_inspect

    def described(self, name):
        image = self.image(name)
        if image is None:
            return None
        variables = [f"{key}={value}" for key, value in image["variables"].items()]
        config = {
            "Env": variables, "WorkingDir": "/home/jovyan", "User": "1000", "ExposedPorts": {"8888/tcp": {}},
            "Entrypoint": ["tini", "--"], "Cmd": ["start-notebook.py"], "Labels": {"maker": "us"}, "OnBuild": None,
        }
        return {"Id": image["id"], "RepoTags": [image["name"]], "Config": config, "Size": 1000,
                "Architecture": "amd64", "Os": "linux", "RootFS": {"Layers": [image["id"]]}}

    def do_images(self, argv):
        quiet = any(word in ("-q", "--quiet") for word in argv)
        for image in sorted(self.images.values(), key=lambda image: -image["made"]):
            name, _, tag = image["name"].rpartition(":")
            print(image["id"][7:19] if quiet else f"{name:40} {tag:10} {image['id'][7:19]}")

    do_image_ls = do_images

    def do_import(self, argv):
        if argv[0] == "-":
            sys.stdin.buffer.read()
        self.add(argv[1], {}, "imported")

    # Containers.

    def do_create(self, argv):
        switches, rest = titles.words(argv)
        if self.image(rest[0]) is None:
            return self.no_image(rest[0])
        return self.contain(switches, rest)

    def contain(self, switches, rest):
        self.journal.state["made"] += 1
        container = hexadecimal(f"container {self.journal.state['made']}")
        self.containers[container] = {"name": dict(switches).get("--name"), "image": rest[0]}
        print(container)

    def do_run(self, argv):
        switches, rest = titles.words(argv)
        if self.image(rest[0]) is None:
            print(f"Unable to find image '{rest[0]}' locally", file=sys.stderr)
            return 125
        if any(name == "-d" for name, _ in switches):
            return self.contain(switches, rest)
        print("image:", json.dumps(rest[1:]))
        if rest[1:2] == ["/opt/environments/test"]:
            print(self.journal.case.get("transcript", ""))
        return self.journal.case.get("container_status", 0)

    def held(self, name):
        """The container, and whether there is one."""
        return next((key for key, c in self.containers.items() if name in (key, c["name"])), None)

    def do_cp(self, argv):
        _, (source, target) = titles.words(argv)
        container, _, path = source.partition(":")
        inside = self.journal.path("image" + path)
        if self.held(container) is None or not os.path.exists(inside):
            print(f"Error: No such container:path: {source}", file=sys.stderr)
            return 1
        if target == "-":
            self.journal.release()
            with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
                archive.add(inside, os.path.basename(path))
        elif os.path.isdir(inside):
            place = os.path.join(target, os.path.basename(path)) if os.path.isdir(target) else target
            shutil.copytree(inside, place, dirs_exist_ok=True)
        else:
            shutil.copy(inside, target)

    def do_export(self, argv):
        if self.held(argv[-1]) is None:
            return 1
        self.journal.release()
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
            for name in sorted(os.listdir(self.journal.path("image"))):
                archive.add(self.journal.path(os.path.join("image", name)), name)

    def do_rm(self, argv):
        container = self.held(titles.words(argv)[1][0])
        if container is None:
            print("Error: No such container", file=sys.stderr)
            return 1
        del self.containers[container]
        print(container)

    do_container_rm = do_rm

    def do_stop(self, argv):
        print(argv[-1])

    def do_ps(self, argv):
        """No container is ever left over here."""

    def do_version(self, argv):
        print(filled(argv[argv.index("--format") + 1], VERSION) if "--format" in argv else "20.10.24")

    def do_buildx_version(self, argv):
        print("github.com/docker/buildx 0.10.2")

    def do_info(self, argv):
        print("Server Version: 20.10.24")

    do_image_prune = do_system_prune = do_builder_prune = do_ps


def filled(form, value):
    """A Go template of the plain kind: `{{json .}}`, `{{.Client.Version}}`."""
    def answer(found):
        words = found.group(1).split()
        here = value
        for key in filter(None, words[-1].split(".")):
            here = here.get(key)
        return json.dumps(here) if words[0] == "json" else str(here)

    return re.sub(r"\{\{([^}]*)\}\}", answer, form)
