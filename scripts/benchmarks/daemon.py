"""A docker daemon of the benchmark's own: it sees no image of anybody's, and leaves none behind."""

import contextlib
import os
import shutil
import subprocess
import time

PATIENCE = 20  # seconds that a daemon may take to start


class Unavailable(Exception):
    """There can be no such daemon here; says why."""


@contextlib.contextmanager
def own(directory):
    """Starts one with all it has below `directory`, and sets DOCKER_HOST to it until the end."""
    for program in ("dockerd", "ip"):
        if shutil.which(program) is None:
            raise Unavailable(f"no `{program}` on PATH")
    if os.geteuid() != 0:
        raise Unavailable("only root can start a docker daemon of its own")
    directory.mkdir()
    (directory / "daemon.json").write_text("{}")
    # With a bridge of its own it leaves the other daemon's alone; the address is one that no network has.
    bridge, socket = f"bench{os.getpid()}", directory / "docker.sock"
    before = os.environ.get("DOCKER_HOST")
    with contextlib.ExitStack() as at_the_end:
        subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=True)
        at_the_end.callback(subprocess.run, ["ip", "link", "delete", bridge], check=False)
        subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", bridge], check=True)
        log = at_the_end.enter_context((directory / "log").open("w"))
        daemon = subprocess.Popen(
            ["dockerd", "--config-file", directory / "daemon.json", "--data-root", directory / "data", "--exec-root",
             directory / "exec", "--host", f"unix://{socket}", "--pidfile", directory / "pid", "--bridge", bridge,
             "--iptables=false", "--ip-forward=false", "--ip-masq=false"], stdout=log, stderr=log)
        # It mounts its own directory, and one that is killed leaves it so.
        at_the_end.callback(subprocess.run, ["umount", directory / "data"], check=False, capture_output=True)
        at_the_end.callback(stop, daemon)
        wait_for(socket, daemon, directory / "log")
        os.environ["DOCKER_HOST"] = f"unix://{socket}"
        at_the_end.callback(restore, before)
        yield


def wait_for(socket, daemon, log):
    """Returns as soon as the daemon listens."""
    until = time.monotonic() + PATIENCE
    while not socket.exists():
        if daemon.poll() is not None or time.monotonic() > until:
            said = log.read_text().splitlines()
            raise Unavailable(f"the daemon does not start: {said[-1] if said else 'it says nothing'}")
        time.sleep(0.1)


def stop(daemon):
    daemon.terminate()
    try:
        daemon.wait(60)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def restore(host):
    os.environ.pop("DOCKER_HOST", None)
    if host is not None:
        os.environ["DOCKER_HOST"] = host
