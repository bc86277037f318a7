"""What the network has, in served/, for those who ask it over HTTP: each host's files below its name.
The stand-in for curl gives the same."""

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVED = Path(__file__).parent / "served"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = (SERVED / self.path.lstrip("/")).resolve()
        is_there = SERVED in path.parents and path.is_file()
        body = (path if is_there else SERVED / "not-found.html").read_bytes()
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", "text/plain" if is_there else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody asked."""


@functools.lru_cache(maxsize=None)
def place():
    """`HOST:PORT` of a server on loopback; begun by the first that asks, and gone with this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"
