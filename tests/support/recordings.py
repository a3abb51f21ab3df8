"""The recorded payloads of xAI, where `GROK_RECORDINGS` points at them; none otherwise. The project contains none."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recording:
    """One recorded answer: a body, or the events of a stream."""

    name: str
    api: str
    streaming: bool
    status: int
    payloads: list[Any]
    raw: bytes

    def __repr__(self) -> str:
        return self.name


def _payloads(path: Path) -> list[Any]:
    raw = path.read_bytes()
    if path.suffix == ".json":
        return [json.loads(raw)]
    lines = [line for line in raw.decode().splitlines() if line.strip()]
    if path.suffix == ".sse":
        lines = [line[5:].strip() for line in lines if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def load(*, streaming: bool | None = None, errors: bool = False) -> list[Recording]:
    """Recordings of the two APIs: successful answers, or with `errors` what xAI refused with."""
    folder = Path(os.environ.get("GROK_RECORDINGS", ""))
    if not os.environ.get("GROK_RECORDINGS") or not folder.is_dir():
        return []
    out = []
    for entry in json.loads((folder / "manifest.json").read_text()):
        path = folder / entry["file"]
        is_error = entry["endpoint"] == "error"
        if is_error != errors or entry["confidence"] == "low" or not path.exists():
            continue
        if not is_error and entry["endpoint"] not in ("responses", "chat.completions"):
            continue
        if not is_error and (entry["status"] or 200) != 200:
            continue
        if streaming is not None and bool(entry["streaming"]) != streaming:
            continue
        api = "responses" if entry["endpoint"] == "responses" else "chat"
        payloads = [] if path.suffix == ".txt" else _payloads(path)
        status = entry["status"] or 200
        out.append(Recording(entry["file"], api, bool(entry["streaming"]), status, payloads, path.read_bytes()))
    return out
