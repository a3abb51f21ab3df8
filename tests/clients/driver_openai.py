"""The ``openai`` SDK, through its helpers: parse and stream of both APIs."""

from __future__ import annotations

from typing import Any

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

WEB_SEARCH: Any = {"type": "web_search"}


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def client(base_url: str, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)


def refused(error: openai.APIStatusError) -> Outcome:
    return Outcome(status=error.status_code, error=error.response.json()["error"])


class OpenAIResponses(Driver):
    """``client.responses``."""

    def text(self) -> Outcome:
        return _response(client(self.base_url).responses.create(model=MODEL, input=QUESTION))

    def stream(self) -> Outcome:
        return self._streamed(input=QUESTION)

    def tools(self) -> Outcome:
        sdk, tool, include = client(self.base_url), {**RESPONSES_TOOL, "strict": True}, [ENCRYPTED]
        given: Any = [user(COMMAND)]
        first = sdk.responses.parse(model=MODEL, input=given, tools=[tool], include=include, store=False)
        calls = [item for item in first.output if item.type == "function_call"]
        given += first.output
        given += [{"type": "function_call_output", "call_id": call.call_id, "output": RESULT} for call in calls]
        last = sdk.responses.parse(model=MODEL, input=given, tools=[tool], include=include, store=False)
        return Outcome(last.output_text, calls=[{call.name: call.parsed_arguments} for call in calls])

    def structured(self) -> Outcome:
        answer = client(self.base_url).responses.parse(model=MODEL, input=DESCRIPTION, text_format=Gate)
        return Outcome(data=answer.output_parsed)

    def structured_stream(self) -> Outcome:
        return self._streamed(input=DESCRIPTION, text_format=Gate)

    def search(self) -> Outcome:
        return _response(client(self.base_url).responses.create(model=MODEL, input=SEARCHED, tools=[WEB_SEARCH]))

    def search_stream(self) -> Outcome:
        return self._streamed(input=SEARCHED, tools=[WEB_SEARCH])

    def bad_key(self) -> Outcome:
        try:
            client(self.base_url, BAD_KEY).responses.create(model=MODEL, input=QUESTION)
        except openai.APIStatusError as error:
            return refused(error)
        return Outcome()

    def _streamed(self, **fields: Any) -> Outcome:
        with client(self.base_url).responses.stream(model=MODEL, **fields) as stream:
            pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
            return _response(stream.get_final_response(), pieces)


class OpenAIChat(Driver):
    """``client.chat.completions``."""

    def text(self) -> Outcome:
        return _completion(client(self.base_url).chat.completions.create(model=MODEL, messages=[user(QUESTION)]))

    def stream(self) -> Outcome:
        return self._streamed(messages=[user(QUESTION)])

    def tools(self) -> Outcome:
        tool: Any = {"type": "function", "function": {**CHAT_TOOL["function"], "strict": True}}
        sdk, messages = client(self.base_url), [user(COMMAND)]
        message = sdk.chat.completions.parse(model=MODEL, messages=messages, tools=[tool]).choices[0].message
        calls = message.tool_calls or []
        messages += [message, *({"role": "tool", "tool_call_id": call.id, "content": RESULT} for call in calls)]
        last = sdk.chat.completions.parse(model=MODEL, messages=messages, tools=[tool]).choices[0].message
        made = [{call.function.name: call.function.parsed_arguments} for call in calls]
        return Outcome(last.content or "", calls=made)

    def structured(self) -> Outcome:
        sdk = client(self.base_url)
        answer = sdk.chat.completions.parse(model=MODEL, messages=[user(DESCRIPTION)], response_format=Gate)
        return Outcome(data=answer.choices[0].message.parsed)

    def structured_stream(self) -> Outcome:
        return self._streamed(messages=[user(DESCRIPTION)], response_format=Gate)

    def search(self) -> Outcome:
        raise NotImplementedError

    search_stream = search

    def bad_key(self) -> Outcome:
        try:
            client(self.base_url, BAD_KEY).chat.completions.create(model=MODEL, messages=[user(QUESTION)])
        except openai.APIStatusError as error:
            return refused(error)
        return Outcome()

    def _streamed(self, **fields: Any) -> Outcome:
        options: Any = {"include_usage": True}
        with client(self.base_url).chat.completions.stream(model=MODEL, stream_options=options, **fields) as stream:
            pieces = [event.delta for event in stream if event.type == "content.delta"]
            return _completion(stream.get_final_completion(), pieces)


def _response(answer: Any, pieces: list[str] | None = None) -> Outcome:
    thought = [part.text for item in answer.output if item.type == "reasoning" for part in item.summary]
    notes = [
        note for item in answer.output if item.type == "message" for part in item.content for note in part.annotations
    ]
    searches = [item for item in answer.output if item.type == "web_search_call"]
    usage = answer.usage
    return Outcome(
        answer.output_text,
        pieces or [],
        "".join(thought),
        Usage(
            usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.output_tokens_details.reasoning_tokens
        ),
        data=getattr(answer, "output_parsed", None),
        citations=[note.url for note in notes if answer.output_text[note.start_index : note.end_index].endswith(")")],
        sources=[source.url for item in searches for source in item.action.sources],
    )


def _completion(answer: Any, pieces: list[str] | None = None) -> Outcome:
    message, usage = answer.choices[0].message, answer.usage
    return Outcome(
        message.content,
        pieces or [],
        message.reasoning_content,
        Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
            usage.completion_tokens_details.reasoning_tokens,
            apart=True,
        ),
        data=getattr(message, "parsed", None),
    )
