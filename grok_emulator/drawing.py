"""The image tool: when a request wants a picture, and a small PNG whose colours follow from the words it is made of.

The picture shows nothing; it is a real file, and the same for the same prompt. Must not know: wire shapes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib

from .words import content_stems, words

_SIDE = 8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DRAWING = frozenset(content_stems("draw paint sketch illustrate"))
_MAKING = frozenset(content_stems("create generate produce render design imagine")) | {"make"}
_PICTURE = frozenset(content_stems("image picture photo illustration drawing painting sketch icon logo poster"))
_HEAD = re.compile(
    r"^(?:(?:can|could|would) you\s+)?(?:please\s+)?\w+\s+(?:me\s+)?"
    r"(?:(?:an?|the)\s+)?(?:(?:image|picture|photo|illustration|drawing|painting|sketch)\s+of\s+)?",
    re.I,
)


def wants_picture(question: str) -> bool:
    """Whether a sentence asks for a picture to be made.

    >>> [wants_picture(text) for text in ("Draw a heron.", "Make a picture of a heron.", "What is in the picture?")]
    [True, True, False]
    """
    opening = set(content_stems(" ".join(words(question)[:4]))) | set(words(question)[:4])
    return bool(opening & _DRAWING or (opening & _MAKING and set(content_stems(question)) & _PICTURE))


def picture_subject(question: str) -> str:
    """What the picture is to show: the request without its verb.

    >>> picture_subject("Please make a picture of two herons.")
    'two herons'
    """
    return _HEAD.sub("", question.strip().rstrip(".!?"), count=1) or question


def png(prompt: str) -> str:
    """A square PNG in base64, its pixels taken from a hash of ``prompt``."""
    seed = b"".join(hashlib.sha256(bytes([row]) + prompt.encode()).digest()[: 3 * _SIDE] for row in range(_SIDE))
    rows = b"".join(b"\0" + seed[3 * _SIDE * row : 3 * _SIDE * (row + 1)] for row in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return base64.b64encode(_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
