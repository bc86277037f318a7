"""Where every stand-in starts."""

import importlib
import os
import sys

from .journal import Journal


def start(sandbox):
    name = os.path.basename(sys.argv[0])
    argv = sys.argv[1:]
    if os.path.basename(os.path.dirname(sys.argv[0])) == "scripts":
        name, argv = "original", [name, *argv]
    journal = Journal(sandbox)
    status = importlib.import_module(f"stand_ins.{name}").main(journal, argv)
    sys.stdout.flush()
    journal.save()
    sys.exit(status or 0)
