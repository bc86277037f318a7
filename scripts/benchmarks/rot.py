"""image-freeze rot against an index on this machine."""

import statistics
import subprocess
import time

from benchmarks import index
from benchmarks.environments import PINS
from benchmarks.timing import once


def measure(bench):
    """image-freeze rot of 350 pins, with a cold and with a warm cache, from an index on loopback."""
    root = bench.scratch / "rot"
    frozen = root / "deployments/roman/env-frozen/kernel"
    frozen.mkdir(parents=True)
    (root / "deployments/roman/environments/kernel").mkdir(parents=True)
    (frozen / "requirements.yml").write_text("dependencies:\n  - python=3.11.9\n")
    (frozen / "requirements.txt").write_text("".join(f"package-{number}==1.3.0\n" for number in range(PINS)))
    subprocess.run([bench.tools / "image-configure", "roman"], cwd=root, check=True, capture_output=True)
    server, address = index.serve()
    call = [bench.tools / "image-freeze", "rot", "--quiet", "--index", address]
    begun = time.perf_counter()
    subprocess.run(call, cwd=root, check=True, capture_output=True)
    cold = (time.perf_counter() - begun) * 1000
    warm = statistics.median(once(call, root) for _ in range(max(bench.rounds // 4, 3)))
    server.shutdown()
    bench.sheet.title("image-freeze rot of 350 pins (an index on loopback)")
    bench.sheet.figure("nothing in the cache", cold)
    bench.sheet.figure("a warm cache: the index is asked, and nothing is new", warm, at_most=2000)
