"""image-freeze chill on the locks of real releases."""

import os
import shutil
import statistics
import subprocess
from pathlib import Path

from benchmarks.timing import ROOT, cpu


def release_data():
    """Where the real release data is, if this machine has it."""
    named = os.environ.get("IMAGE_TOOLS_DATA")
    for top in [Path(named)] if named else [ROOT.parent / "shared/data"]:
        if (top / "2024-08/deployments").is_dir():
            return top / "2024-08/deployments"
    return None


def measure(bench):
    """image-freeze chill of the 919 pins of real locks: its processor time, with and without a change to write."""
    sheet, data, root, tool = bench.sheet, release_data(), bench.scratch / "locks", bench.tools / "image-freeze"
    sheet.title("image-freeze chill, processor time")
    if data is None:
        sheet.left_out("chill of real locks", "no release data; set `IMAGE_TOOLS_DATA`")
        return
    for mission in ("roman", "tike", "jwebbinar"):  # all in one mission: 919 pins
        for part in ("environments", "env-frozen"):
            shutil.copytree(data / mission / part, root / "deployments/roman" / part, dirs_exist_ok=True)
            subprocess.run(["chmod", "-R", "u+w", root], check=True)
    shutil.copytree(data / "common/common-env", root / "deployments/common/common-env")
    subprocess.run([bench.tools / "image-configure", "roman"], cwd=root, check=True, capture_output=True)
    chill = [tool, "chill", "--quiet"]
    specs = [root / "deployments/roman/env-chilly" / path.relative_to(root / "deployments/roman/env-frozen")
             for path in (root / "deployments/roman/env-frozen").glob("*/requirements.*")]
    used = {"bare": [], "start": [], "same": [], "written": []}
    cpu(chill, root)
    for _ in range(bench.rounds):
        used["bare"].append(cpu(["/bin/true"], root))
        used["start"].append(cpu([tool, "--version"], root))
        used["same"].append(cpu(chill, root))
        for path in specs:
            if path.exists():
                path.write_text("a change\n")
        used["written"].append(cpu(chill, root))
    used = {name: statistics.median(times) for name, times in used.items()}
    sheet.figure("a bare process (`/bin/true`)", used["bare"])
    sheet.figure("`image-freeze --version`", used["start"])
    sheet.figure("919 pins, nothing to change, above start-up", used["same"] - used["start"], at_most=2)
    sheet.figure("919 pins, every file replaced and synced, above start-up", used["written"] - used["start"], at_most=2)
