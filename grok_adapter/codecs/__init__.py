"""One module per wire API, three names each: `encode_request`, `decode_response`, `StreamDecoder`.

Neutral values in, wire dicts out, and back; no I/O. Both dispatch on the wire's own `type` strings, keep what they do
not know and never trust a shape: a missing, null or oddly typed field reads as absent. What both need alike is in
`_wire` (reading loosely, usage, citations, finish reasons) and `_history` (what a conversation must look like).
"""

from __future__ import annotations

from types import ModuleType

from grok_adapter.codecs import chat, responses
from grok_adapter.types import Api

__all__ = ["codec_for"]


def codec_for(api: Api) -> ModuleType:
    """The codec of an API: a module with `encode_request`, `decode_response` and `StreamDecoder`."""
    return responses if api == "responses" else chat
