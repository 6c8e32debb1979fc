# SPDX-License-Identifier: MIT
"""Tables of partitions, as the host writes them."""

import struct
import zlib

SECTOR = 512


def mbr(*entries):
    """Sector 0: (type, first sector, sectors) each."""
    table = b"".join(struct.pack("<B3xB3xII", 0, *entry) for entry in entries)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def gpt(*entries):
    """Sectors 0 to 33: (first, last) each; sectors without a copy at the
    end."""
    array = b"".join(struct.pack("<16s16sQQ80x", b"t" * 16, b"u" * 16, *entry)
                     for entry in entries).ljust(128 * 128, b"\0")
    header = bytearray(struct.pack(
        "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 0, 34, 9999,
        b"d" * 16, 2, 128, 128, zlib.crc32(array)))
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    return (mbr((0xEE, 1, 0xFFFFFFFF)) + header.ljust(SECTOR, b"\0") + array)
