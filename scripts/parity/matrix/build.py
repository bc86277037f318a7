"""image-build, image-base, image-build-all: the whole chain, and a failure at each of its calls."""

from case import Case

from .words import QUAY, base, freeze, missions, modes

STACK = ["docker-stacks-foundation", "base-notebook", "minimal-notebook", "scipy-notebook"]


def cases(generation):
    def case(label, configure, **more):
        return Case(generation, "image-build", label, configure=configure, **more)

    for mission in missions(generation):
        for mode in modes(generation):
            for on in (0, 1):
                flags = [mission, f"--use-frozen={mode}", freeze(generation, on)]
                yield case(f"{mission}-{mode}-{on}-quay", [*flags, QUAY])
                if mission == "roman":
                    yield case(f"{mission}-{mode}-{on}-source", flags, stacks=True, shape="recorded-base")
    yield from special(generation, case)
    yield from failing(generation, case)
    yield from shaped(generation, case)
    yield from bases(generation)
    yield from everything(generation)


def special(generation, case):
    yield case("release", ["roman", "--cal-version=0.13.0", freeze(generation, 1), QUAY])
    yield case("latest", ["roman", "--cal-version=latest", QUAY])
    yield case("aarch64", ["roman", "--platform=linux/aarch64", QUAY])
    yield case("elsewhere", ["roman", QUAY], cwd="deployments/tike")
    yield case("outside", ["roman", QUAY], cwd="{sandbox}")
    yield case("exported-id", ["roman", QUAY], env={"NOTEBOOK_ID": "mine:1", "USE_FROZEN": "1"})
    yield Case(generation, "image-build", "unset")
    yield case("customised", ["roman", QUAY], shape="customised")
    yield case("customised-frozen", ["roman", "--use-frozen=1", freeze(generation, 1), QUAY], shape="customised")
    if generation == "newest":
        for mission in ("roman", "wrangler"):
            for on in (0, 1):
                yield case(f"{mission}-repack-{on}", [mission, "--repack=1", f"--freeze={on}", QUAY])
        yield case("repack-source", ["roman", "--repack=1"], stacks=True)
        yield case("no-caching", ["roman", "--no-docker-caching", QUAY])
        yield case("scipy-source", ["roman", "--base-notebook=scipy-notebook"], stacks=True)
        yield case("scipy-quay", ["roman", "--base-notebook=scipy-notebook", QUAY])


def failing(generation, case):
    calls = ["pull", "build notebook-common", "build notebook-roman-dirty", "build notebook-roman:latest", "rmi"]
    for call in calls:
        label = "fails-" + call.replace(" ", "-").replace(":", "-")
        yield case(label, ["roman", freeze(generation, 1), QUAY], fail={"docker " + call: 17})
    for call in ("cp", "stop", "container rm"):
        flags = ["roman", freeze(generation, 1), QUAY]
        yield case("fails-freeze-" + call.replace(" ", "-"), flags, fail={"docker " + call: 17})
    flags = ["roman", freeze(generation, 1), QUAY]
    yield case("fails-freeze-container", flags, fail={"docker run -d": 125, "docker create": 125})
    yield case("pull-fails-is-here", ["roman", QUAY], fail={"docker pull": 1}, images=[base(generation)])
    for name in STACK[: 4 if generation == "2024" else 3]:
        yield case(f"fails-{name}", ["roman"], stacks=True, fail={f"docker build spacetelescope/{name}:latest": 9})
    yield case("update-fails", ["roman", "--cal-version=1.2.3", QUAY], shape="update-fails")


def shaped(generation, case):
    for shape in ("explicit", "both-specs", "no-spec", "no-frozen", "new-env", "stray-frozen", "no-custom", "no-tests",
                  "edited-frozen", "edited-dockerfile", "no-hints"):
        yield case(f"{shape}-floating", ["roman", QUAY], shape=shape)
    for shape in ("no-frozen", "new-env", "stray-frozen", "edited-frozen", "no-spec", "both-specs"):
        yield case(f"{shape}-frozen", ["roman", "--use-frozen=frozen", QUAY], shape=shape)
    if generation == "2024":
        yield case("no-chilly-floating", ["roman", QUAY], shape="no-chilly")
        yield case("no-chilly-chilly", ["roman", "--use-frozen=chilly", QUAY], shape="no-chilly")


def bases(generation):
    def case(label, *flags, **more):
        return Case(generation, "image-base", label, configure=["roman", *flags], **more)

    for mode in modes(generation):
        for on in (0, 1):
            for shape in ("plain", "recorded-base"):
                flags = [f"--use-frozen={mode}", freeze(generation, on)]
                yield case(f"{mode}-{on}-{shape}", *flags, shape=shape, stacks=True)
    yield case("no-clone", freeze(generation, 1))
    yield case("no-clone-frozen", "--use-frozen=1", shape="recorded-base")
    yield case("quay", QUAY, stacks=True)
    for name in STACK:
        yield case(f"fails-{name}", stacks=True, fail={f"docker build spacetelescope/{name}:latest": 9})
    if generation == "newest":
        yield case("scipy", "--base-notebook=scipy-notebook", stacks=True)
        yield case("pytorch", "--base-notebook=pytorch-notebook", stacks=True)
        yield case("repack", "--repack=1", stacks=True)
        yield case("on-github", stacks=True, env={"GITHUB_RUN_ID": "1"})


def everything(generation):
    def case(label, *args, **more):
        return Case(generation, "image-build-all", label, list(args), configure=["roman"], stacks=True, **more)

    yield case("default")
    yield case("frozen", "1")
    yield case("both", "0 1")
