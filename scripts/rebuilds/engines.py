"""Engines with a store of their own: they have no image of anybody's, and leave none behind."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

PATIENCE = 30  # seconds that a daemon may take to start


class Unavailable(Exception):
    """There can be no such engine here; says why."""


@contextlib.contextmanager
def own(options, directory, *, owner=0, prefix=(), path=None):
    """An environment in which `options.engine` keeps all it has below `directory`, which belongs to `owner`.

    A daemon is started behind the words `prefix`, with `path` for its PATH.
    """
    directory.mkdir(parents=True, exist_ok=True)
    os.chown(directory, owner or os.geteuid(), owner or os.getegid())
    env = dict(os.environ)
    if path:
        env["PATH"] = path
    if options.engine == "docker":
        with daemon(options, directory, env, (owner, prefix)) as host:
            yield env | {"DOCKER_HOST": host, "DOCKER_CONFIG": str(docker_config(directory, owner))}
        return
    driver = "overlay" if os.geteuid() == 0 else "vfs"
    conf = directory / "storage.conf"
    conf.write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{directory}/graph"\nrootless_storage_path = "{directory}/graph"\nrunroot = "{directory}/run"\n')
    yield env | {"CONTAINERS_STORAGE_CONF": str(conf)}


def docker_config(directory, owner):
    """A configuration of docker's client without logins, and with its plugins."""
    home = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    config = directory / "client"
    (config / "cli-plugins").mkdir(parents=True, exist_ok=True)
    for plugin in (home / "cli-plugins").glob("docker-*"):
        link = config / "cli-plugins" / plugin.name
        if not link.exists():
            link.symlink_to(plugin.resolve())
    for path in (config, config / "cli-plugins"):
        os.chown(path, owner or os.geteuid(), owner or os.getegid())
    return config


@contextlib.contextmanager
def daemon(options, directory, env, circumstance):
    """A docker daemon; its address."""
    owner, prefix = circumstance
    for program in ("dockerd", "ip"):
        if shutil.which(program) is None:
            raise Unavailable(f"no `{program}` on PATH")
    if os.geteuid() != 0:
        raise Unavailable("only root can start docker daemons of its own")
    config = {"features": {"containerd-snapshotter": True}} if options.containerd_store else {}
    (directory / "daemon.json").write_text(json.dumps(config))
    # With a bridge of its own it leaves another daemon's alone; the address is one that no network has.
    bridge = f"rb{os.getpid()}"
    # A socket's path has 107 bytes at most.
    socket = Path(f"/run/prove-rebuild-{os.getpid()}.sock")
    with contextlib.ExitStack() as at_the_end:
        subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=True)
        at_the_end.callback(subprocess.run, ["ip", "link", "delete", bridge], check=False)
        subprocess.run(["ip", "address", "add", "192.0.2.129/25", "dev", bridge], check=True)
        log = at_the_end.enter_context((directory / "log").open("w"))
        words = ["dockerd", "--config-file", directory / "daemon.json", "--data-root", directory / "data",
                 "--exec-root", directory / "exec", "--host", f"unix://{socket}", "--pidfile", directory / "pid",
                 "--bridge", bridge, "--iptables=false", "--ip-forward=false", "--ip-masq=false"]
        running = subprocess.Popen([*prefix, *words], stdout=log, stderr=log, env=env)
        at_the_end.callback(socket.unlink, missing_ok=True)
        # It mounts its own directory, and one that is killed leaves it so.
        at_the_end.callback(subprocess.run, ["umount", directory / "data"], check=False, capture_output=True)
        at_the_end.callback(stop, running)
        wait_for(socket, running, directory / "log")
        os.chown(socket, owner, owner)
        yield f"unix://{socket}"


def wait_for(socket, running, log):
    """Returns as soon as the daemon listens."""
    until = time.monotonic() + PATIENCE
    while not socket.exists():
        if running.poll() is not None or time.monotonic() > until:
            said = log.read_text().splitlines()
            raise Unavailable(f"the daemon does not start: {said[-1] if said else 'it says nothing'}")
        time.sleep(0.1)


def stop(running):
    """Ends a daemon that was started here."""
    running.terminate()
    try:
        running.wait(60)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
