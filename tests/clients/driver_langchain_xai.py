"""``langchain-xai`` on both APIs; it was written for Chat Completions and takes Responses over from its parent."""

from __future__ import annotations

from typing import Any

import openai
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_xai import ChatXAI

from .scenes import (
    BAD_KEY,
    CHAT_TOOL,
    COMMAND,
    DESCRIPTION,
    ENCRYPTED,
    KEY,
    MODEL,
    QUESTION,
    RESULT,
    SEARCHED,
    Driver,
    Gate,
    Outcome,
    Usage,
)


class LangChainXAI(Driver):
    """``ChatXAI``."""

    def text(self) -> Outcome:
        return _outcome(self._model().invoke(QUESTION))

    def stream(self) -> Outcome:
        return _streamed(self._model().stream(QUESTION))

    def tools(self) -> Outcome:
        kept = {"include": [ENCRYPTED], "store": False} if self.api == "responses" else {}
        model = self._model(**kept).bind_tools([CHAT_TOOL])
        first = model.invoke(COMMAND)
        results = [ToolMessage(RESULT, tool_call_id=call["id"]) for call in first.tool_calls]
        last = model.invoke([HumanMessage(COMMAND), first, *results])
        return Outcome(last.text, calls=[{call["name"]: call["args"]} for call in first.tool_calls])

    def structured(self) -> Outcome:
        return Outcome(data=self._model().with_structured_output(Gate, method="json_schema").invoke(DESCRIPTION))

    def structured_stream(self) -> Outcome:
        chain = self._model().with_structured_output(Gate, method="json_schema")
        return Outcome(data=list(chain.stream(DESCRIPTION))[-1])

    def search(self) -> Outcome:
        return _outcome(self._model().bind_tools([{"type": "web_search"}]).invoke(SEARCHED))

    def search_stream(self) -> Outcome:
        return _streamed(self._model().bind_tools([{"type": "web_search"}]).stream(SEARCHED))

    def bad_key(self) -> Outcome:
        try:
            self._model(BAD_KEY).invoke(QUESTION)
        except openai.APIStatusError as error:
            return Outcome(status=error.status_code, error=str(error))
        return Outcome()

    def _model(self, key: str = KEY, **fields: Any) -> ChatXAI:
        responses = self.api == "responses"
        return ChatXAI(
            model=MODEL, base_url=self.base_url, api_key=key, max_retries=0, use_responses_api=responses, **fields
        )


def _streamed(chunks: Any) -> Outcome:
    whole: AIMessageChunk | None = None
    pieces = []
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
        pieces += [chunk.text] if chunk.text else []
    assert whole is not None
    return _outcome(whole, pieces)


def _outcome(message: AIMessage, pieces: list[str] | None = None) -> Outcome:
    blocks: list[Any] = message.content if isinstance(message.content, list) else []
    summary = [part["text"] for block in blocks if block["type"] == "reasoning" for part in block["summary"]]
    actions = [block.get("action") or {} for block in blocks if block["type"] == "web_search_call"]
    usage = message.usage_metadata
    assert usage is not None
    return Outcome(
        message.text,
        pieces or [],
        message.additional_kwargs.get("reasoning_content") or "".join(summary),
        Usage(
            usage["input_tokens"],
            usage["output_tokens"],
            usage["total_tokens"],
            usage["output_token_details"]["reasoning"],
        ),
        citations=[note["url"] for block in blocks for note in block.get("annotations", [])],
        sources=[source["url"] for action in actions for source in action.get("sources", [])],
    )
