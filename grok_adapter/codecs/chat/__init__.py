"""The Chat Completions API, `/v1/chat/completions`: `encode_request`, `decode_response`, `StreamDecoder`.

Knows the wire and nothing of frameworks, parameters or HTTP. Read `request`, `response`, `stream`, in this order.
"""

from __future__ import annotations

from grok_adapter.codecs.chat.request import PATH, encode_request, encode_tool_choice
from grok_adapter.codecs.chat.response import decode_response
from grok_adapter.codecs.chat.stream import StreamDecoder

__all__ = ["PATH", "StreamDecoder", "decode_response", "encode_request", "encode_tool_choice"]
