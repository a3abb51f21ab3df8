"""What a conversation must look like before it is encoded: every call answered, results in the order of the calls.

Agents trim, reorder and interrupt; xAI refuses a call without a result and a result without a call. `mend_history`
repairs both and says what it did. Roles and their order are left alone: xAI takes any (its documentation says so).
"""

from __future__ import annotations

from collections.abc import Sequence

from grok_adapter.types import Message, TextPart, ToolCall

__all__ = ["after_response", "mend_history"]

NO_RESULT = "No result: this call was not answered."
"""Stands where a result was trimmed away or never came."""


def mend_history(messages: Sequence[Message], *, continued: bool = False) -> tuple[list[Message], list[str]]:
    """Puts tool results behind their calls, in the order of the calls.

    Args:
        messages: The conversation, oldest first.
        continued: The calls may be in a stored answer (`previous_response_id`): results without a call are kept.

    Returns:
        The conversation to encode, and a sentence for each result that was dropped or made up.
    """
    slots: dict[str, list[int]] = {}  # call id -> the calls with it, oldest first; some providers reuse ids
    answers: dict[int, Message] = {}
    early: list[Message] = []
    calls = 0
    for message in messages:
        if message.role == "assistant":
            for call in message.content:
                if isinstance(call, ToolCall):
                    slots.setdefault(call.id, []).append(calls)
                    calls += 1
        elif message.role == "tool":
            mine = slots.get(message.tool_call_id or "")
            if mine:  # the newest call with that id; a second result for one call replaces the first
                answers[mine[-1]] = message
            else:
                early.append(message)
    kept_early: list[Message] = []
    notes: list[str] = []
    for message in early:
        mine = [n for n in slots.get(message.tool_call_id or "", ()) if n not in answers]
        if mine:
            answers[mine[0]] = message
        elif continued:
            kept_early.append(message)
        else:
            notes.append(
                f"the result of tool call {message.tool_call_id!r} was dropped: no call with that id is in the messages"
            )
    if not calls and not notes:
        return list(messages), []
    out: list[Message] = []
    position = 0
    for message in messages:
        if message.role == "tool":
            if any(message is kept for kept in kept_early):
                out.append(message)
            continue
        out.append(message)
        if message.role != "assistant":
            continue
        for call in message.content:
            if not isinstance(call, ToolCall):
                continue
            result = answers.get(position)
            position += 1
            if result is None:
                notes.append(f"tool call {call.id!r} ({call.name}) has no result in the messages: sent {NO_RESULT!r}")
                result = Message("tool", (TextPart(NO_RESULT),), tool_call_id=call.id)
            out.append(result)
    return out, notes


def after_response(messages: Sequence[Message], response_id: str) -> list[Message]:
    """The messages after a stored answer, which the server still has; all of them if it is not among them.

    xAI's item ids contain the id of their response (`msg_<id>`, `rs_<id>`, `fc_<id>_0`).
    """
    for n in range(len(messages) - 1, -1, -1):
        if messages[n].role == "assistant" and any(response_id in _item_id(item) for item in messages[n].content):
            return list(messages[n + 1 :])
    return list(messages)


def _item_id(item: object) -> str:
    ident = getattr(item, "item_id", None) or getattr(item, "id", None)
    raw = getattr(item, "raw", None)
    return str(ident or (raw or {}).get("id") or "")
