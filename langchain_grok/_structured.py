"""Structured answers: what is bound to ask for them, and the parsers that read them.

Three methods: the API's own JSON schema, a forced function call, and plain JSON mode. `structured_output` puts a model
and a parser together; the parsers raise `GrokStructuredOutputError` with the text and the finish reason, since a cut or
refused answer is not the schema's fault. While streaming, dicts grow; Pydantic objects come once they are whole.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers.transform import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.json import parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, ConfigDict

from grok_adapter.documents import last_document, structured_failure, without_fence
from langchain_grok._carrier import CARRIER
from langchain_grok._tools import bound_tools

__all__ = ["Method", "StructuredParser", "structured_output"]

Method = Literal["json_schema", "function_calling", "json_mode"]


def structured_output(
    binding: RunnableBinding[Any, Any],
    schema: Any,
    *,
    method: Method = "json_schema",
    include_raw: bool = False,
    strict: bool | None = None,
    tools: Sequence[Any] | None = None,
    bound: Sequence[Any] = (),
    **kwargs: Any,
) -> Runnable[Any, Any]:
    """The runnable behind `ChatGrok.with_structured_output`.

    Args:
        binding: The model, with whatever is bound to it.
        schema: A Pydantic class, a TypedDict or a JSON schema; may be absent with `json_mode` only.
        method: How to ask.
        include_raw: Whether to return the message too, and errors instead of raising them.
        strict: Passed on.
        tools: Tools for the same call.
        bound: Tools that are bound already.
        **kwargs: Further arguments to bind.

    Raises:
        GrokConfigurationError: Schema or method are wrong, or exclude each other.
    """
    _check(schema, method, tools)
    pydantic_class = schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None
    options: dict[str, Any] = {"method": method} | ({} if strict is None else {"strict": strict})
    # LangSmith shows this; langchain-core takes it out before the model is called.
    if schema is not None:
        kwargs["ls_structured_output_format"] = {"kwargs": options, "schema": schema}
    all_tools = [*bound, *bound_tools(tools or (), strict=strict)]
    function: str | None = None
    if method == "function_calling":
        tool = convert_to_openai_tool(schema, strict=strict)
        function = tool["function"]["name"]
        kwargs |= {"tools": [*all_tools, tool], "tool_choice": {"type": "function", "function": {"name": function}}}
        kwargs.setdefault("parallel_tool_calls", False)
    else:
        kwargs["response_format"] = {"type": "json_object"} if method == "json_mode" else _json_schema(schema, strict)
        if tools:
            kwargs["tools"] = all_tools
    llm = binding.bind(**kwargs)
    parser = StructuredParser(pydantic_class=pydantic_class, function=function)
    if not include_raw:
        return llm | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=llm) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _check(schema: Any, method: str, tools: Sequence[Any] | None) -> None:
    problem = None
    if method not in ("json_schema", "function_calling", "json_mode"):
        problem = f"method={method!r} is none of 'json_schema', 'function_calling', 'json_mode'."
    elif schema is None and method != "json_mode":
        problem = f"schema is missing: method={method!r} needs a Pydantic class, a TypedDict or a JSON schema."
    elif schema is not None and not isinstance(schema, (type, Mapping)):
        problem = f"schema={schema!r} is no schema: give a Pydantic class, a TypedDict or a JSON schema."
    elif isinstance(schema, Mapping) and not schema:
        problem = "schema={} is empty: give a JSON schema with a title and properties."
    elif tools and method == "function_calling":
        problem = "tools= and method='function_calling' exclude each other: use method='json_schema', or bind_tools."
    if problem:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

        raise GrokConfigurationError(problem)


def _json_schema(schema: Any, strict: bool | None) -> dict[str, Any]:
    """The response format for a schema, in the form that LangChain passes around; `_tools` makes it neutral."""
    if isinstance(schema, Mapping) and schema.get("type") == "json_schema":
        return dict(schema)
    converted = (
        dict(schema) if isinstance(schema, Mapping) and "title" not in schema else convert_to_json_schema(schema)
    )
    inner = {"name": converted.get("title") or "answer", "schema": converted}
    if converted.get("description"):
        inner["description"] = converted["description"]
    return {"type": "json_schema", "json_schema": inner | ({} if strict is None else {"strict": strict})}


class StructuredParser(BaseCumulativeTransformOutputParser[Any]):
    """Reads an answer as JSON, the last document if there are several, or as the arguments of a function call.

    Attributes:
        pydantic_class: Class of the objects to return; `None` for dicts.
        function: Name of the function whose call is the answer; `None` if the text is.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    pydantic_class: type[Any] | None = None
    function: str | None = None

    @property
    def _type(self) -> str:
        return "grok_structured_output"

    def parse(self, text: str) -> Any:
        """Reads a text."""
        return self.parse_result([ChatGeneration(message=AIMessage(content=text))])

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Reads an answer.

        Args:
            result: Generations; the first counts.
            partial: It is still being streamed: what cannot be read yet is `None`.

        Raises:
            GrokStructuredOutputError: There is no JSON, it was cut off, it does not fit the schema, or it is a refusal.
        """
        generation = result[0]
        message = generation.message if isinstance(generation, ChatGeneration) else AIMessage(content=generation.text)
        if partial:
            return self._read_partial(message)
        return self._read_function(message) if self.function else self._read_text(message)

    def _read_partial(self, message: BaseMessage) -> Any:
        value = self._partial_arguments(message) if self.function else _partial_document(_text_of(message))
        if not isinstance(value, dict) or self.pydantic_class is None:
            return value
        try:
            return _validate(self.pydantic_class, value) if _is_whole(message, self.function) else None
        except ValueError:
            return None

    def _partial_arguments(self, message: BaseMessage) -> Any:
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        return next((call["args"] for call in calls if call["name"] == self.function), None)

    def _read_function(self, message: BaseMessage) -> Any:
        arguments = next((text for name, text in _calls_of(message) if name == self.function), None)
        if arguments is None:
            if refusal := message.additional_kwargs.get("refusal"):
                raise _failure(f"the model refused: {refusal}", message, str(refusal))
            raise _failure(f"{self.function!r} was not called", message)
        try:
            value = json.loads(arguments, strict=False)
        except ValueError as error:
            raise _failure(f"the arguments of {self.function!r} are no JSON ({error})", message, arguments) from error
        return self._validated(value, message, arguments)

    def _read_text(self, message: BaseMessage) -> Any:
        text = _text_of(message)
        if refusal := message.additional_kwargs.get("refusal"):
            raise _failure(f"the model refused: {refusal}", message, str(refusal))
        if not text.strip():
            if isinstance(message, AIMessage) and message.tool_calls:
                return None  # with tools= beside the schema the model may call one first
            raise _failure("no JSON came", message)
        try:
            value = last_document(text)
        except ValueError as error:
            raise _failure(f"the answer is no JSON ({error})", message) from error
        return self._validated(value, message)

    def _validated(self, value: Any, message: BaseMessage, raw: str | None = None) -> Any:
        if self.pydantic_class is None:
            return value
        try:
            return _validate(self.pydantic_class, value)
        except ValueError as error:  # the ValidationError of either pydantic
            details: list[Any] = getattr(error, "errors", list)()
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in details[:5])
            raise _failure(f"the answer does not fit {self.pydantic_class.__name__} ({wrong})", message, raw) from error

    def transform(
        self, input: Iterator[str | BaseMessage], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """As langchain-core's, but whoever leaves the stream closes the model's.

        Core's own (1.7) reads the model to its end first, for the trace: minutes of an answer nobody waits for.
        """
        gate = _Gate(input)
        values = super().transform(gate, config, **kwargs)
        try:
            for value in values:  # noqa: UP028  `yield from` would close core's generator before the gate is shut
                yield value
        finally:
            gate.close()

    # A stream that ends in the middle of the JSON must raise: langchain-core's transform only ever reads in part.

    def _transform(self, input: Iterator[str | BaseMessage]) -> Iterator[Any]:
        last: list[Any] = []
        seen: Any = None
        for value in super()._transform(_keep_last(input, last)):
            seen = value
            yield value
        yield from self._at_end(last, seen)

    async def _atransform(self, input: AsyncIterator[str | BaseMessage]) -> AsyncIterator[Any]:
        last: list[Any] = []
        seen: Any = None
        async for value in super()._atransform(_akeep_last(input, last)):
            seen = value
            yield value
        for value in self._at_end(last, seen):
            yield value

    def _at_end(self, chunks: list[Any], seen: Any) -> Iterator[Any]:
        if not chunks:
            return
        whole = chunks[0] if len(chunks) == 1 else chunks[0] + chunks[1:]
        message = whole if isinstance(whole, BaseMessage) else AIMessage(content="".join(chunks))
        value = self.parse_result([ChatGeneration(message=message)])
        if value != seen:
            yield value


def _validate(cls: type[Any], value: Any) -> Any:
    """An object of a class of pydantic 2, or of the 1 that it contains."""
    return cls.model_validate(value) if issubclass(cls, BaseModel) else cls.parse_obj(value)


def _calls_of(message: BaseMessage) -> list[tuple[str | None, str]]:
    """Names and arguments of the calls, as they came: langchain-core mends broken arguments of a stream."""
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        return [(call["name"], call["args"] or "") for call in message.tool_call_chunks]
    if not isinstance(message, AIMessage):
        return []
    good = [(call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    return good + [(call["name"], call["args"] or "") for call in message.invalid_tool_calls]


class _Gate:
    """An iterator that can be shut: then it is at its end, and what it reads from is closed."""

    def __init__(self, inner: Iterator[Any]) -> None:
        self._inner = inner
        self._shut = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._shut:
            raise StopIteration
        return next(self._inner)

    def close(self) -> None:
        self._shut = True
        if callable(close := getattr(self._inner, "close", None)):
            close()


def _keep_last(chunks: Iterator[Any], kept: list[Any]) -> Iterator[Any]:
    for chunk in chunks:
        kept.append(chunk)
        yield chunk


async def _akeep_last(chunks: AsyncIterator[Any], kept: list[Any]) -> AsyncIterator[Any]:
    async for chunk in chunks:
        kept.append(chunk)
        yield chunk


def _text_of(message: BaseMessage) -> str:
    """The text; of a stream with several documents, the last one as far as the carrier tells them apart."""
    text = str(message.text)
    entries = message.additional_kwargs.get(CARRIER)
    lengths = [sum(e.get("n") or ()) for e in entries or () if e.get("type") == "message" and "text" not in e]
    if len(lengths) > 1 and sum(lengths) == len(text) and lengths[-1]:
        return text[-lengths[-1] :]
    return text


def _partial_document(text: str) -> Any:
    """The last document as far as it has come; `None` if nothing can be read yet."""
    text = without_fence(text)
    decoder = json.JSONDecoder(strict=False)
    position, value = 0, None
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except ValueError:
            try:
                return parse_partial_json(text[position:])
            except ValueError:
                return value
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return value


def _is_whole(message: BaseMessage, function: str | None) -> bool:
    """Whether the JSON that is there is complete rather than repaired."""
    if function:
        return getattr(message, "chunk_position", "last") == "last"
    try:
        last_document(_text_of(message))
    except ValueError:
        return False
    return True


def _failure(what: str, message: BaseMessage, raw: str | None = None) -> Exception:
    """The error, with the mend where the finish reason tells one."""
    from langchain_grok._errors import GrokStructuredOutputError  # noqa: PLC0415  imports the SDK, 0.7 s

    usage = getattr(message, "usage_metadata", None) or {}
    return structured_failure(
        what,
        raw=_text_of(message) if raw is None else raw,
        finish_reason=message.response_metadata.get("finish_reason"),
        output_tokens=usage.get("output_tokens"),
        reasoning_tokens=usage.get("output_token_details", {}).get("reasoning"),
        request_id=message.response_metadata.get("request_id"),
        model=message.response_metadata.get("model_name"),
        kind=GrokStructuredOutputError,
    )
