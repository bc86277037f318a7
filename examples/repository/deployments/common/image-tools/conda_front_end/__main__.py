"""Run the command line, then leave at once."""

import os
import sys

from conda_front_end import command_line


def leave(status):
    """End the process without running destructors.

    The library's runtime threads now and then abort an interpreter that shuts down in the usual way, after
    all work is done; that would turn a success into a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(command_line.main(sys.argv[1:]))
