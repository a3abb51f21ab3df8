"""An HTTP client of the SDK's own library that writes down what comes over the wire."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grok_adapter.sdk import http_library


def recording_client(folder: Path) -> Any:
    """A client that writes each answer's body, with status and content type beside it, to `folder`."""
    import openai  # noqa: PLC0415  only here is the SDK's HTTP library asked for

    library = http_library(openai)
    numbers = itertools.count(1)
    folder.mkdir(parents=True, exist_ok=True)

    class Tee(library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, inner: Any, path: Path) -> None:
            self._inner, self._path = inner, path

        def __iter__(self) -> Iterator[bytes]:
            with self._path.open("wb") as file:
                for chunk in self._inner:
                    file.write(chunk)
                    yield chunk

        def close(self) -> None:
            self._inner.close()

    class Transport(library.HTTPTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            request.headers["accept-encoding"] = "identity"
            response = super().handle_request(request)
            kind = response.headers.get("content-type", "")
            stem = folder / f"{next(numbers):02d}_{request.url.path.strip('/').replace('/', '_')}"
            body = json.loads(request.content)
            meta = {"request": {"url": request.url.path, "body": body}, "status": response.status_code, "type": kind}
            stem.with_suffix(".meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False))
            response.stream = Tee(response.stream, stem.with_suffix(".sse" if "event-stream" in kind else ".json"))
            return response

    return library.Client(transport=Transport())
