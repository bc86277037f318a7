"""image-update against a single fetch, and what a body costs in memory."""

import http.server
import json
import os
import subprocess
import threading
import time

from benchmarks.timing import most_memory, side_by_side

LATENCY = 0.2
BODY = 4 << 20


class Artifacts(http.server.BaseHTTPRequestHandler):
    """Answers after LATENCY; what is called `large` is as large as a body may be, what is called `endless` is larger."""

    def do_GET(self):
        time.sleep(LATENCY)
        size = {"large": BODY, "endless": 16 * BODY}.get(self.path.split("/")[1], 0)
        line = b"# padding, " + b"x" * 52 + b"\n"
        body = b"asdf==3.0.1\n" + line * ((size - 12) // len(line))
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # more than it may be

    def log_message(self, *_):
        pass


def update_tree(bench, root, port, kind):
    """A clone with two environments of two files each."""
    for name in ("one", "two"):
        directory = root / "deployments/roman/environments" / name
        directory.mkdir(parents=True)
        files = [{"remote": f"{n}.txt", "local": f"{n}.pip", "kind": "pip"} for n in ("a", "b")]
        mode = {"base": f"http://127.0.0.1:{port}/{kind}/{{version}}", "files": files}
        (directory / "sources.json").write_text(json.dumps({"schema": 1, "modes": {"release": mode}}))
    (root / "deployments/common").mkdir()
    subprocess.run([bench.tools / "image-configure", "roman", "--cal-version=1.0", "--insecure-host=127.0.0.1"], cwd=root,
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(bench):
    """image-update with two environments of two files each against one fetch, and what a body costs in memory."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Artifacts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    trees = {kind: bench.scratch / kind for kind in ("small", "large", "endless")}
    for kind, tree in trees.items():
        update_tree(bench, tree, port, kind)
    tool = [bench.tools / "image-update"]
    single = ([["curl", "-sSf", "-o", os.devnull, f"http://127.0.0.1:{port}/small/1.0/a.txt"]], bench.scratch)
    one, four = side_by_side([single, ([tool], trees["small"])], max(bench.rounds // 4, 3))
    print(f"\n{'image-update, 200 ms for each answer':<44} {'ms':>8} {'times one':>11}")
    print(f"{'  one file (curl)':<44} {one:8.2f}")
    print(f"{'  two environments, two files each':<44} {four:8.2f} {four / one:11.2f}")
    small = most_memory(tool, trees["small"])
    print(f"\n{'image-update, most memory held':<44} {'MiB':>8} {'above':>11}")
    print(f"{'  four files of 12 bytes':<44} {small:8.1f}")
    for kind, label in (("large", "four files of 4 MiB at a time"), ("endless", "four files of 64 MiB, refused")):
        held = most_memory(tool, trees[kind])
        print(f"{'  ' + label:<44} {held:8.1f} {held - small:11.1f}")
    server.shutdown()
