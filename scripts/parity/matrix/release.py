"""release, release-hashes, release-post-merge: of the newest generation."""

from case import Case


def cases(generation):
    if generation == "2024":
        return

    def case(command, label, *args, **more):
        more.setdefault("configure", ["roman"])
        return Case("newest", command, label, list(args), **more)

    for answer in ("y", "Y", "yes", "YES", "Yes", "n", ""):
        yield case("release", f"answer-{answer or 'none'}", "2.0.0", "14.0.0", stdin=f"{answer}\n" if answer else "")
    yield case("release", "remote", "2.0.0", "14.0.0", "origin", stdin="y\n")
    yield case("release", "unknown-remote", "2.0.0", "14.0.0", "nowhere", stdin="y\n")
    yield case("release", "one-argument", "2.0.0")
    yield case("release", "no-arguments")
    yield case("release", "elsewhere", "2.0.0", "14.0.0", cwd="deployments", stdin="y\n")
    yield case("release", "edited-version", "2.0.0", "14.0.0", shape="edited-version", stdin="y\n")
    yield case("release", "edited-frozen", "2.0.0", "14.0.0", shape="edited-frozen", stdin="y\n")
    yield case("release", "unset", "2.0.0", "14.0.0", configure=None, stdin="y\n")
    yield case("release", "bad-version", "two", "14.0.0", stdin="y\n")
    for mission in ("roman", "tike", "wrangler"):
        yield case("release-hashes", mission, configure=[mission])
    yield case("release-hashes", "elsewhere", cwd="deployments")
    yield case("release-hashes", "edited", shape="edited-frozen")
    yield case("release-post-merge", "upstream", "upstream")
    yield case("release-post-merge", "origin", "origin", configure=["wrangler"])
    yield case("release-post-merge", "no-argument")
    yield case("release-post-merge", "unknown-remote", "nowhere")
    yield case("release-post-merge", "unset", "upstream", configure=None)
    yield case("release-post-merge", "edited", "upstream", shape="edited-version")
