"""One environment on disk: its conda records and the Python distributions beside them."""

import json
import re
from email.parser import HeaderParser
from pathlib import Path

REQUESTED = "# update specs: "


class Prefix:
    """A directory that holds, or will hold, an environment."""

    def __init__(self, path):
        self.path = Path(path)

    def exists(self):
        """Whether an environment was made here."""
        return (self.path / "conda-meta").is_dir()

    @property
    def python(self):
        """The environment's interpreter."""
        return self.path / "bin" / "python"

    def records(self):
        """What `conda-meta` says is installed, sorted by name, less what pip has since replaced."""
        paths = sorted((self.path / "conda-meta").glob("*.json"))
        records = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        return sorted((record for record in records if self.holds(record)), key=lambda record: record["name"])

    def holds(self, record):
        """False for a Python package whose metadata files are gone: something else is there now."""
        metadata = [name for name in record.get("files", []) if re.search(r"\.dist-info/METADATA$", name)]
        return all((self.path / name).exists() for name in metadata)

    def note_origin(self, file_name, url, channel):
        """Record where the installed archive `file_name` came from."""
        stem = re.sub(r"\.(conda|tar\.bz2)$", "", file_name)
        path = self.path / "conda-meta" / f"{stem}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        record.update(url=url, channel=channel, fn=file_name)
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    def note_requested(self, specs):
        """Remember what was asked for, where conda keeps it, but without its dates."""
        text = f"{REQUESTED}{json.dumps(list(specs))}\n"
        (self.path / "conda-meta" / "history").write_text(text, encoding="utf-8")

    def requested(self):
        """The specs that people asked for, as against what the solver added."""
        history = self.path / "conda-meta" / "history"
        lines = history.read_text(encoding="utf-8").splitlines() if history.is_file() else []
        noted = [line for line in lines if line.startswith(REQUESTED)]
        return json.loads(noted[-1].removeprefix(REQUESTED)) if noted else []

    def pip_items(self):
        """What pip (or a tool in its place) installed, as requirement lines sorted by name."""
        owned = {name for record in self.records() for name in record.get("files", [])}
        items = {}
        for metadata in self.path.glob("lib/python3*/site-packages/*.dist-info/METADATA"):
            if str(metadata.relative_to(self.path)) not in owned:
                name, item = requirement(metadata)
                items[name] = item
        return [items[name] for name in sorted(items)]


def requirement(metadata):
    """The normalised name and the requirement line of one installed distribution."""
    headers = HeaderParser().parsestr(metadata.read_text(encoding="utf-8", errors="replace"))
    name = re.sub(r"[-_.]+", "-", headers["Name"]).lower()
    origin = metadata.with_name("direct_url.json")
    if origin.is_file():
        return name, f"{name} @ {direct_reference(json.loads(origin.read_text(encoding='utf-8')))}"
    return name, f"{name}=={headers['Version']}"


def direct_reference(origin):
    """The address of a distribution that came from one, exact to the commit or the digest."""
    version_control = origin.get("vcs_info")
    if version_control:
        return f"{version_control['vcs']}+{origin['url']}@{version_control['commit_id']}"
    digests = origin.get("archive_info", {}).get("hashes", {})
    return origin["url"] + (f"#sha256={digests['sha256']}" if "sha256" in digests else "")
