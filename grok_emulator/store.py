"""Responses kept in memory: for ``previous_response_id``, and for reading and deleting them (API notes 3.11).

Must not know: how answers are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .checks import Refusal, invalid
from .reading import Task

_PAGE = 20


@dataclass(frozen=True)
class _Kept:
    whole: dict[str, Any]
    items: tuple[dict[str, Any], ...]


class ResponseStore:
    """Stored responses by id."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def keep(self, whole: dict[str, Any], task: Task) -> None:
        """Remembers an answer and the input that led to it."""
        self._kept[whole["id"]] = _Kept(whole, task.items)

    def history(self, answer_id: str | None) -> tuple[dict[str, Any], ...]:
        """The items that ``previous_response_id`` stands for: that request's input, then its output.

        Raises:
            Refusal: 404 for an unknown id.
        """
        if not answer_id:
            return ()
        kept = self._find(answer_id)
        return (*kept.items, *kept.whole["output"])

    def get(self, answer_id: str) -> dict[str, Any]:
        """The stored response, without reasoning and instructions, as xAI gives it back."""
        whole = self._find(answer_id).whole
        output = [item for item in whole["output"] if item["type"] != "reasoning"]
        return {**whole, "output": output, "instructions": None}

    def delete(self, answer_id: str) -> None:
        """Forgets a response."""
        self._find(answer_id)
        del self._kept[answer_id]

    def input_items(self, answer_id: str, query: dict[str, str]) -> dict[str, Any]:
        """One page of the input items."""
        items = [
            {"id": f"item_{answer_id}_{n}", **item} for n, item in enumerate(self._find(answer_id).items)
        ]  # an item's own id wins
        if query.get("order", "desc") == "desc":
            items.reverse()
        ids = [item["id"] for item in items]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        limit = int(query["limit"]) if query.get("limit", "").isdigit() else _PAGE
        page = items[start : start + limit]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + limit < len(items),
        }

    def _find(self, answer_id: str) -> _Kept:
        kept = self._kept.get(answer_id)
        if kept is None:
            raise _not_found(answer_id)
        return kept


def _not_found(answer_id: str) -> Refusal:
    return invalid(f"Response with id={answer_id} not found", status=404, code="not-found")
