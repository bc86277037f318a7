"""Words that several commands' cases are made of."""

from shape import MISSIONS

QUAY = "--owner=quay.io/jupyter"


def missions(generation):
    return MISSIONS[generation]


def modes(generation):
    return ["floating", "frozen", "chilly"] if generation == "2024" else ["floating", "frozen"]


def freeze(generation, on):
    """The flag for keeping what was solved, which each generation spells in its own way."""
    return f"--freeze-chill={on}" if generation == "2024" else f"--freeze={on}"


def base(generation):
    """The image that quay.io/jupyter's flag means."""
    return "quay.io/jupyter/" + ("scipy-notebook" if generation == "2024" else "minimal-notebook")
