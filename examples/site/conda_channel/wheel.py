"""Pure Python wheels as `noarch: python` packages."""

import configparser
import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from conda_channel.package import Member, Package

WHEELS = {"pip": ["23.3.1", "24.0"], "setuptools": ["68.2.2", "69.1.1"], "wheel": ["0.41.3", "0.42.0"]}
DEPENDS = {"pip": ["python >=3.8", "setuptools", "wheel"]}


def wheel_packages(cache):
    """Every package of `WHEELS`, fetched from the package index unless `cache` (a directory) has it."""
    for name, versions in sorted(WHEELS.items()):
        for version in versions:
            yield wheel_package(name, version, fetch(f"{name}=={version}", cache))


def fetch(requirement, cache):
    """The path of the wheel for an exact requirement."""
    name, version = requirement.split("==")
    found = sorted(cache.glob(f"{name}-{version}-*.whl"))
    if not found:
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([*pip(), "download", "--quiet", "--no-deps", "--dest", cache, requirement], check=True)
        found = sorted(cache.glob(f"{name}-{version}-*.whl"))
    return found[0]


def pip():
    """A pip to call: this interpreter's, else one made for the purpose (Debian's Python has none)."""
    command = [sys.executable, "-m", "pip"]
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0:
        return command
    tools = Path(tempfile.gettempdir()) / f"make-channel-pip-{sys.version_info[0]}.{sys.version_info[1]}"
    if not (tools / "bin/pip").exists():
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    return [tools / "bin/pip"]


def wheel_package(name, version, path):
    """The package of one wheel file."""
    members, entry_points = [], []
    with zipfile.ZipFile(path) as wheel:
        for item in wheel.infolist():
            content = wheel.read(item)
            if item.filename.endswith(".dist-info/entry_points.txt"):
                entry_points = console_scripts(content.decode())
            if item.filename.endswith(".dist-info/RECORD"):
                installer = item.filename.removesuffix("RECORD") + "INSTALLER"
                members.append(Member(f"site-packages/{installer}", b"conda\n"))
                content = with_row(content.decode(), installer)
            if not item.is_dir():
                members.append(Member(f"site-packages/{item.filename}", content))
    depends = DEPENDS.get(name, ["python >=3.8"])
    return Package(name, version, "pyhd0_0", "noarch", depends, "python", members, entry_points)


def console_scripts(text):
    """`name = module:function` for every command of an entry_points.txt."""
    parsed = configparser.ConfigParser(delimiters="=", interpolation=None)
    parsed.optionxform = str
    parsed.read_string(text)
    section = parsed["console_scripts"] if parsed.has_section("console_scripts") else {}
    return [f"{command} = {target}" for command, target in section.items()]


def with_row(record, path):
    """A RECORD that also lists `path`: without it pip could not remove the distribution."""
    output = io.StringIO(record)
    output.seek(0, io.SEEK_END)
    csv.writer(output, lineterminator="\n").writerow([path, "", ""])
    return output.getvalue().encode()
