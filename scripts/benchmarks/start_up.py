"""How long each tool takes to start."""

from benchmarks.timing import side_by_side

TOOLS = ["image-configure", "image-update", "image-build", "image-test", "image-freeze", "release-tag"]


def measure(bench):
    """Each tool's --version against a process that does nothing."""
    bare = ([["/bin/true"]], bench.scratch)
    medians = side_by_side([bare, *(([[bench.tools / tool, "--version"]], bench.scratch) for tool in TOOLS)], bench.rounds)
    print(f"{'start-up (--version)':<44} {'ms':>8} {'above bare':>11}")
    print(f"{'  a bare process (/bin/true)':<44} {medians[0]:8.2f}")
    for tool, median in zip(TOOLS, medians[1:]):
        print(f"{'  ' + tool:<44} {median:8.2f} {median - medians[0]:10.2f}")
