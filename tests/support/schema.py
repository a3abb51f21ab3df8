"""The official schema of xAI's API, where `GROK_OPENAPI` points at it; without it every body counts as valid."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

PATHS = {"responses": "/v1/responses", "chat": "/v1/chat/completions"}


@cache
def _module() -> Any:
    path = Path(os.environ.get("GROK_OPENAPI", "")) / "xai_schema.py"
    if not os.environ.get("GROK_OPENAPI") or not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("xai_schema", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problems(api: str, body: dict[str, Any], *, response: bool = False) -> list[str]:
    """What the schema has against a body, undeclared keys included."""
    module = _module()
    return [] if module is None else list(module.problems(PATHS[api], body, response))
