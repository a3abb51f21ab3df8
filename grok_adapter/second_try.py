"""What to send once more after a refusal, with the part left out that xAI choked on. Pure functions; the client sends.

Three refusals are about something the caller did not choose and can do without: encrypted reasoning that cannot be
decrypted any more, an `include` value that this address does not know, and schemas that its grammar compiler cannot
read. Anything else is the caller's to mend.
"""

from __future__ import annotations

from dataclasses import replace

from grok_adapter.prepare import ENCRYPTED_REASONING, PreparedCall
from grok_adapter.schemas import is_opaque_refusal, with_plain_schemas

__all__ = ["second_try"]

_PLAIN_SCHEMAS = (
    "xAI could not read the schemas of this request, so it was sent again with patterns, formats and limits moved into "
    "the descriptions, which the model reads and nothing enforces."
)


def second_try(call: PreparedCall, status: int | None, text: str) -> tuple[PreparedCall, str] | None:
    """The same call without what xAI refused, and a sentence that says so; `None` if it refused something else.

    Args:
        call: What was refused. Its second try, given here again, has nothing left to leave out.
        status: HTTP status; `None` or 200 for an error within a stream.
        text: What xAI said.
    """
    said = f"It said: {text[:200]}"
    if is_opaque_refusal(text):
        plain = with_plain_schemas(call.body)
        return None if plain is None else (replace(call, body=plain), f"{_PLAIN_SCHEMAS} {said}")
    if status not in (400, 422):
        return None
    body = dict(call.body)
    items = body.get("input")
    if "Argument not supported: include" in text and "include" in body:
        del body["include"]
        what = "`include`"
    elif "encrypted" in text and isinstance(items, list) and any(i.get("encrypted_content") for i in items):
        body["input"] = [i for i in items if i.get("type") != "reasoning"]
        if rest := [x for x in body.get("include", ()) if x != ENCRYPTED_REASONING]:
            body["include"] = rest
        what = "the reasoning of earlier turns"
    else:
        return None
    return replace(call, body=body), f"xAI refused {what}; the request was sent again without. {said}"
