"""What was measured: shown as it comes, and kept for the tables of the documentation."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, and what is wanted of it."""

    what: str
    value: float
    unit: str = "ms"
    at_most: float | None = None  # in the same unit
    at_least: float | None = None
    note: str = ""

    def shown(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()

    def wanted(self) -> str:
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"

    def share(self) -> float | None:
        """How much of what is allowed it takes: it is met up to 1."""
        if self.at_most is not None:
            return self.value / self.at_most
        return None if self.at_least is None else self.at_least / self.value


@dataclass(frozen=True)
class LeftOut:
    """One thing that could not be measured here."""

    what: str
    why: str


@dataclass
class Sheet:
    """What one part measured."""

    rows: list = field(default_factory=list)

    def title(self, text):
        print(f"\n{text:<62} {'measured':>12}  {'wanted':<14} {'share':>6}")

    def figure(self, what, value, **more):
        """`value` is in ms, or in the `unit` that is named."""
        figure = Figure(what, value, **more)
        self.rows.append(figure)
        share = figure.share()
        told = "" if share is None else f"{share:6.2f}{'' if share <= 1 else '  MISSED'}"
        print(f"{'  ' + what:<62} {figure.shown():>12}  {figure.wanted():<14} {told:<6}  {figure.note}".rstrip(), flush=True)

    def left_out(self, what, why):
        self.rows.append(LeftOut(what, why))
        print(f"{'  ' + what:<62} left out: {why}", flush=True)

    def markdown(self) -> str:
        lines = ["| what | measured | wanted | share |", "|---|---|---|---|"]
        for row in self.rows:
            if isinstance(row, LeftOut):
                lines.append(f"| {row.what} | left out: {row.why} | | |")
                continue
            share = row.share()
            note = f" ({row.note})" if row.note else ""
            lines.append(f"| {row.what} | {row.shown()}{note} | {row.wanted()} | {'' if share is None else f'{share:.2f}'} |")
        return "\n".join(lines)


def number(value) -> str:
    """As many digits as mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    """What the figures are of."""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"^model name\s*: (.*)$", told, re.M)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores{f' ({name[1]})' if name else ''}, load {os.getloadavg()[0]:.1f}"


def put(file, part, text):
    """Puts `text` between the marks of `part` in the Markdown `file`; false if it has none."""
    begin, end = f"<!-- bench {part} -->", f"<!-- end {part} -->"
    old = file.read_text()
    before, found, rest = old.partition(begin)
    between, ended, after = rest.partition(end)
    if not found or not ended:
        return False
    new = f"{before}{begin}\n{text}\n{end}{after}"
    if new != old:
        beside = file.with_name(file.name + ".new")
        beside.write_text(new)
        beside.replace(file)
    return True
