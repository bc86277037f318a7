"""How long each tool takes to start."""

from benchmarks.timing import side_by_side

TOOLS = ["image-configure", "image-update", "image-build", "image-test", "image-freeze", "release-tag"]


def measure(bench):
    """Each tool's --version against a process that does nothing."""
    bare = ([["/bin/true"]], bench.scratch)
    first, *medians = side_by_side([bare, *(([[bench.tools / tool, "--version"]], bench.scratch) for tool in TOOLS)],
                                   bench.rounds)
    sheet = bench.sheet
    sheet.title("start-up")
    sheet.figure("a bare process (`/bin/true`)", first)
    for tool, median in zip(TOOLS, medians):
        sheet.figure(f"`{tool} --version`, above a bare process", median - first, at_most=3)
