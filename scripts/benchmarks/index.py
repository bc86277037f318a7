"""A package index on loopback: as many packages as are asked for, of which nothing can be installed."""

import hashlib
import http.server
import json
import threading

SIMPLE = "application/vnd.pypi.simple.v1+json"
VERSIONS = 20  # of each package, each with a wheel


class Handler(http.server.BaseHTTPRequestHandler):
    """The simple API in JSON, with tags, and metadata beside each wheel."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple":
            self.answer(page(parts[-1]), SIMPLE)
        else:
            name, version = parts[-1].split("-")[:2]
            self.answer(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n".encode(), "text/plain")

    def answer(self, body, kind):
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        known = self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else 200)
        self.send_header("ETag", tag)
        if not known:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def page(name) -> bytes:
    """The page of the package `name`."""
    files = []
    for version in range(VERSIONS):
        wheel = f"{name.replace('-', '_')}-1.{version}.0-py3-none-any.whl"
        files.append({"filename": wheel, "url": f"/files/{wheel}", "hashes": {"sha256": hashlib.sha256(wheel.encode()).hexdigest()},
                      "requires-python": ">=3.8", "size": 1000, "upload-time": "2024-01-01T00:00:00Z", "yanked": False,
                      "core-metadata": True})
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()


def serve():
    """A server, and the address of its index."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/simple"
