"""The environments that are looked at: their names, how much is in each, and where."""

ENVIRONMENTS = ["base", "one", "two"]
PINS = 350


def prefix(name) -> str:
    return "opt/conda" if name == "base" else f"opt/conda/envs/{name}"
