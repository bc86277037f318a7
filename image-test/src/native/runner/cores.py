"""How many tests can really run at once."""

import os
from pathlib import Path


def usable():
    """The processors that this container may use: fewer than the machine has, where a quota says so."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    return max(1, min(count, quota() or count))


def quota():
    """The quota of the control group, in whole processors; None if there is none."""
    try:
        most, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        group = Path("/sys/fs/cgroup/cpu")
        try:
            most, period = [(group / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")]
        except OSError:
            return None
    if most in ("max", "-1"):
        return None
    return -(-int(most) // int(period))
