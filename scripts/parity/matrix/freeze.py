"""image-freeze, image-chill, image-cp: what comes out of an image, and what is made of it."""

from case import Case

from .words import missions


def built(mission):
    return [f"notebook-{mission}:latest"]


def cases(generation):
    def case(label, mission, **more):
        more.setdefault("images", built(mission))
        return Case(generation, "image-freeze", label, configure=[mission], **more)

    for mission in missions(generation):
        yield case(mission, mission)
    yield case("no-image", "roman", images=[])
    for call in ("cp", "stop", "container rm", "export"):
        yield case("fails-" + call.replace(" ", "-"), "roman", fail={"docker " + call: 17})
    yield case("fails-container", "roman", fail={"docker run -d": 125, "docker create": 125})
    for shape in ("no-frozen", "new-env", "stray-frozen", "edited-frozen", "recorded-base"):
        yield case(shape, "roman", shape=shape)
    yield case("elsewhere", "roman", cwd="deployments/common")
    yield Case(generation, "image-freeze", "unset", images=built("roman"))
    if generation == "2024":
        yield from chills()
    yield from copies(generation)


def chills():
    def case(label, mission="roman", **more):
        return Case("2024", "image-chill", label, configure=[mission], **more)

    for mission in missions("2024"):
        yield case(mission, mission)
        yield case(mission + "-compat", mission, ours=["--compat"])
    for shape in ("rows", "bad-rows"):
        yield case(shape, shape=shape)
        yield case(shape + "-compat", shape=shape, ours=["--compat"])
    for shape in ("no-chilly", "no-frozen", "no-hints", "no-pins", "stray-frozen", "new-env", "edited-frozen", "named-base"):
        yield case(shape, shape=shape)
    yield case("elsewhere", cwd="deployments")
    yield Case("2024", "image-chill", "unset")


def copies(generation):
    def case(label, *args, **more):
        more.setdefault("images", [*built("roman"), "other:1"])
        return Case(generation, "image-cp", label, list(args), configure=["roman"], **more)

    yield case("one", "/opt/env-frozen")
    yield case("one-elsewhere", "/opt/env-frozen", cwd="deployments/common/tools")
    yield case("to", "/opt/env-frozen", "{root}/out")
    yield case("to-existing", "/opt/env-frozen/base", "{root}/deployments")
    yield case("a-file", "/opt/env-frozen/base/requirements.yml", "{root}/base.yml")
    yield case("image", "/opt/env-frozen", "{root}/out", "other:1")
    yield case("none")
    yield case("no-image", "/opt/env-frozen", images=[])
    yield case("no-path", "/opt/nothing")
    for call in ("cp", "stop", "container rm"):
        yield case("fails-" + call.replace(" ", "-"), "/opt/env-frozen", "{root}/out", fail={"docker " + call: 17})
    yield case("fails-container", "/opt/env-frozen", fail={"docker run -d": 125, "docker create": 125})
