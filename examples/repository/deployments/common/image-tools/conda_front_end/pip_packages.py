"""The pip half of an environment file."""

import os
import subprocess
import tempfile

from conda_front_end.fault import Fault

# Beside the image scripts; it knows pip's switches and the fast installer's spelling of them.
INSTALLER = "/opt/common-scripts/uv-pip"


def install(prefix, requirements, exact=False):
    """Install requirement lines with the environment's interpreter.

    `exact` is for lists exported from an environment: they are complete, so nothing is added to them.
    """
    if not requirements:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as listing:
        listing.write("".join(f"{line}\n" for line in requirements))
        listing.flush()
        command = [INSTALLER, "install", "--python", str(prefix.python)]
        command += ["--no-deps"] if exact else []
        if subprocess.run(command + ["-r", listing.name], env=os.environ, check=False).returncode:
            raise Fault(f"{prefix.path}: the pip packages could not be installed")
