"""Structured output: the framework's four hooks, over xAI's native JSON schema.

With `pydantic_program_mode` at its default the schema goes out as the response format and the answer is validated;
every other mode is left to the framework. Partial objects of a stream come from an incomplete document that is parsed
as far as it goes. Where an answer holds several documents (it may, after server-side tools) the last one counts.

Must not know: wire formats, HTTP, settings. Read `StructuredOutput`, then `parse` and `Partials`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, TextBlock, ToolCallBlock
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.llm import LLMStructuredPredictEndEvent, LLMStructuredPredictStartEvent
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program.utils import create_flexible_model, get_program_for_llm
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from llama_index_grok._tools import format_spec

__all__ = ["Partials", "StructuredOutput", "parse"]

dispatcher = get_dispatcher(__name__)


class StructuredOutput(FunctionCallingLLM):
    """The structured-output hooks of an LLM whose chat takes a `response_format`."""

    @dispatcher.span
    def structured_predict(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Any:
        """Answers with an object of a class.

        Args:
            output_cls: The class; its JSON schema is sent.
            prompt: What to ask.
            llm_kwargs: Keywords of `chat`.
            **prompt_args: Values for the prompt's variables.

        Raises:
            GrokStructuredOutputError: The answer is not such an object: cut, refused, or not JSON.
        """
        if not self._is_native():
            return super().structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        self._announce(output_cls, prompt, prompt_args)
        response = self.chat(self._filled(prompt, prompt_args), **_with_format(output_cls, llm_kwargs))
        output = parse(output_cls, response)
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    @dispatcher.span
    async def astructured_predict(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Any:
        """Async twin of `structured_predict`."""
        if not self._is_native():
            return await super().astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        self._announce(output_cls, prompt, prompt_args)
        response = await self.achat(self._filled(prompt, prompt_args), **_with_format(output_cls, llm_kwargs))
        output = parse(output_cls, response)
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    def _structured_stream_call(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Generator[Any, None, None]:
        if not self._is_native():
            program = self._program(output_cls, prompt)
            return program.stream_call(llm_kwargs=llm_kwargs, **prompt_args)  # type: ignore[no-any-return]
        return self._objects(output_cls, self._filled(prompt, prompt_args), llm_kwargs)

    async def _structured_astream_call(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> AsyncGenerator[Any, None]:
        if not self._is_native():
            program = self._program(output_cls, prompt)
            return await program.astream_call(llm_kwargs=llm_kwargs, **prompt_args)  # type: ignore[no-any-return]
        return self._aobjects(output_cls, self._filled(prompt, prompt_args), llm_kwargs)

    def _objects(
        self, output_cls: type[BaseModel], messages: list[ChatMessage], llm_kwargs: dict[str, Any] | None
    ) -> Generator[Any, None, None]:
        partials = Partials(output_cls)
        with closing(self.stream_chat(messages, **_with_format(output_cls, llm_kwargs))) as stream:
            for response in stream:
                if (partial := partials.feed(response)) is not None:
                    yield partial
        yield partials.close()

    async def _aobjects(
        self, output_cls: type[BaseModel], messages: list[ChatMessage], llm_kwargs: dict[str, Any] | None
    ) -> AsyncGenerator[Any, None]:
        partials = Partials(output_cls)
        async with aclosing(await self.astream_chat(messages, **_with_format(output_cls, llm_kwargs))) as stream:
            async for response in stream:
                if (partial := partials.feed(response)) is not None:
                    yield partial
        yield partials.close()

    @staticmethod
    def _announce(output_cls: type[BaseModel], prompt: Any, prompt_args: dict[str, Any]) -> None:
        event = LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=prompt_args)
        dispatcher.event(event)

    def _is_native(self) -> bool:
        return self.pydantic_program_mode == PydanticProgramMode.DEFAULT

    def _filled(self, prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> list[ChatMessage]:
        return self._extend_messages(prompt.format_messages(llm=self, **prompt_args))

    def _program(self, output_cls: type[BaseModel], prompt: BasePromptTemplate) -> Any:
        """The framework's program for streaming; its function program forgets to require the call."""
        mode = self.pydantic_program_mode
        options = {"tool_choice": "required"} if mode == PydanticProgramMode.FUNCTION else {}
        return get_program_for_llm(output_cls, prompt, self, pydantic_program_mode=mode, **options)


def _with_format(output_cls: type[BaseModel], llm_kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The keywords of `chat`; what the framework's function program would take is left out."""
    rest = {k: v for k, v in (llm_kwargs or {}).items() if k not in ("tool_required", "allow_parallel_tool_calls")}
    return {"response_format": format_spec(output_cls), **rest}


def parse(output_cls: type[BaseModel], response: ChatResponse) -> BaseModel:
    """The object that an answer is.

    Args:
        output_cls: The class.
        response: The answer; its last text counts, or a call of a function that has the class's fields.

    Raises:
        GrokStructuredOutputError: It is none; `raw` holds the text and `finish_reason` why it ended.
    """
    text = _document(response)
    facts = response.additional_kwargs
    try:
        if not text and (call := _last_call(response)) is not None:
            return output_cls.model_validate(call)
        return output_cls.model_validate_json(text)
    except ValidationError as error:
        from grok_adapter.errors import GrokStructuredOutputError  # noqa: PLC0415  the errors load the SDK

        reason = facts.get("finish_reason")
        raw = text or str(facts.get("refusal") or "")
        raise GrokStructuredOutputError(
            f"The answer is not a {output_cls.__name__}: {_why(error, facts)}",
            raw=raw,
            finish_reason=reason,
            hint="Raise max_tokens, or lower reasoning_effort." if reason == "length" else None,
            request_id=facts.get("request_id"),
            model=facts.get("model_name"),
        ) from error


def _why(error: ValidationError, facts: dict[str, Any]) -> str:
    if refusal := facts.get("refusal"):
        return f"the model refused: {str(refusal)[:200]}"
    if facts.get("finish_reason") == "length":
        spent = facts.get("reasoning_tokens", "an unknown number")
        tokens = f"{facts.get('completion_tokens', 'an unknown number of')} output tokens, {spent} of them reasoning"
        return f"it was cut off (finish reason 'length') after {tokens}."
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place + ': ' if place else ''}{first['msg']}"


def _document(response: ChatResponse) -> str:
    """The text of the last message item: an answer may hold several documents, and the last one counts."""
    texts = [block.text for block in response.message.blocks if isinstance(block, TextBlock) and block.text.strip()]
    return texts[-1] if texts else ""


def _last_call(response: ChatResponse) -> dict[str, Any] | None:
    calls = [block.tool_kwargs for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    return calls[-1] if calls and isinstance(calls[-1], dict) else None


class Partials:
    """Turns the snapshots of a stream into objects whose fields fill up, the valid one last.

    A partial object that does not validate yet is of a flexible twin of the class: the same fields, each optional.

    Example:
        >>> class Point(BaseModel):
        ...     x: int
        ...     y: int
        >>> message = ChatMessage(role="assistant", content='{"x": 1, "y"')
        >>> Partials(Point).feed(ChatResponse(message=message)).x
        1
    """

    def __init__(self, output_cls: type[BaseModel]) -> None:
        self._output_cls = output_cls
        self._flexible = create_flexible_model(output_cls)
        self._names = {info.alias: name for name, info in output_cls.model_fields.items() if info.alias}
        self._last: ChatResponse | None = None
        self._seen: Any = None

    def feed(self, response: ChatResponse) -> Any:
        """The partial object after one more snapshot; `None` if there is nothing new in it."""
        self._last = response
        if not response.delta and response.delta is not None:
            return None
        try:
            fields = from_json(_document(response), allow_partial="trailing-strings")
        except ValueError:
            return None
        if not isinstance(fields, dict) or fields == self._seen:
            return None
        self._seen = fields
        try:
            return self._output_cls.model_validate(fields)
        except ValidationError:
            return self._flexible.model_construct(**{self._names.get(k, str(k)): v for k, v in fields.items()})

    def close(self) -> BaseModel:
        """The object that the whole answer is.

        Raises:
            GrokStructuredOutputError: It is none.
        """
        return parse(self._output_cls, self._last or ChatResponse(message=ChatMessage(role="assistant")))
