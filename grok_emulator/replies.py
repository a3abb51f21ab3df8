"""HTTP responses: JSON, refusals, and event streams that can be cut short.

Must not know: what the answers mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from .checks import Refusal

DONE = b"data: [DONE]\n\n"


class EventStream(Response):
    """An SSE response that sends each frame on its own; with ``cut`` the connection ends after so many frames."""

    media_type = "text/event-stream"

    def __init__(
        self, frames: Iterable[bytes], headers: dict[str, str], cut: int | None = None, status: int = 200
    ) -> None:
        super().__init__(status_code=status, headers={"cache-control": "no-cache", **headers})
        del self.headers["content-length"]
        self.frames, self.cut = frames, cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream; a cut one is left unfinished, on which the server closes the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for number, frame in enumerate(self.frames):
            if number == self.cut:
                return
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        if self.cut is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def chat_frames(chunks: Iterable[dict[str, Any]]) -> Iterable[bytes]:
    """``data:`` lines, then ``[DONE]``."""
    for chunk in chunks:
        yield b"data: " + _dumps(chunk) + b"\n\n"
    yield DONE


def responses_frames(events: Iterable[dict[str, Any]]) -> Iterable[bytes]:
    """``event:`` and ``data:`` lines, and no ``[DONE]`` (API notes 3.10)."""
    for event in events:
        yield b"event: " + str(event.get("type", "message")).encode() + b"\ndata: " + _dumps(event) + b"\n\n"


def refusal_response(refusal: Refusal) -> Response:
    """A refusal as xAI sends it."""
    if refusal.plain:
        return Response(refusal.body, refusal.status, media_type="text/plain")
    return JSONResponse(refusal.body, refusal.status)


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
