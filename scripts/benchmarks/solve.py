"""image-freeze solve against the uv that it asks."""

import os
import subprocess
from pathlib import Path

from benchmarks import index, uv_program
from benchmarks.environments import PINS
from benchmarks.timing import side_by_side


def measure(bench):
    """image-freeze solve of 350 packages against the same search by uv itself, from an index on loopback."""
    sheet, root = bench.sheet, bench.scratch / "solve"
    sheet.title("image-freeze solve of 350 packages (an index on loopback)")
    uv, why = uv_program.find()
    if uv is None:
        sheet.left_out("solve", why)
        return
    specs = root / "deployments/roman/environments/kernel"
    specs.mkdir(parents=True)
    (specs / "kernel.yml").write_text("dependencies:\n  - python=3.11\n")
    (specs / "kernel.pip").write_text("".join(f"package-{number}\n" for number in range(PINS)))
    subprocess.run([bench.tools / "image-configure", "roman"], cwd=root, check=True, capture_output=True)
    server, address = index.serve()
    before = dict(os.environ)
    os.environ.update(PATH=f"{Path(uv).parent}:/usr/bin:/bin", UV_CACHE_DIR=str(bench.scratch / "cache"))
    try:
        ours = [bench.tools / "image-freeze", "solve", "--quiet", "--index", address]
        theirs = [uv, "pip", "compile", "--quiet", "--no-progress", "--python-version=3.11", "--no-strip-extras", "--no-header",
                  "--python-platform=x86_64-manylinux_2_31", "--default-index", address, "--output-file=out.txt", specs / "kernel.pip"]
        for _ in range(2):
            subprocess.run(ours, cwd=root, check=True, capture_output=True)
        alone, solved = side_by_side([([theirs], bench.scratch), ([ours], root)], max(bench.rounds // 2, 3))
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.shutdown()
    sheet.figure("`uv pip compile`", alone)
    sheet.figure("`image-freeze solve`", solved)
    sheet.figure("what it adds to uv", solved - alone, at_most=10)
