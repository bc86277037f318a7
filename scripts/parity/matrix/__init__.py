"""The cases, a file for each command or family of commands."""

from . import build, changes, configure, companions, envs, freeze, only_ours, release, run, update

MAKERS = [configure, envs, update, build, freeze, run, companions, changes, release]


def cases():
    """All of them, each with a name of its own."""
    found = [case for maker in MAKERS for generation in ("2024", "newest") for case in maker.cases(generation)]
    found += only_ours.cases(found)
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two cases of one name: {sorted(twice)}"
    return found
