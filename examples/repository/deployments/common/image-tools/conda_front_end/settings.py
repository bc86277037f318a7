"""Where environments and packages live, and what channel names mean (condarc)."""

import os
from pathlib import Path

import yaml

from conda_front_end.fault import Fault


class Settings:
    """The merged condarc files; a later file in `candidates` overrides an earlier one."""

    def __init__(self, environ=os.environ):
        self.root = Path(environ.get("CONDA_DIR") or "/opt/conda")
        self.package_cache = Path(environ.get("CONDA_PKGS_DIRS", "").split(":")[0] or self.root / "pkgs")
        values = {}
        for path in self.candidates(environ):
            values.update(self.read(path))
        self.alias = (environ.get("CONDA_CHANNEL_ALIAS") or values.get("channel_alias") or "").rstrip("/")
        self.channels = [str(name) for name in values.get("channels") or ["conda-forge"]]

    def candidates(self, environ):
        """The condarc files that count, lowest priority first."""
        home = Path(environ.get("HOME", "/"))
        named = [Path(environ["CONDARC"])] if environ.get("CONDARC") else []
        return [Path("/etc/conda/condarc"), self.root / ".condarc", home / ".condarc", *named]

    @staticmethod
    def read(path):
        """The mapping in one condarc; an absent file is an empty one."""
        if not path.is_file():
            return {}
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise Fault(f"{path}: not valid YAML: {error}") from error
        if not isinstance(values, dict):
            raise Fault(f"{path}: expected a mapping of settings")
        return values

    def prefix(self, name):
        """The directory of the environment called `name`."""
        if not name or "/" in name:
            raise Fault(f"{name!r} is not an environment name")
        return self.root if name == "base" else self.root / "envs" / name

    def channel_url(self, channel):
        """A channel's address: names go below the alias, addresses stay as they are."""
        if "://" in channel:
            return channel.rstrip("/")
        if not self.alias:
            raise Fault(f"no condarc says what the channel name {channel!r} means: set channel_alias")
        return f"{self.alias}/{channel}"

    def channel_name(self, url):
        """The opposite: the name by which an environment file would ask for the channel at `url`."""
        url = url.rstrip("/")
        return url.removeprefix(self.alias + "/") if self.alias else url
