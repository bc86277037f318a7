"""image-test --native against the least time that is possible."""

import json
import os
import statistics
import subprocess
import sys
import time

RUNS = 3  # of which the middle one counts

# Plays docker: what is asked to run in a container runs here, as any engine would start it there.
DOCKER = """#!/bin/sh
case $1 in
    version) echo '24.0.7 24.0.7' ;;
    buildx) echo v0.13.1 ;;
    image) echo '[{"Id":"sha256:{id}","Config":{"Env":[],"Labels":null},"Size":1}]' ;;
    run) while [ "$1" != python3 ]; do shift; done; exec env CONDA_DIR={conda} {conda}/envs/bench/bin/time "$@" ;;
esac
"""

# The processor time of all that a command started, in seconds.
TIME = """#!{python}
import os, resource, subprocess, sys
status = subprocess.run(sys.argv[1:], check=False).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open({used!r}, "w").write(str(used.ru_utime + used.ru_stime))
sys.exit(status)
"""


def measure(bench):
    """image-test --native on tests that burn and sleep: its wall time against the least that is possible."""
    root, conda, used = bench.scratch / "native", bench.scratch / "conda", bench.scratch / "used"
    programs = {
        conda / "envs/bench/bin/python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
        conda / "envs/bench/bin/time": TIME.format(python=sys.executable, used=str(used)),
        bench.scratch / "bin/docker": DOCKER.replace("{id}", "0" * 64).replace("{conda}", str(conda)),
    }
    for path, text in programs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    tests = root / "deployments/roman/environments/bench/tests"
    tests.mkdir(parents=True)
    subprocess.run([bench.tools / "image-configure", "roman"], cwd=root, check=True, capture_output=True)
    burn = "import time\nwhile time.process_time() < {}: pass\n".format
    burners = [burn(seconds) for seconds in (0.9, 0.7, 0.5, 0.3, 0.1) for _ in range(3)]
    loads = {  # the longest first, as xargs is to start them
        "15 that burn 0.1 to 0.9 s": burners,
        "the same, and one that sleeps 7 s": ["import time; time.sleep(7)", *burners],
        "60 that do nothing": [""] * 60,
    }
    cores = len(os.sched_getaffinity(0))
    bench.sheet.title(f"image-test --native on {cores} cores")
    for title, texts in loads.items():
        names = [f"t{number}.py" for number in range(len(texts))]
        for path in tests.iterdir():
            path.unlink()
        for name, text in zip(names, texts):
            (tests / name).write_text(text)
        (tests / "notebooks").write_text("\n".join(names))
        run_native(bench, root)  # from then on it is known how long each takes
        walls = []
        for _ in range(RUNS):
            wall, slowest = run_native(bench, root)
            walls.append((wall, max(slowest, float(used.read_text()) / cores)))
        wall, least = sorted(walls, key=lambda one: one[0] / one[1])[RUNS // 2]
        # What else runs on the machine disturbs this as much.
        words = ["xargs", "-P", str(cores), "-n", "1", conda / "envs/bench/bin/python"]
        plain = []
        for _ in range(RUNS):
            start = time.perf_counter()
            subprocess.run(words, cwd=tests, check=True, text=True, input="\n".join(names))
            plain.append(time.perf_counter() - start)
        plain = statistics.median(plain)
        bench.sheet.figure(f"tests: {title}", wall, unit="s", note=f"the least possible {least:.2f}, `xargs -P` {plain:.2f}")
        bench.sheet.figure("times the least possible", wall / least, unit="", at_most=1.1)


def run_native(bench, root):
    """The wall time of one run, and the time of its slowest test, in seconds."""
    path = os.pathsep.join([str(bench.scratch / "bin"), os.environ["PATH"]])
    start = time.perf_counter()
    done = subprocess.run(
        [bench.tools / "image-test", "--native", "--again", "--engine", "docker"],
        cwd=root, check=True, capture_output=True,
        env={**os.environ, "PATH": path},
    )
    wall = time.perf_counter() - start
    environments = json.loads(done.stdout)["reports"][-1]["outcome"]["test"]["environments"]
    return wall, max(case["seconds"] for environment in environments for case in environment["cases"])
