"""Questions to xAI beside the answers: which models there are, how many tokens a text is, whether a prompt fits.

`GrokClient` inherits them and brings the connection. What the answers mean is decided in `listing` and `tokens`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from grok_adapter.listing import rows_from_listing
from grok_adapter.models import GrokModel, model_for
from grok_adapter.prepare import PreparedCall
from grok_adapter.settings import GrokSettings
from grok_adapter.tokens import ERROR_BAND, estimate_message_tokens, estimate_tokens, texts_of
from grok_adapter.types import ChatRequest

__all__ = ["Lookups"]


class Lookups:
    """What a client can be asked beside answers. Subclasses send the questions."""

    settings: GrokSettings

    def _fetch(self, call: PreparedCall) -> Any:
        """The JSON object that answers a question."""
        raise NotImplementedError

    async def _afetch(self, call: PreparedCall) -> Any:
        """Async twin of `_fetch`."""
        raise NotImplementedError

    # --- models

    def list_models(self) -> tuple[GrokModel, ...]:
        """The text models that this key may use now, read from `/v1/models` and `/v1/language-models`.

        The rows are values like those of `grok_adapter.models`, with live windows, inputs, efforts and prices. Nothing
        changes by itself: give one as `model_info` to use it.

        Returns:
            Rows, in the order of the listing.

        Raises:
            GrokError: See `grok_adapter.errors` for the tree.

        Example:
            >>> from grok_adapter import GrokClient
            >>> from grok_emulator import Emulator
            >>> with Emulator() as emulator:
            ...     rows = GrokClient(base_url=emulator.base_url, api_key="xai-demo").list_models()
            >>> rows[0].id, rows[0].context_window, rows[0].prices[-1].output
            ('grok-4.7', 500000, 60000)
        """
        from grok_adapter.errors import GrokNotFoundError  # noqa: PLC0415  errors imports the SDK, 0.7 s

        models = self._fetch(_listing("/models"))
        try:
            language_models = self._fetch(_listing("/language-models"))
        except GrokNotFoundError:  # a gateway may have the first only
            language_models = {}
        return rows_from_listing(models, language_models)

    async def alist_models(self) -> tuple[GrokModel, ...]:
        """Async twin of `list_models`."""
        from grok_adapter.errors import GrokNotFoundError  # noqa: PLC0415  errors imports the SDK

        models = await self._afetch(_listing("/models"))
        try:
            language_models = await self._afetch(_listing("/language-models"))
        except GrokNotFoundError:
            language_models = {}
        return rows_from_listing(models, language_models)

    # --- tokens

    def count_tokens(self, text: str, *, exact: bool = False, model: str | None = None) -> int:
        """How many tokens a text is.

        Args:
            text: Any text.
            exact: Ask xAI (`/v1/tokenize-text`), which has the only vocabulary; the last 1,024 answers are remembered
                on the settings object. Without it the offline estimate of `grok_adapter.tokens` is given.
            model: Whose tokens; the settings' model if not given.

        Raises:
            GrokError: xAI could not be asked.

        Example:
            >>> from grok_adapter import GrokClient
            >>> GrokClient(api_key="xai-demo").count_tokens("The capital of France is Paris.")
            7
        """
        if not exact or not text:
            return estimate_tokens(text)
        name = model or self.settings.model
        key = _key_for(name, text)
        count: int | None = self.settings.token_counts.get(key)
        if count is None:
            count = _count_in(self._fetch(_tokenize(name, text)))
            self.settings.token_counts.put(key, count)
        return count

    async def acount_tokens(self, text: str, *, exact: bool = False, model: str | None = None) -> int:
        """Async twin of `count_tokens`."""
        if not exact or not text:
            return estimate_tokens(text)
        name = model or self.settings.model
        key = _key_for(name, text)
        count: int | None = self.settings.token_counts.get(key)
        if count is None:
            count = _count_in(await self._afetch(_tokenize(name, text)))
            self.settings.token_counts.put(key, count)
        return count

    # --- windows

    def check_length(self, request: ChatRequest, call: PreparedCall) -> None:
        """Refuses a prompt that is longer than the model's window.

        By the estimate where that is clear; where the window lies within its error band xAI is asked for the exact
        count of all text. What only xAI holds (earlier messages of `previous_response_id`, its own system prompt of
        130 to 1,520 tokens) is not counted.

        Raises:
            GrokContextLengthError: It is longer.
        """
        estimate, window = _estimate(request, self.settings, call)
        unclear = _is_unclear(estimate, window)
        if unclear:
            text, rest = texts_of(request.messages, request.tools)
            estimate = self.count_tokens(text, exact=True, model=request.model) + rest
        _check(estimate, window, call, exact=unclear)

    async def acheck_length(self, request: ChatRequest, call: PreparedCall) -> None:
        """Async twin of `check_length`."""
        estimate, window = _estimate(request, self.settings, call)
        unclear = _is_unclear(estimate, window)
        if unclear:
            text, rest = texts_of(request.messages, request.tools)
            estimate = await self.acount_tokens(text, exact=True, model=request.model) + rest
        _check(estimate, window, call, exact=unclear)


def _listing(path: str) -> PreparedCall:
    return PreparedCall("responses", path, {}, method="GET")


def _tokenize(model: str, text: str) -> PreparedCall:
    return PreparedCall("responses", "/tokenize-text", {"model": model, "text": text}, row=model_for(model))


def _key_for(model: str, text: str) -> tuple[str, bytes]:
    """A digest, so that a cache of long texts does not hold them."""
    return model, hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _count_in(answer: Mapping[str, Any]) -> int:
    tokens = answer.get("token_ids")
    if isinstance(tokens, Sequence):
        return len(tokens)
    from grok_adapter.errors import GrokResponseError  # noqa: PLC0415  errors imports the SDK

    raise GrokResponseError("The answer of /v1/tokenize-text has no list of token_ids.", hint="Count with exact=False.")


def _estimate(request: ChatRequest, settings: GrokSettings, call: PreparedCall) -> tuple[int, int]:
    return estimate_message_tokens(request.messages, request.tools), settings.window_for(call.row)


def _is_unclear(estimate: int, window: int) -> bool:
    """Whether the true count may lie on either side of the window."""
    return estimate / (1 + ERROR_BAND) <= window < estimate / (1 - ERROR_BAND)


def _check(count: int, window: int, call: PreparedCall, *, exact: bool) -> None:
    if count <= window:
        return
    from grok_adapter.errors import GrokContextLengthError  # noqa: PLC0415  errors imports the SDK

    about = "" if exact else "about "
    raise GrokContextLengthError(
        f"The prompt has {about}{count:,} tokens and {call.row.id} takes {window:,}; it was not sent (check_context).",
        hint="Trim the conversation, or choose a model with a longer window.",
        model=call.body.get("model"),
        api=call.api,
    )
