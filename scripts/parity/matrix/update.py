"""image-update and update-all."""

from case import Case

from .run import EVERY_MISSION
from .words import freeze, missions, modes


def cases(generation):
    def case(label, configure, *args, **more):
        return Case(generation, "image-update", label, list(args), configure=configure, **more)

    for mission in missions(generation):
        for mode in modes(generation):
            for version in ("none", "latest", "0.13.0") if mission == "roman" else ("none",):
                flags = [mission, f"--use-frozen={mode}", f"--cal-version={version}"]
                yield case(f"{mission}-{mode}-{version}", flags)
    yield case("elsewhere", ["roman", "--cal-version=0.13.0"], cwd="deployments/common/tools")
    yield case("outside", ["roman", "--cal-version=0.13.0"], cwd="{sandbox}")
    yield Case(generation, "image-update", "unset")
    yield case("changed-since-sourced", ["tike"], env={"USE_FROZEN": "1"})
    release = ["roman", "--cal-version=0.13.0"]
    for shape in ("edited-frozen", "edited-dockerfile", "edited-custom", "stale-dockerfile", "no-custom"):
        for mode in ("floating", "frozen"):
            yield case(f"{shape}-{mode}", ["roman", f"--use-frozen={mode}"], shape=shape)
    for shape in ("no-frozen", "new-env", "stray-frozen", "explicit", "both-specs", "update-fails",
                  "update-not-executable", "no-custom"):
        yield case(f"{shape}-release", release, shape=shape)
    yield case("curl-fails", release, fail={"curl": 6})
    yield case("curl-fails-latest", ["roman", "--cal-version=latest"], fail={"curl": 22})
    yield case("not-found", ["roman", "--cal-version=9.9.9"])
    yield from all_missions(generation)


def all_missions(generation):
    def case(label, *args, **more):
        return Case(generation, "update-all", label, list(args), **more)

    yield case("fresh")
    yield case("configured", configure=["roman", "--use-frozen=frozen", freeze(generation, 1)])
    yield case("elsewhere", configure=["roman"], cwd="deployments")
    yield case("edited-frozen", configure=["roman"], shape="edited-frozen")
    if generation == "newest":
        for word in ("--update", "--build", "--test"):
            yield case(word.strip("-"), word, configure=["roman"], stacks=True, transcript=EVERY_MISSION)
