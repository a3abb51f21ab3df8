"""The Responses API, `/v1/responses`: `encode_request`, `decode_response`, `StreamDecoder`.

Knows the wire and nothing of frameworks, parameters or HTTP. Read `request`, `response`, `stream`, in this order.
"""

from __future__ import annotations

from grok_adapter.codecs.responses.request import PATH, encode_request, encode_tool_choice
from grok_adapter.codecs.responses.response import decode_response
from grok_adapter.codecs.responses.stream import StreamDecoder

__all__ = ["PATH", "StreamDecoder", "decode_response", "encode_request", "encode_tool_choice"]
