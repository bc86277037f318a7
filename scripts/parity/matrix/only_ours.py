"""What the original cannot do at all, and must be as it does elsewhere: a path with a blank in it, a repository
without the two environment files, a host with an authority of its own, files that are fetched without a script."""

from dataclasses import replace

# The original ends with "too many arguments" there (D8).
SPACED = [
    "image-configure/2024/customised", "image-configure/newest/repack-1", "image-envs/2024/roman-configured",
    "image-update/2024/roman-floating-0.13.0", "image-update/newest/roman-frozen-none",
    "image-build/2024/roman-floating-1-quay", "image-build/2024/roman-floating-1-source",
    "image-build/2024/roman-frozen-0-quay", "image-build/newest/wrangler-floating-1-quay",
    "image-freeze/2024/roman", "image-chill/2024/roman", "image-cp/2024/to", "image-exec/2024/echo",
    "image-exec/newest/customised", "image-test/2024/passes", "image-sh/2024/dev-image", "run-lab/newest/dev",
    "update-all/2024/configured", "branch-changes-obj/2024/changed", "release-hashes/newest/roman",
]
# Ours generates what is not there; of the newest generation nothing would tell (2024 is the default).
BARE = ["jwebbinar-floating-0", "roman-frozen-1", "tike-chilly-1", "spacetelescope-aarch64", "quay-amd64", "all-flags"]
# With sources.json, what the script does with curl is done without either; with --run-scripts it runs.
DECLARED = ["roman-floating-0.13.0", "roman-frozen-0.13.0", "roman-floating-latest", "not-found"]
FROM_SERVER = ["--source-url=http://{server}/specs.example/{version}", "--insecure-host={server}", "--retries=0"]


def cases(originals):
    """Made of `originals`, which they are compared with."""
    known = {case.name: case for case in originals}
    for name in SPACED:
        case = known[name]
        yield replace(case, label=case.label + "-spaced", like=name, directory="my tree")
    for label in BARE:
        case = known["image-configure/2024/" + label]
        yield replace(case, label=label + "-bare", like=case.name, shape="bare")
    for name in ("image-build/2024/roman-floating-1-quay", "image-build/newest/roman-frozen-0-source"):
        yield replace(known[name], label=known[name].label + "-private", like=name, private_authority=True)
    for generation in ("2024", "newest"):
        for label in DECLARED:
            case = known[f"image-update/{generation}/{label}"]
            yield replace(case, label=label + "-declared", like=case.name, shape="sources", ours=FROM_SERVER)
            yield replace(case, label=label + "-script", like=case.name, shape="sources", ours=["--run-scripts"])
