"""image-configure against the script that it replaces."""

import sys

from benchmarks.timing import side_by_side


def measure(bench):
    """image-configure, with and without a change to write, against the script it replaces."""
    ours = bench.scratch / "ours"
    for mission in ("roman", "tike", "jwebbinar"):
        (ours / "deployments" / mission / "environments").mkdir(parents=True)
    tool = bench.tools / "image-configure"
    flags = ["--owner", "quay.io/jupyter"]
    commands = {
        "`image-configure`, nothing to change": ([[tool, "roman", *flags]], ours),
        "`image-configure`, both files replaced and synced": ([[tool, "roman", *flags], [tool, "tike", *flags]], ours),
    }
    replaced = "the script it replaces"
    if bench.original is not None:
        commands[replaced] = ([[sys.executable, "scripts/image-configure", "roman", *flags]], bench.original)
    medians = dict(zip(commands, side_by_side(list(commands.values()), bench.rounds)))
    bench.sheet.title("image-configure")
    for what, median in medians.items():
        faster = f"{medians[replaced] / median:.1f} times faster" if replaced in medians and what != replaced else ""
        bench.sheet.figure(what, median, note=faster)
    if replaced not in medians:
        bench.sheet.left_out(replaced, "no `--original` given")
