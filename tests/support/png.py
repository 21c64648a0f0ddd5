"""Pixels of a PNG file, for tests that look at a screenshot; no image library is needed for that."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}


def read_png(path: Path) -> NDArray[np.uint8]:
    """Red, green and blue of every pixel, shape (height, width, 3).

    Raises:
        ValueError: not a PNG of eight bits a channel in colour, not interlaced (what browsers write).
    """
    content = path.read_bytes()
    if not content.startswith(SIGNATURE):
        raise ValueError(f"{path} is no PNG")
    at, packed, header = len(SIGNATURE), b"", b""
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        data = content[at + 8 : at + 8 + length]
        header = data if kind == b"IHDR" else header
        packed += data if kind == b"IDAT" else b""
        at += length + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or colour not in CHANNELS or interlaced:
        raise ValueError(f"{path}: depth {depth}, colour type {colour}, interlaced {interlaced}")
    channels = CHANNELS[colour]
    lines = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(height, -1)
    pixels = _unfiltered(lines[:, 0], lines[:, 1:].astype(np.int64), channels)
    return pixels.reshape(height, width, channels)[:, :, :3]


def _unfiltered(
    filters: NDArray[np.uint8], lines: NDArray[np.int64], channels: int
) -> NDArray[np.uint8]:
    """Undo each line's filter (PNG specification, section 9)."""
    above = np.zeros(lines.shape[1], dtype=np.int64)
    out = np.empty(lines.shape, dtype=np.uint8)
    for row, (kind, line) in enumerate(zip(filters, lines, strict=True)):
        if kind == 0:
            above = line
        elif kind == 1:
            above = line.reshape(-1, channels).cumsum(axis=0).reshape(-1) % 256
        elif kind == 2:
            above = (line + above) % 256
        else:
            above = _by_pixel(kind, line.tolist(), above.tolist(), channels)
        out[row] = above
    return out


def _by_pixel(kind: int, line: list[int], above: list[int], channels: int) -> NDArray[np.int64]:
    """The filters whose pixels need the pixel before: average (3) and Paeth (4)."""
    done = [0] * channels + line
    for at, value in enumerate(line):
        left, up = done[at], above[at]
        if kind == 3:
            guess = (left + up) // 2
        else:
            corner = above[at - channels] if at >= channels else 0
            far = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
            guess = (left, up, corner)[far.index(min(far))]
        done[at + channels] = (value + guess) % 256
    return np.array(done[channels:], dtype=np.int64)
