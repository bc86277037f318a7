"""branch-changes-obj: one word and a status."""

from case import Case

MAIN = "origin/main"


def cases(generation):
    def case(label, *args, **more):
        return Case(generation, "branch-changes-obj", label, list(args), stdout="changed|unchanged", **more)

    roman, tike, common = "deployments/roman", "deployments/tike", "deployments/common"
    yield case("changed", "feature", MAIN, roman)
    yield case("unchanged", "feature", MAIN, tike)
    yield case("one-of-two", "feature", MAIN, tike, roman)
    yield case("none-of-two", "feature", MAIN, tike, common)
    yield case("everything", "feature", MAIN, ".")
    yield case("no-paths", "feature", MAIN)
    yield case("current", "current", MAIN, roman)
    yield case("current-next", "current", "origin/next", tike, roman)
    yield case("tip-not-base", "feature", "origin/next", tike)
    yield case("upstream", "feature", "upstream/main", roman)
    yield case("uri", "feature", "https://git.example/platform.git@main", roman)
    yield case("uri-unchanged", "feature", "https://git.example/platform.git@main", tike)
    yield case("ssh", "feature", "git@git.example:platform.git@main", roman)
    yield case("no-arguments")
    yield case("help", "--help")
    yield case("no-baseline", "feature")
    yield case("unknown-branch", "nothing", MAIN, roman)
    yield case("unknown-baseline", "feature", "origin/nothing", roman)
    yield case("unknown-remote", "feature", "nowhere/main", roman)
    yield case("local-baseline", "feature", "main", roman)
    yield case("not-at-root", "feature", MAIN, roman, cwd="deployments")
    yield case("not-a-clone", "feature", MAIN, roman, cwd="{sandbox}")
    yield case("unsaved", "feature", MAIN, roman, shape="edited-version")
    yield case("configured", "feature", MAIN, roman, configure=["roman"])
