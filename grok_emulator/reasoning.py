"""Reasoning: the readable summary, and the sealed form that a client keeps and sends back.

Seals are real: encrypted with a keystream and authenticated, so a changed character is noticed, as it is by xAI
(API notes 4). The key is a constant, so that a conversation survives a restart of the server; it protects nothing.
Must not know: wire shapes beyond the blob itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

_KEY = hashlib.sha256(b"grok_emulator: seals of an emulator, not a secret").digest()
_NONCE, _TAG = 16, 16
_DEPTH = {"none": 0, "low": 1, "medium": 2, "high": 3, "xhigh": 5}
_TOKENS_PER_STEP = 24


def summarize(question: str, steps: list[str]) -> str:
    """A few readable sentences about how the answer was found."""
    subject = " ".join(question.split())
    if len(subject) > 240:
        subject = subject[:239] + "…"
    return f"To be answered: {subject}\n" + "".join(f"{step}\n" for step in steps)


def reasoning_tokens(summary_tokens: int, effort: str | None) -> int:
    """How many tokens the reasoning behind a summary is said to have cost: more with more effort."""
    return (summary_tokens + _TOKENS_PER_STEP) * _DEPTH.get(effort or "low", 1)


def seal(content: dict[str, Any]) -> str:
    """An opaque blob: base64 without padding, like xAI's."""
    plain = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    nonce = hashlib.sha256(b"nonce" + plain).digest()[:_NONCE]
    secret = _keystream(plain, nonce)
    return base64.b64encode(nonce + _tag(nonce, secret) + secret).decode().rstrip("=")


def unseal(blob: str) -> dict[str, Any] | None:
    """What ``seal`` was given, or ``None`` when the blob is not one of ours or was changed.

    >>> unseal(seal({"family": "grok-4.3"}))
    {'family': 'grok-4.3'}
    """
    try:
        raw = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(raw).decode().rstrip("=") != blob:  # unused bits of the last character
        return None
    nonce, tag, secret = raw[:_NONCE], raw[_NONCE : _NONCE + _TAG], raw[_NONCE + _TAG :]
    if not hmac.compare_digest(tag, _tag(nonce, secret)):
        return None
    content = json.loads(_keystream(secret, nonce))
    return content if isinstance(content, dict) else None


def _tag(nonce: bytes, secret: bytes) -> bytes:
    return hmac.new(_KEY, b"tag" + nonce + secret, hashlib.sha256).digest()[:_TAG]


def _keystream(data: bytes, nonce: bytes) -> bytes:
    """``data`` under SHA-256 in counter mode; its own inverse."""
    stream = bytearray()
    for block in range(len(data) // 32 + 1):
        stream += hashlib.sha256(_KEY + nonce + block.to_bytes(8, "big")).digest()
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
