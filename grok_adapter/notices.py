"""What a caller should hear about a call that succeeded: another model answered, or reasoning ate the budget.

Pure functions from a call and its answer to sentences; the client warns with them. Must not know: frameworks, HTTP.
"""

from __future__ import annotations

from collections.abc import Hashable

from grok_adapter.models import GrokModel, model_for, retirement_for
from grok_adapter.prepare import PreparedCall
from grok_adapter.types import ChatResponse, Delta, FinishDelta, MessageItem, TextDelta, ToolCall, ToolCallDelta

__all__ = ["is_visible", "notice_before", "notices_after", "says_something"]

Notice = tuple[Hashable, str]
"""What it is about, so that it is said once per settings object (`None`: every time), and the sentence."""


def notice_before(call: PreparedCall) -> Notice | None:
    """Before sending: the id is one that xAI does not answer any more."""
    if call.row.served:
        return None
    name = call.body.get("model")
    since = f" since {call.row.retired}" if call.row.retired else ""
    return ("served", name), f"model={name!r} is not served by xAI any more{since}: choose a current model."


def notices_after(call: PreparedCall, answer: ChatResponse | FinishDelta, *, visible: bool) -> list[Notice]:
    """What to say about an answer.

    Args:
        call: What was asked.
        answer: What came, or the last delta of a stream.
        visible: Whether any text or call of a function came.
    """
    out: list[Notice] = []
    asked = str(call.body.get("model"))
    if answer.model and is_another(asked, answer.model, call.row):
        out.append((("model", asked, answer.model), _other_model(asked, answer.model)))
    if answer.finish_reason == "length" and not visible:
        out.append((None, _eaten(call, answer)))
    return out


def is_another(asked: str, answered: str, row: GrokModel) -> bool:
    """Whether a model answered that was not asked for; an alias or a dated id of the same model is no other one.

    Example:
        >>> row = model_for("grok-4.20")
        >>> is_another("grok-4.20", "grok-4.20-0309-reasoning", row), is_another("grok-3", "grok-4.3", row)
        (False, True)
    """
    if asked == answered:
        return False
    found = model_for(answered)
    same = found.id in (row.id, model_for(asked).id)
    return not same or (retirement_for(asked) is not None and retirement_for(answered) is None)


def _other_model(asked: str, answered: str) -> str:
    gone = retirement_for(asked)
    if gone is None:
        return f"model={asked!r} was asked and {answered!r} answered, at its price: ask for that one, or for another."
    since = f" on {gone.retired}" if gone.retired else ""
    effort = f", with reasoning_effort={gone.effort!r} unless another is asked" if gone.effort else ""
    return (
        f"model={asked!r} was retired{since} and {answered!r} answered, at its price{effort}: set model={answered!r}."
    )


def _eaten(call: PreparedCall, answer: ChatResponse | FinishDelta) -> str:
    names = ("max_output_tokens", "max_completion_tokens", "max_tokens")
    limit = next((call.body[name] for name in names if call.body.get(name) is not None), None)
    setting = "the server's own limit" if limit is None else f"max_tokens={limit}"
    spent = answer.usage.reasoning_tokens if answer.usage else None
    tokens = "an unknown number of" if spent is None else f"{spent:,}"
    mend = "raise max_tokens" + (", or lower reasoning_effort" if call.row.efforts != () else "")
    return f"{setting} was reached with nothing visible; {tokens} reasoning tokens were spent and billed: {mend}."


def says_something(response: ChatResponse) -> bool:
    """Whether an answer holds text or a call of a function."""
    return any(isinstance(item, ToolCall) or (isinstance(item, MessageItem) and item.text) for item in response.items)


def is_visible(delta: Delta) -> bool:
    """The same of one delta."""
    return isinstance(delta, ToolCallDelta) or (isinstance(delta, TextDelta) and bool(delta.text))
