"""image-configure: every flag, both ways of giving a value, prefixes, mistakes."""

from case import Case

from .words import QUAY, freeze, missions, modes

ENVIRONMENTS = ["sandbox", "dev", "test", "prod", "int"]
NOTEBOOKS = ["scipy", "minimal", "base", "pytorch", "tensorflow", "julia", "pyspark", "r", "all-spark"]


def cases(generation):
    def case(label, *args, **more):
        return Case(generation, "image-configure", label, list(args), variables=True, **more)

    for mission in missions(generation):
        for mode in modes(generation):
            for on in (0, 1):
                yield case(f"{mission}-{mode}-{on}", mission, f"--use-frozen={mode}", freeze(generation, on))
    for number in range(len(modes(generation))):
        yield case(f"mode-{number}", "roman", "--use-frozen", str(number))
    for environment in ENVIRONMENTS:
        yield case(f"environment-{environment}", "roman", "--environment", environment)
    for owner in ("spacetelescope", "quay.io/jupyter"):
        for platform in ("linux/amd64", "linux/aarch64"):
            name = f"{owner.partition('.')[0]}-{platform.rpartition('/')[2]}"
            yield case(name, "tike", f"--owner={owner}", f"--platform={platform}")
    for version in ("none", "latest", "0.13.0", "12.0.1"):
        yield case(f"cal-{version}", "roman", f"--cal-version={version}")
    yield from shapes(generation, case)
    yield from mistakes(generation, case)
    if generation == "newest":
        yield from newest(case)


def shapes(generation, case):
    yield case("defaults", "jwebbinar")
    yield case("flags-first", "--use-frozen", "1", "jwebbinar")
    yield case("flag-shortened", "roman", "--use", "1", "--cal", "9.9.9", "--env=dev", "--plat", "linux/aarch64")
    yield case("all-flags", "roman", "--use-frozen=frozen", freeze(generation, 1), "--cal-version=1.2.3", QUAY,
               "--environment=prod", "--platform=linux/aarch64")
    yield case("customised", "roman", "--use-frozen=frozen", shape="customised")
    yield case("customised-quay", "tike", QUAY, shape="customised")
    yield case("again", "tike", configure=["roman", "--use-frozen=frozen", "--cal-version=1.2.3"], source=False)
    yield case("again-sourced", "tike", configure=["roman", "--use-frozen=frozen", freeze(generation, 1)])
    yield case("elsewhere", "roman", cwd="deployments")


def mistakes(generation, case):
    yield case("no-mission")
    yield case("unknown-mission", "hubble")
    yield case("two-missions", "roman", "tike")
    yield case("unknown-flag", "roman", "--colour=red")
    yield case("bad-mode", "roman", "--use-frozen=icy")
    yield case("bad-mode-3", "roman", "--use-frozen=3")
    yield case("bad-freeze", "roman", freeze(generation, 2))
    yield case("bad-environment", "roman", "--environment=moon")
    yield case("bad-platform", "roman", "--platform=linux/m68k")
    yield case("bad-owner", "roman", "--owner=me")
    yield case("ambiguous-prefix", "roman", "--e")
    yield case("prefix-of-two", "roman", "--p=linux/amd64")
    yield case("value-missing", "roman", "--use-frozen")
    yield case("mistake-keeps-old", "hubble", configure=["tike"], source=False)
    yield case("help", "--help")
    yield case("help-short", "-h")
    yield case("cal-empty", "roman", "--cal-version=")
    yield case("cal-None", "roman", "--cal-version=None")
    yield case("cal-v", "roman", "--cal-version=v1.2.3")
    yield case("cal-command", "roman", "--cal-version=1; touch injected")
    yield case("cal-backslash", "roman", "--cal-version=\\1")
    if generation == "2024":
        yield case("newest-flag", "roman", "--repack=1")
    else:
        yield case("chilly", "roman", "--use-frozen=chilly")


def newest(case):
    for notebook in NOTEBOOKS:
        yield case(f"base-{notebook}", "roman", f"--base-notebook={notebook}-notebook")
    yield case("bad-notebook", "roman", "--base-notebook=paper")
    for repack in (0, 1):
        yield case(f"repack-{repack}", "wrangler", "--repack", str(repack), "--freeze=1")
    yield case("no-caching", "wrangler", "--no-docker-caching")
    yield case("no-caching-frozen", "tike", "--no-docker-caching", "--use-frozen=1", QUAY)
