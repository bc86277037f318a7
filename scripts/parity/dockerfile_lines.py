"""A build's Dockerfile as lines to compare, with cache mounts in one notation."""

import re

MOUNT = re.compile(r"--mount=type=cache,(\S*?),?target=([^\s,]+)(\S*)")


def split(text):
    """The options that its cache mounts have, and its lines with each mount as `{cache DIR}`."""
    if not text:
        return [], []
    options = {re.sub("^,|,$", "", before + after) for before, _, after in MOUNT.findall(text)}
    text = MOUNT.sub(lambda found: "{cache " + found.group(2) + "}", text)
    # A textual edit prints one newline more than there was.
    return sorted(options), text.rstrip("\n").split("\n")
