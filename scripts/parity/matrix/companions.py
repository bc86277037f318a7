"""What only the newest generation has: repacking, and the two entries for the notebook wrangler."""

from case import Case

from .words import QUAY


def cases(generation):
    if generation == "2024":
        return
    yield from repacks()
    yield from wrangler()


def repacks():
    def case(label, *args, **more):
        return Case("newest", "image-repack", label, list(args), configure=["roman"], images=["fat:1"], **more)

    yield case("keeps-source", "fat:1", "slim:1")
    yield case("deletes-source", "fat:1", "slim:1", "--delete-source")
    yield case("no-arguments")
    yield case("one-argument", "fat:1")
    yield case("no-image", "missing:1", "slim:1")
    for call in ("create", "export", "import", "rm", "build slim:1", "rmi"):
        label = "fails-" + call.replace(" ", "-").replace(":", "-")
        yield case(label, "fat:1", "slim:1", "--delete-source", fail={"docker " + call: 17})


def wrangler():
    def build(label, *args, **more):
        return Case("newest", "wrangler-build", label, list(args), **more)

    yield build("wrangler", "wrangler", QUAY)
    yield build("freezing", "wrangler", QUAY, "--freeze=1")
    yield build("outside", "wrangler", QUAY, configure=["roman"], cwd="{sandbox}")
    yield build("mistake", "hubble")
    yield build("fails", "wrangler", QUAY, fail={"docker build notebook-common": 17})

    def prune(label, *args, **more):
        return Case("newest", "wrangler-prune", label, list(args), configure=["roman"], **more)

    all_five = ["notebook-common", "notebook-roman", "spacetelescope/minimal-notebook", "spacetelescope/base-notebook",
                "spacetelescope/docker-stacks-foundation"]
    yield prune("all", "roman", images=all_five)
    yield prune("some", "roman", images=["notebook-common"])
    yield prune("none", "roman")
    yield prune("tagged", "roman", images=["notebook-roman:v1"])
    yield prune("no-argument")
    yield prune("fails", "roman", images=all_five, fail={"docker rmi": 17})
