"""Structured output: the framework's four hooks, over xAI's native JSON schema.

With `pydantic_program_mode` at its default the schema goes out as the response format and the answer is validated;
every other mode is left to the framework. Partial objects of a stream come from an incomplete document that is parsed
as far as it goes. Where an answer holds several documents (it may, after server-side tools) the last one counts.

Must not know: wire formats, HTTP, settings. Read `StructuredOutput`, then `parse` and `Partials`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from typing import Any, Self

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, TextBlock, ToolCallBlock
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.llm import LLMStructuredPredictEndEvent, LLMStructuredPredictStartEvent
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program.utils import create_flexible_model, get_program_for_llm
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel, PrivateAttr, ValidationError
from pydantic_core import from_json

from grok_adapter.documents import last_document, structured_failure, without_fence
from llama_index_grok._tools import format_spec

__all__ = ["Partials", "StructuredOutput", "parse"]

dispatcher = get_dispatcher(__name__)


class StructuredOutput(FunctionCallingLLM):
    """The structured-output hooks of an LLM whose chat takes a `response_format`."""

    _heard: list[ChatResponse] | None = PrivateAttr(default=None)
    """On a call's witness: the newest answer, or a stream's so far."""

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
            witness, heard = self._witness()
            with _one_error(output_cls, heard):
                output = super(StructuredOutput, witness).structured_predict(
                    output_cls, prompt, llm_kwargs, **prompt_args
                )
                return _checked(output_cls, output)
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
            witness, heard = self._witness()
            with _one_error(output_cls, heard):
                output = await super(StructuredOutput, witness).astructured_predict(
                    output_cls, prompt, llm_kwargs, **prompt_args
                )
                return _checked(output_cls, output)
        self._announce(output_cls, prompt, prompt_args)
        response = await self.achat(self._filled(prompt, prompt_args), **_with_format(output_cls, llm_kwargs))
        output = parse(output_cls, response)
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    def _structured_stream_call(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> Generator[Any, None, None]:
        if not self._is_native():
            return self._framework_objects(output_cls, prompt, llm_kwargs, prompt_args)
        return self._objects(output_cls, self._filled(prompt, prompt_args), llm_kwargs)

    async def _structured_astream_call(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None = None, **prompt_args: Any
    ) -> AsyncGenerator[Any, None]:
        if not self._is_native():
            return self._aframework_objects(output_cls, prompt, llm_kwargs, prompt_args)
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

    # The framework's own programs, for the other modes. They raise errors of many kinds, and a stream of theirs ends
    # without a word where the answer was cut: what was heard meanwhile tells.

    def _framework_objects(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None, prompt_args: dict[str, Any]
    ) -> Generator[Any, None, None]:
        witness, heard = self._witness()
        last: Any = None
        with _one_error(output_cls, heard):
            stream = witness._program(output_cls, prompt).stream_call(llm_kwargs=llm_kwargs, **prompt_args)
            with closing(stream):
                for last in stream:
                    yield last
        if (whole := _whole(output_cls, last, heard)) is not None:
            yield whole

    async def _aframework_objects(
        self, output_cls: type[BaseModel], prompt: Any, llm_kwargs: dict[str, Any] | None, prompt_args: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        witness, heard = self._witness()
        last: Any = None
        with _one_error(output_cls, heard):
            stream = await witness._program(output_cls, prompt).astream_call(llm_kwargs=llm_kwargs, **prompt_args)
            async with aclosing(stream):
                async for last in stream:
                    yield last
        if (whole := _whole(output_cls, last, heard)) is not None:
            yield whole

    def _witness(self) -> tuple[Self, list[ChatResponse]]:
        """A copy for one call that notes the answers it hears: a program of the framework hands out objects only."""
        witness = self.model_copy()
        heard: list[ChatResponse] = []
        witness._heard = heard
        return witness, heard

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


@contextmanager
def _one_error(output_cls: type[BaseModel], heard: list[ChatResponse]) -> Iterator[None]:
    """Makes one of our errors of whatever a program of the framework made of an answer that is no object."""
    try:
        yield
    except Exception as error:
        from grok_adapter.errors import GrokError  # noqa: PLC0415  errors imports the SDK, 0.7 s

        if isinstance(error, GrokError) or not heard:
            raise
        raise _failure(f"the answer is no {output_cls.__name__} ({error})", _raw(heard[-1]), heard[-1]) from error


def _checked(output_cls: type[BaseModel], output: Any) -> Any:
    """The output of a program, if it is one. Its function program returns the error of a call that does not fit."""
    many = output if isinstance(output, list) else [output]
    if not many or not all(isinstance(one, output_cls) for one in many):
        raise ValueError(str(output) or "nothing came")
    return output


def _whole(output_cls: type[BaseModel], last: Any, heard: list[ChatResponse]) -> BaseModel | None:
    """What a program's stream should have ended with; `None` if it has.

    Raises:
        GrokStructuredOutputError: The answer is no such object.
    """
    from grok_adapter.errors import GrokStructuredOutputError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    if not heard or isinstance(last, list):
        return None
    try:
        whole = parse(output_cls, heard[-1])
    except GrokStructuredOutputError:
        if isinstance(last, output_cls) and heard[-1].additional_kwargs.get("finish_reason") != "length":
            return None  # the framework's parser finds JSON within prose
        raise
    return None if last == whole else whole


def _raw(response: ChatResponse) -> str:
    """The text of an answer, its refusal, or the arguments of its call, as they came."""
    if text := _document(response):
        return text
    if refusal := response.additional_kwargs.get("refusal"):
        return str(refusal)
    calls = [block.tool_kwargs for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    if not calls:
        return ""
    return calls[-1] if isinstance(calls[-1], str) else json.dumps(calls[-1], ensure_ascii=False)


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
    try:
        if not text and (call := _last_call(response)) is not None:
            return output_cls.model_validate(call)
        return output_cls.model_validate(last_document(text))
    except ValidationError as error:
        raise _failure(f"the answer does not fit {output_cls.__name__} ({_wrong(error)})", text, response) from error
    except ValueError as error:
        raise _failure(_why_unreadable(text, error, response), text, response) from error


def _why_unreadable(text: str, error: ValueError, response: ChatResponse) -> str:
    if refusal := response.additional_kwargs.get("refusal"):
        return f"the model refused: {refusal}"
    return f"the answer is no JSON ({error})" if text else "no JSON came"


def _wrong(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False)[:5]
    return "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details)


def _failure(what: str, text: str, response: ChatResponse) -> Exception:
    facts = response.additional_kwargs
    return structured_failure(
        what,
        raw=text or _raw(response),
        finish_reason=facts.get("finish_reason"),
        output_tokens=facts.get("completion_tokens"),
        reasoning_tokens=facts.get("reasoning_tokens"),
        request_id=facts.get("request_id"),
        model=facts.get("model_name"),
    )


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
            fields = from_json(without_fence(_document(response)), allow_partial="trailing-strings")
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
