"""What belongs to an answer as a whole, as plain data: the same keys with the same values in both frameworks.

Ids, finish reason, cost and what was not sent stand here once; a provider adds its framework's own form of the text,
the calls, the citations and the token counts. Must not know: frameworks, wire formats, HTTP.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_jsonable_python

from grok_adapter.types import ChatResponse, FinishDelta, ParameterReport

__all__ = ["envelope_of"]


def envelope_of(answer: ChatResponse | FinishDelta) -> dict[str, Any]:
    """The facts of an answer that are not in its items, JSON-ready. What was not said is left out.

    Args:
        answer: A whole answer, or the last delta of a stream, which holds the same facts.

    Returns:
        `model_provider` and, where known, `model_name` (what answered), `id`, `finish_reason`, `raw_finish_reason`
        (the wire's own word), `service_tier`, `system_fingerprint`, `request_id`, `rate_limits`, `sources`,
        `uncited_sources` (found by a search, named by no citation), `unsupported_parameters`, `cost_usd`,
        `cost_estimated` (worked out here, since xAI did not say) and `usage_estimated` (the stream was closed early).

    Example:
        >>> envelope_of(ChatResponse(id="r-1", model="grok-4.7", finish_reason="stop"))
        {'model_provider': 'xai', 'model_name': 'grok-4.7', 'id': 'r-1', 'finish_reason': 'stop'}
    """
    facts: dict[str, Any] = {
        "model_provider": "xai",
        "model_name": answer.model,
        "id": answer.id,
        "finish_reason": answer.finish_reason,
        "raw_finish_reason": answer.raw_finish_reason,
        "service_tier": answer.service_tier,
        "system_fingerprint": answer.system_fingerprint,
        "request_id": answer.request_id,
        "rate_limits": dict(answer.rate_limits) or None,
        "sources": list(answer.sources) or None,
        "uncited_sources": list(answer.uncited_sources) or None,
        "unsupported_parameters": _report(answer.unsupported_parameters) or None,
        "cost_usd": answer.cost_usd,
        "cost_estimated": answer.cost_estimated or None,
        "usage_estimated": (answer.usage is not None and answer.usage.estimated) or None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _report(report: ParameterReport) -> list[dict[str, Any]]:
    """What was not sent, or sent unchecked. Values may be anything a caller wrote, hence the fallback."""
    return [
        {
            "name": entry.name,
            "value": to_jsonable_python(entry.value, fallback=repr),
            "reason": entry.reason,
            "sent": entry.sent,
        }
        for entry in report
    ]
