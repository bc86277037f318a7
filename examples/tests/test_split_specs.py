"""A mission's specs in two halves: what is pip's, and what is not."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "repository/deployments/common/common-scripts/split-specs"
DEPLOYMENTS = Path(__file__).parents[1] / "repository/deployments"
COMMON_HINTS = "environments/common-hints.pip"
CONDA = ["env-chilly/e/requirements.yml", "env-frozen/base/requirements.yml", "env-frozen/e/requirements.yml", "environments/e/e.yml"]
PIP = ["env-chilly/e/build-hints.pip", "env-chilly/e/requirements.txt", "env-frozen/e/requirements.txt", "environments/e/e.pip"]


def files(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


class SplitSpecs(unittest.TestCase):
    """A directory with specs."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.top = Path(held.name)

    def split(self, names, mode=0o644):
        for name in names:
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(mode)
        subprocess.run([SCRIPT, self.top], check=True)
        return self.top / "conda", self.top / "pip"

    def test_each_list_is_in_its_half(self):
        conda, pip = self.split([COMMON_HINTS, *CONDA, *PIP])
        self.assertEqual((files(conda), files(pip)), (sorted([COMMON_HINTS, *CONDA]), sorted(PIP)))

    def test_a_mission_that_was_never_frozen_has_both_halves_too(self):
        (self.top / "env-frozen/e").mkdir(parents=True)
        conda, pip = self.split(["environments/e/e.yml", "environments/e/e.pip"])
        self.assertEqual((files(conda), files(pip)), (["environments/e/e.yml"], ["environments/e/e.pip"]))
        self.assertTrue((conda / "env-frozen").is_dir() and (pip / "env-frozen/e").is_dir())

    def test_who_checked_out_and_when_does_not_show(self):
        conda, pip = self.split([*CONDA, *PIP], mode=0o600)
        for path in (path for half in (conda, pip) for path in (half, *half.rglob("*"))):
            state = path.stat()
            self.assertEqual((int(state.st_mtime), state.st_mode & 0o777), (0, 0o755 if path.is_dir() else 0o644), path)


class Dockerfiles(unittest.TestCase):
    """Those of the missions."""

    def test_they_are_what_image_update_would_write(self):
        trailer = (DEPLOYMENTS / "common/Dockerfile.trailer").read_text()
        for mission in ("roman", "tike"):
            custom = (DEPLOYMENTS / mission / "Dockerfile.custom").read_text()
            self.assertEqual((DEPLOYMENTS / mission / "Dockerfile").read_text(), custom + trailer, mission)

    def test_pips_lists_come_after_condas_packages(self):
        for mission in ("roman", "tike"):
            text = (DEPLOYMENTS / mission / "Dockerfile").read_text()
            steps = ["/specs/conda/", "env-conda", "/specs/pip/", "env-sync", "--from=texts", "kernel-setup"]
            places = [text.index(step) for step in steps]
            self.assertEqual(places, sorted(places), mission)


if __name__ == "__main__":
    unittest.main()
