"""image-envs: one line of names, whose order is the file system's in the original."""

from case import Case

from .words import missions


def cases(generation):
    def case(label, *args, **more):
        return Case(generation, "image-envs", label, list(args), stdout=r"[\w. -]*", unordered=True, **more)

    for mission in missions(generation):
        yield case(f"{mission}-configured", configure=[mission])
        yield case(f"{mission}-named", mission, configure=["tike"])
    yield case("elsewhere", configure=["roman"], cwd="deployments/common")
    yield case("outside", configure=["roman"], cwd="{sandbox}")
    yield case("unknown", "hubble", configure=["roman"])
    yield case("unset")
    for shape in ("no-frozen", "new-env", "stray-frozen", "named-base"):
        yield case(shape, configure=["roman"], shape=shape)
