"""``litellm`` with its ``xai`` provider: ``completion`` and ``responses``."""

from __future__ import annotations

from typing import Any

import litellm
import openai

from .scenes import (
    BAD_KEY,
    CHAT_TOOL,
    COMMAND,
    DESCRIPTION,
    ENCRYPTED,
    KEY,
    MODEL,
    QUESTION,
    RESPONSES_TOOL,
    RESULT,
    SEARCHED,
    Driver,
    Gate,
    Outcome,
    Usage,
)

litellm.suppress_debug_info = True


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


class LiteLLMChat(Driver):
    """``litellm.completion``; asked for web search it goes to Responses by itself."""

    def text(self) -> Outcome:
        return _completion(self._ask(QUESTION))

    def stream(self) -> Outcome:
        return self._streamed(QUESTION)

    def tools(self) -> Outcome:
        messages: list[Any] = [user(COMMAND)]
        first = self._send(messages, tools=[CHAT_TOOL]).choices[0].message
        messages.append(first.model_dump())
        messages += [{"role": "tool", "tool_call_id": call.id, "content": RESULT} for call in first.tool_calls]
        last = self._send(messages, tools=[CHAT_TOOL]).choices[0].message
        return Outcome(last.content, calls=[{c.function.name: c.function.arguments} for c in first.tool_calls])

    def structured(self) -> Outcome:
        return Outcome(data=self._ask(DESCRIPTION, response_format=Gate).choices[0].message.content)

    def structured_stream(self) -> Outcome:
        return Outcome(data=self._streamed(DESCRIPTION, response_format=Gate).text)

    def search(self) -> Outcome:
        return _completion(self._ask(SEARCHED, web_search_options={}))

    def search_stream(self) -> Outcome:
        return self._streamed(SEARCHED, web_search_options={})

    def bad_key(self) -> Outcome:
        try:
            self._ask(QUESTION, api_key=BAD_KEY)
        except openai.APIStatusError as error:
            return Outcome(status=error.status_code, error=str(error))
        return Outcome()

    def _ask(self, text: str, **fields: Any) -> Any:
        return self._send([user(text)], **fields)

    def _send(self, messages: list[Any], **fields: Any) -> Any:
        settings = {"api_base": self.base_url, "api_key": KEY, "num_retries": 0, **fields}
        return litellm.completion(f"xai/{MODEL}", messages, **settings)

    def _streamed(self, text: str, **fields: Any) -> Outcome:
        chunks = list(self._ask(text, stream=True, stream_options={"include_usage": True}, **fields))
        pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
        return _completion(litellm.stream_chunk_builder(chunks), pieces)


class LiteLLMResponses(Driver):
    """``litellm.responses``."""

    def text(self) -> Outcome:
        return _response(self._send(QUESTION))

    def stream(self) -> Outcome:
        return self._streamed(QUESTION)

    def tools(self) -> Outcome:
        given: list[Any] = [user(COMMAND)]
        fields = {"tools": [RESPONSES_TOOL], "include": [ENCRYPTED], "store": False}
        first = self._send(given, **fields).output
        calls = [item for item in first if item.type == "function_call"]
        given += [item.model_dump(exclude_none=True) for item in first]
        given += [{"type": "function_call_output", "call_id": call.call_id, "output": RESULT} for call in calls]
        last = _response(self._send(given, **fields))
        return Outcome(last.text, calls=[{call.name: call.arguments} for call in calls])

    def structured(self) -> Outcome:
        return Outcome(data=_response(self._send(DESCRIPTION, text_format=Gate)).text)

    def structured_stream(self) -> Outcome:
        return Outcome(data=self._streamed(DESCRIPTION, text_format=Gate).text)

    def search(self) -> Outcome:
        return _response(self._send(SEARCHED, tools=[{"type": "web_search"}]))

    def search_stream(self) -> Outcome:
        return self._streamed(SEARCHED, tools=[{"type": "web_search"}])

    def bad_key(self) -> Outcome:
        try:
            self._send(QUESTION, api_key=BAD_KEY)
        except openai.APIStatusError as error:
            return Outcome(status=error.status_code, error=str(error))
        return Outcome()

    def _send(self, given: Any, **fields: Any) -> Any:
        settings = {"api_base": self.base_url, "api_key": KEY, "num_retries": 0, **fields}
        return litellm.responses(given, f"xai/{MODEL}", **settings)

    def _streamed(self, given: str, **fields: Any) -> Outcome:
        events = list(self._send(given, stream=True, **fields))
        return _response(events[-1].response, [e.delta for e in events if e.type == "response.output_text.delta"])


def _completion(answer: Any, pieces: list[str] | None = None) -> Outcome:
    message, usage = answer.choices[0].message, answer.usage
    details = usage.completion_tokens_details
    return Outcome(
        message.content,
        pieces or [],
        message.reasoning_content,
        Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, details.reasoning_tokens),
        citations=[note["url"] for note in getattr(message, "annotations", None) or []],
    )


def _response(answer: Any, pieces: list[str] | None = None) -> Outcome:
    output = [item if isinstance(item, dict) else item.model_dump() for item in answer.output]
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    thought = [part["text"] for item in output if item["type"] == "reasoning" for part in item["summary"]]
    searches = [item["action"] for item in output if item["type"] == "web_search_call"]
    usage = answer.usage
    return Outcome(
        "".join(part["text"] for part in parts),
        pieces or [],
        "".join(thought),
        Usage(
            usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.output_tokens_details.reasoning_tokens
        ),
        citations=[note["url"] for part in parts for note in part["annotations"]],
        sources=[source["url"] for action in searches for source in action["sources"]],
    )
