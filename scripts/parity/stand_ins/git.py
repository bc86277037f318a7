"""The real git, noted."""

import os


def main(journal, argv):
    journal.note("git", argv)
    program = journal.case["git"]
    journal.release()
    os.execv(program, ["git", *argv])
