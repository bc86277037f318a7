"""What is common is solved once: again only for a mission that adds to it."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "repository/deployments/common/common-scripts"
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def can_unshare():
    """Whether a directory can be put in the place of /opt for a test."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*UNSHARE, "mount", "--bind", "/tmp", "/opt"], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(can_unshare(), "skipped: no name space of mounts can be had here")
class InstallCommon(unittest.TestCase):
    """The script with a directory for /opt, and programs that only tell what they are asked."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.opt = Path(held.name)
        shutil.copytree(SCRIPTS, self.opt / "scripts")
        self.write("bin/conda", "#!/bin/sh\necho \"name: base\"\n", 0o755)
        self.write("scripts/env-update", "#!/bin/sh\necho solved >>/opt/solved\n", 0o755)
        self.write("common-env/common.conda", "python\n")
        self.write("common-env/common.pip", "ipykernel\n")

    def write(self, name, text, mode=0o644):
        path = self.opt / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def solved(self, mode="0"):
        """How often anything was solved by now, after one run more."""
        call = 'mount --bind "$0" /opt && PATH=/opt/bin:/opt/scripts:$PATH install-common base'
        environment = {**os.environ, "USE_FROZEN": mode, "CONDA_VER": "conda", "CONDA_DIR": "/opt/conda"}
        command = [*UNSHARE, "bash", "-c", call, str(self.opt)]
        subprocess.run(command, env=environment, capture_output=True, check=True)
        return len((self.opt / "solved").read_text().splitlines())

    def test_a_mission_that_adds_nothing_is_not_solved_again(self):
        self.assertEqual(self.solved(), 1, "the common image")
        self.write("environments/common-hints.pip", "# none at present\n")
        self.write("env-frozen/base/requirements.yml", "an older list, out of the tree\n")
        self.assertEqual(self.solved(), 1, "the mission's")
        recorded = (self.opt / "env-frozen/base/requirements.yml").read_text()
        self.assertEqual(recorded, "name: base\n", "what there is is recorded all the same")

    def test_hints_are(self):
        self.assertEqual(self.solved(), 1)
        self.write("environments/common-hints.conda", "# more\ntzdata\n")
        self.assertEqual(self.solved(), 2)


if __name__ == "__main__":
    unittest.main()
