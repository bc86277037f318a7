"""Makes a small conda channel out of what a machine has: a CPython, wheels, and placeholders for native libraries.

Every archive's bytes depend only on its contents and SOURCE_DATE_EPOCH.
"""
