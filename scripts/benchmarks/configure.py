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
    same = ([[tool, "roman", *flags]], ours)
    other = ([[tool, "roman", *flags], [tool, "tike", *flags]], ours)
    if bench.original is None:
        medians = [None, *side_by_side([same, other], bench.rounds)]
    else:
        script = [[sys.executable, "scripts/image-configure", "roman", *flags]]
        medians = side_by_side([(script, bench.original), same, other], bench.rounds)
    print(f"\n{'image-configure':<44} {'ms':>8} {'times faster':>13}")
    rows = ["the script it replaces", "ours, nothing to change", "ours, both files replaced and synced"]
    for row, median in zip(rows, medians):
        if median is None:
            print(f"{'  ' + row:<44} {'-':>8}   (no --original given)")
            continue
        ratio = f"{medians[0] / median:13.1f}" if medians[0] else ""
        print(f"{'  ' + row:<44} {median:8.2f} {ratio}")
