"""The endpoints that list things: models, the key, tokens (API notes 1.5 and 7.5).

Must not know: requests for answers.
"""

from __future__ import annotations

import zlib
from typing import Any

from .checks import invalid
from .models import LONG_CONTEXT, MODELS, ModelRow, fingerprint, resolve
from .usage import tokens

_SEARCH_PRICE = 50_000_000


def models(model_id: str | None = None) -> dict[str, Any]:
    """``/v1/models``, or one of them."""
    if model_id is None:
        return {"object": "list", "data": [_model(row) for row in MODELS]}
    return _model(_known(model_id))


def language_models(model_id: str | None = None) -> dict[str, Any]:
    """``/v1/language-models``, or one of them."""
    if model_id is None:
        return {"models": [_language_model(row) for row in MODELS]}
    return _language_model(_known(model_id))


def tokenized(text: str) -> dict[str, Any]:
    """``/v1/tokenize-text``: this server's tokens, not xAI's."""
    return {
        "token_ids": [
            {"token_id": zlib.crc32(piece.encode()) % 131_072, "string_token": piece, "token_bytes": [*piece.encode()]}
            for piece in tokens(text)
        ]
    }


def key_info() -> dict[str, Any]:
    """``/v1/api-key``."""
    nobody = "00000000-0000-4000-8000-000000000000"
    return {
        "redacted_api_key": "xai-...",
        "user_id": nobody,
        "name": "emulator",
        "create_time": "2026-01-01T00:00:00Z",
        "modify_time": "2026-01-01T00:00:00Z",
        "modified_by": nobody,
        "team_id": nobody,
        "acls": ["api-key:model:*", "api-key:endpoint:*"],
        "api_key_id": nobody,
        "team_blocked": False,
        "api_key_blocked": False,
        "api_key_disabled": False,
    }


def _known(model_id: str) -> ModelRow:
    found = resolve(model_id)
    if found is None:
        text = f"The model {model_id} does not exist or your team does not have access to it."
        raise invalid(text, status=404, code="not-found")
    return found.row


def _prices(row: ModelRow) -> dict[str, int]:
    return {
        "prompt_text_token_price": row.price.input,
        "cached_prompt_text_token_price": row.price.cached,
        "prompt_image_token_price": row.price.input,
        "completion_text_token_price": row.price.output,
        "prompt_text_token_price_long_context": row.long_price.input,
        "cached_prompt_text_token_price_long_context": row.long_price.cached,
        "completion_text_token_price_long_context": row.long_price.output,
        "long_context_threshold": LONG_CONTEXT,
    }


def _common(row: ModelRow) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": row.id,
        "aliases": list(row.aliases),
        "created": row.created,
        "object": "model",
        "owned_by": "xai",
        **_prices(row),
    }
    if row.efforts:
        fields["capabilities"] = {
            "reasoning_effort": list(row.efforts),
            "default_reasoning_effort": row.default_effort,
        }
    return fields


def _model(row: ModelRow) -> dict[str, Any]:
    return {**_common(row), "context_length": row.context_length}


def _language_model(row: ModelRow) -> dict[str, Any]:
    return {
        **_common(row),
        "fingerprint": fingerprint(row),
        "version": "1.0",
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "search_price": _SEARCH_PRICE,
    }
