"""image-freeze check from an inventory that was kept."""

import json

from benchmarks.environments import ENVIRONMENTS, PINS, prefix
from benchmarks.timing import once, side_by_side


def measure(bench):
    """image-freeze check of three environments of 350 pins, from an inventory that was kept."""
    ours = bench.scratch / "checked"
    frozen = ours / "deployments/roman/env-frozen"
    (ours / "deployments/roman/environments").mkdir(parents=True)
    held = []
    for name in ENVIRONMENTS:
        pins = [(f"package-{number}", f"1.{number}.0") for number in range(PINS)]
        (frozen / name).mkdir(parents=True)
        block = "".join(f"    - {pin}=={version}\n" for pin, version in pins) if name == "base" else ""
        yml = "dependencies:\n  - python=3.11.9\n" + (f"  - pip:\n{block}" if block else "")
        (frozen / name / "requirements.yml").write_text(yml)
        if name != "base":
            (frozen / name / "requirements.txt").write_text("".join(f"{pin}=={version}\n" for pin, version in pins))
        location = f"/{prefix(name)}/lib/python3.11/site-packages"
        held.append({
            "name": name, "prefix": f"/{prefix(name)}", "kind": "conda",
            "conda": [{"name": "python", "version": "3.11.9", "build": "0"}],
            "python": [{"name": p, "version": v, "owner": "pip", "location": location} for p, v in pins],
        })
    document = {"$schema": "", "schema": 1, "image": {}, "environments": held, "verified": False}
    (ours / "inventory.json").write_text(json.dumps(document))
    once([bench.tools / "image-configure", "roman", "--owner", "quay.io/jupyter"], ours)
    call = [bench.tools / "image-freeze", "check", "--from", "inventory.json", "--quiet"]
    bare, median = side_by_side([([["/bin/true"]], bench.scratch), ([call], ours)], bench.rounds)
    bench.sheet.title("check of 3 environments of 350 pins")
    bench.sheet.figure("`image-freeze check --from inventory.json`", median, at_most=10, note=f"a bare process {bare:.1f}")
