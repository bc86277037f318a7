"""The one error that the command reports without a traceback."""


class Fault(Exception):
    """What went wrong and where, in one line that a person can act on."""
