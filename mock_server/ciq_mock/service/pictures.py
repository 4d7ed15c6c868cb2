"""Makes small valid pictures without a library: one shade of grey, of any size, as JPEG or PNG."""

import struct
import zlib

LARGEST_SIDE = 4096
_QUANTIZATION = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
_CODES = b"\x01" + b"\x00" * 15 + b"\x00"
"""One code of one bit, for the symbol 0: no difference (first coefficient), end of block (all others)."""
_HUFFMAN = b"".join(b"\xff\xc4\x00\x14" + table + _CODES for table in (b"\x00", b"\x10"))
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def jpeg(width: int, height: int) -> bytes:
    """Return a grey baseline JPEG: each block of 8 x 8 pixels is two bits."""
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    bits = 2 * -(-width // 8) * -(-height // 8)
    rest = bits % 8
    padding = bytes([0xFF >> rest]) if rest else b""
    blocks = bytes(bits // 8) + padding
    return b"".join((b"\xff\xd8", _JFIF, _QUANTIZATION, frame, _HUFFMAN, scan, blocks, b"\xff\xd9"))


def png(width: int, height: int) -> bytes:
    """Return a grey PNG of 8 bits per pixel."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\x00" + b"\x80" * width) * height
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
