"""One case: a command, on a tree of some shape, configured in some way."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional


@dataclass(frozen=True)
class Case:
    """What is run, and in what circumstances."""

    generation: str
    command: str
    label: str
    args: List[str] = field(default_factory=list)
    shape: str = "plain"
    # image-configure's arguments beforehand; None if nothing was configured.
    configure: Optional[List[str]] = None
    # Whether setup-env was sourced.
    source: bool = True
    # Where it is called from, below the tree's root.
    cwd: str = "."
    env: Dict[str, str] = field(default_factory=dict)
    stdin: str = ""
    # Which calls fail, by title, with what status.
    fail: Dict[str, int] = field(default_factory=dict)
    # What the container ends with.
    container_status: int = 0
    # What the image's tests print.
    transcript: str = ""
    # Images that are there beforehand.
    images: List[str] = field(default_factory=list)
    # Whether ~/docker-stacks is there beforehand.
    stacks: bool = False
    # Which lines of standard output matter to machines: a pattern for the whole line.
    stdout: Optional[str] = None
    # Whether the order of the words in those lines is no matter.
    unordered: bool = False
    # Whether the variables that setup-env exports are looked at.
    variables: bool = False
    # What is typed in addition where ours wants to be told.
    ours: Optional[List[str]] = None
    # The case that it must do the same as, where the original can do nothing comparable itself.
    like: Optional[str] = None
    # Whether the host has a certificate authority of its own.
    private_authority: bool = False
    # What the tree's directory is called.
    directory: str = "tree"

    @property
    def name(self):
        return f"{self.command}/{self.generation}/{self.label}"

    @property
    def recorded_name(self):
        return self.like or self.name

    @property
    def mission(self):
        return self.configure[0] if self.configure else "roman"
