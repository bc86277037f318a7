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
    sheet = bench.sheet
    sheet.title("image-update, 200 ms for each answer")
    sheet.figure("one file (curl)", one)
    sheet.figure("two environments of two files each", four)
    sheet.figure("times one file", four / one, unit="", at_most=1.2)
    small = most_memory(tool, trees["small"])
    sheet.figure("most memory held: four files of 12 bytes", small, unit="MiB")
    for kind, label in (("large", "four files of 4 MiB at a time"), ("endless", "four files of 64 MiB, refused")):
        held = most_memory(tool, trees[kind])
        sheet.figure(f"{label}: above that, for each body", (held - small) / 4, unit="MiB", at_most=8)
    server.shutdown()
