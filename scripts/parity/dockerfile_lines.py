"""A build's Dockerfile as lines to compare: what is mounted, and the line without it."""

import re

CACHE = re.compile(r"--mount=type=cache,(\S*?),?target=([^\s,]+)(\S*) ?")
# What is between the keyword and the rest is no matter, once mounts stood there.
BLANK = re.compile(r"^(\s*run)\s+", re.IGNORECASE)
SECRET = re.compile(r"--mount=type=secret,id=(\w+)\S* ")


def split(text):
    """Each line, without mounts, with what it mounts: `cache DIR`s in their order, `secret ID`s."""
    # A textual edit prints one newline more than there was.
    lines = (text or "").rstrip("\n").split("\n")
    return [(BLANK.sub(r"\1 ", CACHE.sub("", SECRET.sub("", line))), mounted(line)) for line in lines]


def mounted(line):
    secrets = [f"secret {name}" for name in SECRET.findall(line)]
    return tuple(secrets + [f"cache {directory}" for _, directory, _ in CACHE.findall(line)])


def options(text):
    """Every set of options that cache mounts have."""
    return sorted({re.sub("^,|,$", "", before + after) for before, _, after in CACHE.findall(text or "")})
