#!/usr/bin/env python3
"""Start the notebook server, below a hub if there is one. Only for base images that bring no such program."""

import os
import sys

SERVER = "jupyterhub-singleuser" if os.environ.get("JUPYTERHUB_API_TOKEN") else "jupyter-lab"
os.execvp(SERVER, [SERVER, "--ip=0.0.0.0", "--port=8888", "--no-browser", *sys.argv[1:]])
