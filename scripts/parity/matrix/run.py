"""image-exec, image-test, image-sh, run-lab, image-graph-env: commands in an image."""

from case import Case

from .words import QUAY

SAID = r"image: .*"
HERE = ["notebook-roman:latest", "other:1"]


def tested(environment, package):
    """What the image's own scripts print of an environment, all of whose imports work."""
    return [
        f"{'=' * 25} Testing Environment {environment} {'=' * 26}",
        f"{'-' * 25} Testing Imports {environment} {'-' * 26}",
        f"Importing {package} ... ok", "Skipping #old", "Importing scipy ... ok",
        "=" * 80, " Failing imports: 0 ".center(80, "="), "",
    ]


TRANSCRIPT = "\n".join([*tested("lenses", "galsim"), *tested("roman-cal", "romancal")])
# What would pass in the image of any mission.
EVERY_MISSION = "\n".join([TRANSCRIPT, *tested("masterclass", "jdaviz"), *tested("tess", "lightkurve")])


def cases(generation):
    yield from runs(generation)
    yield from tests(generation)
    yield from shells(generation)
    yield from graphs(generation)


def runs(generation):
    def case(label, *args, **more):
        more.setdefault("images", HERE)
        more.setdefault("configure", ["roman"])
        return Case(generation, "image-exec", label, list(args), stdout=SAID, **more)

    yield case("echo", "echo", "hi")
    yield case("nothing")
    yield case("switches", "ls", "-l", "--all", "/opt")
    yield case("elsewhere", "pwd", cwd="deployments/common")
    yield case("outside", "pwd", cwd="{sandbox}")
    yield case("spaces", "bash", "-c", "echo hi there")
    yield case("star", "ls", "*")
    yield case("fails", "false", container_status=42)
    yield case("fails-1", "false", container_status=1)
    yield case("no-image", "true", images=[])
    yield case("another", "true", env={"EXEC_ID": "other:1"})
    yield case("user", "id", env={"SP_USER": "1000"})
    yield case("root", "id", env={"SP_USER": "root"})
    yield case("home", "ls", env={"SP_HOME": "{sandbox}/jovyan"})
    yield case("home-relative", "ls", env={"SP_HOME": "jovyan"})
    yield case("hub", "ls", env={"SP_HUB_INIT": "1"})
    yield case("hub-spaced", "ls", env={"SP_HUB_INIT": "yes please"})
    yield case("hub-user", "ls", env={"SP_HUB_INIT": "1", "SP_USER": "1000"})
    yield case("hub-fails", "ls", env={"SP_HUB_INIT": "1"}, container_status=3)
    yield case("aarch64", "uname", configure=["roman", "--platform=linux/aarch64"])
    yield case("quay", "uname", configure=["roman", QUAY])
    yield case("customised", "uname", shape="customised")
    yield case("parameters", "uname", env={"IMAGE_RUN_PARS": "--rm --memory 4g"})
    yield case("unset", "true", configure=None)


def tests(generation):
    def case(label, *args, **more):
        more.setdefault("images", HERE)
        more.setdefault("transcript", TRANSCRIPT)
        return Case(generation, "image-test", label, list(args), configure=["roman"], **more)

    yield case("passes")
    yield case("argument", "--test-imports")
    for status in (1, 2, 42, 125, 126, 127):
        yield case(f"fails-{status}", container_status=status)
    yield case("nothing-tested", transcript="")
    yield case("nothing-tested-no-tests", transcript="", shape="no-tests")
    yield case("died", transcript=TRANSCRIPT.rpartition("ok\n")[0].rpartition(" ok")[0])
    yield case("no-image", images=[])
    yield case("another", env={"EXEC_ID": "other:1"})
    yield case("user", env={"SP_USER": "1000"})
    yield case("home", env={"SP_HOME": "{sandbox}/jovyan"})
    yield case("dev", "--dev")
    yield case("customised", shape="customised")
    yield case("elsewhere", cwd="deployments")


def shells(generation):
    def shell(label, *args, **more):
        return Case(generation, "image-sh", label, list(args), configure=["roman"], images=HERE, **more)

    yield shell("plain")
    yield shell("image", "notebook-roman:latest")
    yield shell("another", "other:1")
    yield shell("dev", "--dev")
    yield shell("dev-image", "--dev", "notebook-roman:latest")
    yield shell("help", "--help")
    yield shell("fails", "other:1", container_status=7)

    def lab(label, *args, **more):
        return Case(generation, "run-lab", label, list(args), configure=["roman"], images=HERE, **more)

    yield lab("plain")
    yield lab("dev", "--dev")
    yield lab("unknown", "--colour")
    yield lab("user", env={"SP_USER": "root"})
    yield lab("fails", container_status=7)
    if generation == "newest":
        yield lab("pantry", env={"NBW_PANTRY": "{sandbox}/pantry", "CRDS_PATH": "{sandbox}/crds"})
        yield lab("mounts", env={"DATA_MOUNTS": "-v /data:/data"})


def graphs(generation):
    def case(label, *args, **more):
        return Case(generation, "image-graph-env", label, list(args), configure=["roman"], images=HERE, stdout=SAID, **more)

    yield case("one", "roman-cal")
    yield case("packages", "-r", "roman-cal", "numpy", "scipy")
    yield case("none", container_status=1)
