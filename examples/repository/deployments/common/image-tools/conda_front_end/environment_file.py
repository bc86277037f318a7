"""The `environment.yml` format: read, and written as `env export --no-build` does."""

from dataclasses import dataclass, field

import yaml

from conda_front_end.fault import Fault

# Words in a channel list that are switches rather than channels.
NOT_A_CHANNEL = {"nodefaults"}


@dataclass
class EnvironmentFile:
    """What an environment should hold."""

    name: str = ""
    channels: list = field(default_factory=list)
    conda: list = field(default_factory=list)
    pip: list = field(default_factory=list)
    prefix: str = ""

    @classmethod
    def parse(cls, text, origin):
        """Read the YAML in `text`; `origin` names it in messages."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise Fault(f"{origin}: not valid YAML: {error}") from error
        if not isinstance(values, dict) or not isinstance(values.get("dependencies"), list):
            raise Fault(f"{origin}: not an environment file: it has no list of dependencies")
        channels = [str(name) for name in values.get("channels") or [] if name not in NOT_A_CHANNEL]
        found = cls(name=str(values.get("name") or ""), channels=channels, prefix=str(values.get("prefix") or ""))
        for item in values["dependencies"]:
            found.add(item, origin)
        return found

    def add(self, item, origin):
        """Sort one dependency into conda's list or pip's."""
        if isinstance(item, str):
            self.conda.append(item)
        elif isinstance(item, dict) and set(item) == {"pip"} and isinstance(item["pip"], list):
            self.pip.extend(str(line) for line in item["pip"])
        else:
            raise Fault(f"{origin}: cannot understand the dependency {item!r}")

    def render(self):
        """The file's text: two spaces before conda's items, six before pip's."""
        lines = [f"name: {self.name}", "channels:"]
        lines += [f"  - {channel}" for channel in self.channels]
        lines += ["dependencies:"] + [f"  - {item}" for item in self.conda]
        if self.pip:
            lines += ["  - pip:"] + [f"      - {item}" for item in self.pip]
        return "\n".join(lines + [f"prefix: {self.prefix}"]) + "\n"
