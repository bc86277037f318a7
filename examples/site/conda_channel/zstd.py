"""Zstandard frames that store instead of compressing.

The standard library of the Pythons in use cannot write Zstandard, and the packages travel over loopback only: stored
frames need no library, cost no time, and are the same bytes everywhere.
"""

import struct

MAGIC = bytes.fromhex("28b52ffd")
# No content size, no checksum, no dictionary; then a window of 2 ** (10 + 7) bytes.
HEADER = bytes([0x00, 7 << 3])
BLOCK = 128 * 1024


def store(content):
    """`content` (bytes) as one frame of raw blocks."""
    starts = range(0, len(content), BLOCK) or [0]
    parts = [MAGIC, HEADER]
    for start in starts:
        block = content[start : start + BLOCK]
        last = start + BLOCK >= len(content)
        # Three bytes, little endian: bit 0 "last", bits 1-2 the type (0 = raw), the rest the length.
        parts += [struct.pack("<I", len(block) << 3 | last)[:3], block]
    return b"".join(parts)
