"""`Grok`: xAI's models as a LlamaIndex function-calling LLM.

Eight endpoints (chat and complete, whole and streamed, sync and async), the tool hooks and the structured-output hooks
of the framework. Each call is: framework messages -> neutral request -> `GrokClient` -> neutral answer -> framework
response. Everything that can be wrong on the way is in the private modules and in `grok_adapter`; here is what the
framework asks of a class.

Read `Grok` for the fields, `_request` for how a call is put together, `chat` and `stream_chat` for how one is made;
structured output is in `_structured`, serialisation without secrets in `_secrets`.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, TypeVar, cast

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool
from pydantic import Field, model_validator

from grok_adapter.models import GrokModel
from grok_adapter.settings import GrokSettings
from grok_adapter.types import ChatRequest, Delta, GrokWarning
from grok_adapter.types import ChatResponse as NeutralResponse
from llama_index_grok._messages import check_messages, to_messages
from llama_index_grok._responses import Snapshots, from_response, to_completion
from llama_index_grok._spans import SealsKeywords, unsealed
from llama_index_grok._streams import aclosing_both, announce, announce_async, closing_both
from llama_index_grok._structured import StructuredOutput
from llama_index_grok._tools import (
    to_response_format,
    to_tool_choice,
    to_tools,
    tool_calls_of,
    tool_spec,
    with_own_names,
)

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.tools.types import ToolOutput

    from grok_adapter.client import GrokClient

__all__ = ["Grok"]

T = TypeVar("T")

ROOM_FOR_ANSWER = 8_192
"""Tokens that prompt packing keeps free where `max_tokens` is not set. xAI's own default, 128,000, would cost a third
of the window; answers of a query engine are far shorter."""

PER_CALL_CONNECTION = {"timeout": "timeout", "request_timeout": "timeout", "deadline": "deadline"}
"""Keywords that are settings of the connection and may yet differ from call to call, and the fields they set."""


class Grok(SealsKeywords, StructuredOutput, GrokSettings):
    """Grok, by xAI, for LlamaIndex. (Not Groq, which is another company.)

    All fields of `GrokSettings`, which are named as in `langchain_grok`, and LlamaIndex's customary ones:
    `system_prompt`, `messages_to_prompt`, `completion_to_prompt`, `callback_manager`, `pydantic_program_mode`,
    `output_parser`, `context_window`, `additional_kwargs`, `api_base` (our `base_url`), `reuse_client`.

    Raises:
        GrokConfigurationError: A field is unknown or cannot work; the last line says what to do.

    Example:
        >>> from grok_emulator import Emulator
        >>> with Emulator() as emulator:
        ...     llm = Grok(model="grok-4.7", base_url=emulator.base_url, api_key="xai-demo")
        ...     response = llm.complete("Is the moon made of rock?")
        >>> response.additional_kwargs["finish_reason"]
        'stop'
    """

    context_window: int | None = Field(
        default=None, gt=0, description="Prompt tokens, if other than the model's row says."
    )
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="Further body keys; they are sent unchecked, and reported."
    )
    citation_blocks: bool = Field(
        default=True,
        description="Show citations as `CitationBlock`s too. Most other adapters refuse them in a history.",
    )
    reuse_client: bool = Field(
        default=True, description="Understood for swaps; connections are always pooled, per process and event loop."
    )

    @model_validator(mode="before")
    @classmethod
    def _customary_names(cls, data: Any) -> Any:
        """LlamaIndex's names for our fields."""
        if isinstance(data, dict) and "api_base" in data:
            data = dict(data)
            base = data.pop("api_base")
            if base is not None:
                data.setdefault("base_url", base)
        return data

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serialises this class."""
        return "xai_grok_llm"

    @property
    def api_base(self) -> str:
        """`base_url`, by LlamaIndex's customary name."""
        return self.base_url

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex plans with: the window for prompt packing; that this is a chat model that calls functions."""
        row = self.model_row
        return LLMMetadata(
            context_window=self.context_window or row.context_window,
            num_output=self.max_tokens or ROOM_FOR_ANSWER,
            is_chat_model=True,
            is_function_calling_model=row.client_tools,
            model_name=self.model,
        )

    # --- chat --------------------------------------------------------------------------------------------------------

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answers a conversation.

        Args:
            messages: The conversation, oldest first.
            **kwargs: Any field that is not of the connection, `tools`, `tool_choice`, `response_format`; others go into
                the body unchecked.

        Raises:
            GrokError: See `grok_adapter.errors` for the tree.
        """
        given = check_messages(messages)
        return announce(llm_chat_callback, self, lambda: self._chat(given, kwargs), given, kwargs)

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Async twin of `chat`."""
        given = check_messages(messages)
        return await announce_async(llm_chat_callback, self, lambda: self._achat(given, kwargs), given, kwargs)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answers a conversation piece by piece: each response holds the message so far, the last one everything.

        Closing the generator, or dropping it, closes the connection.

        Args:
            messages: As for `chat`.
            **kwargs: As for `chat`.

        Raises:
            GrokError: See `grok_adapter.errors` for the tree; from the first `next`, since nothing is sent before it.
        """
        given = check_messages(messages)
        ours = self._stream(given, kwargs)
        return closing_both(announce(llm_chat_callback, self, lambda: ours, given, kwargs), ours)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Async twin of `stream_chat`."""
        given = check_messages(messages)
        ours = self._astream(given, kwargs)
        framework = await announce_async(llm_chat_callback, self, lambda: _at_once(ours), given, kwargs)
        return aclosing_both(framework, ours)

    # --- complete ----------------------------------------------------------------------------------------------------

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answers a prompt, which goes out as one user message.

        Args:
            prompt: The prompt; `completion_to_prompt` is applied to it.
            formatted: That has been done already.
            **kwargs: As for `chat`.
        """
        given = self._as_messages(prompt, formatted)

        def answer() -> CompletionResponse:
            return to_completion(self._chat(given, kwargs))

        return announce(llm_completion_callback, self, answer, prompt, kwargs)

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Async twin of `complete`."""
        given = self._as_messages(prompt, formatted)

        async def answer() -> CompletionResponse:
            return to_completion(await self._achat(given, kwargs))

        return await announce_async(llm_completion_callback, self, answer, prompt, kwargs)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Answers a prompt piece by piece; see `stream_chat`."""
        ours = _completions(self._stream(self._as_messages(prompt, formatted), kwargs))
        return closing_both(announce(llm_completion_callback, self, lambda: ours, prompt, kwargs), ours)

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Async twin of `stream_complete`."""
        ours = _acompletions(self._astream(self._as_messages(prompt, formatted), kwargs))
        framework = await announce_async(llm_completion_callback, self, lambda: _at_once(ours), prompt, kwargs)
        return aclosing_both(framework, ours)

    def _as_messages(self, prompt: str, formatted: bool) -> list[ChatMessage]:
        if not formatted and self.completion_to_prompt is not None:
            prompt = self.completion_to_prompt(prompt)
        return [ChatMessage(content=prompt)]

    # --- one call ----------------------------------------------------------------------------------------------------

    def _chat(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        client, request = self._call(messages, kwargs, stream=False)
        return self._answer(client.complete(request), request)

    async def _achat(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        client, request = self._call(messages, kwargs, stream=False)
        return self._answer(await client.acomplete(request), request)

    def _stream(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponseGen:
        client, request = self._call(messages, kwargs, stream=True)
        snapshots = Snapshots(request.model, **self._options(request))
        deltas = cast("Generator[Delta, None, None]", client.stream(request))
        heard = self._heard  # once: a private attribute costs pydantic 1 us to find, of a chunk's 16
        with closing(deltas):
            for delta in deltas:
                if (response := snapshots.feed(delta)) is not None:
                    if heard is not None:
                        heard[:] = [response]
                    yield response

    async def _astream(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponseAsyncGen:
        client, request = self._call(messages, kwargs, stream=True)
        snapshots = Snapshots(request.model, **self._options(request))
        deltas = cast("AsyncGenerator[Delta, None]", client.astream(request))
        heard = self._heard
        async with aclosing(deltas):
            async for delta in deltas:
                if (response := snapshots.feed(delta)) is not None:
                    if heard is not None:
                        heard[:] = [response]
                    yield response

    def _call(
        self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any], *, stream: bool
    ) -> tuple[GrokClient, ChatRequest]:
        """The client and the request for a call's messages and keywords."""
        from grok_adapter.client import GrokClient  # noqa: PLC0415  only callers pay for the client

        per_call = dict(unsealed(kwargs))
        connection = {field: per_call.pop(name) for name, field in PER_CALL_CONNECTION.items() if name in per_call}
        settings = self.model_copy(update=connection) if connection else self
        return GrokClient(settings), self._request(messages, per_call, stream=stream)

    def _request(
        self, messages: Sequence[ChatMessage], per_call: dict[str, Any], *, stream: bool = False
    ) -> ChatRequest:
        functions, hosted = to_tools(per_call.pop("tools", None))
        choice = to_tool_choice(per_call.pop("tool_choice", None), functions)
        asked = to_response_format(per_call.pop("response_format", None))
        if hosted:
            per_call["server_tools"] = [*(per_call.get("server_tools", self.server_tools) or ()), *hosted]
        model = per_call.get("model") or per_call.get("model_name") or self.model
        return self.to_request(
            to_messages(messages, model, self._note),
            tools=functions,
            tool_choice=choice,
            response_format=asked,
            stream=stream,
            unchecked=self.additional_kwargs,
            **per_call,
        )

    def _answer(self, response: NeutralResponse, request: ChatRequest) -> ChatResponse:
        answer = from_response(response, request.model, **self._options(request))
        if self._heard is not None:
            self._heard[:] = [answer]
        return answer

    def _options(self, request: ChatRequest) -> dict[str, Any]:
        return {
            "citation_blocks": self.citation_blocks,
            "stored": bool(request.params.get("store") or request.params.get("previous_response_id")),
        }

    def _note(self, text: str) -> None:
        """Warns once per object."""
        if self.first_time(text):
            warnings.warn(text, GrokWarning, stacklevel=4)

    # --- tokens ------------------------------------------------------------------------------------------------------

    def window_for(self, row: GrokModel) -> int:
        """Prompt tokens that fit: `context_window` where it was given."""
        return self.context_window or super().window_for(row)

    def count_tokens(self, text: str, *, exact: bool = False) -> int:
        """How many tokens a text is: an offline estimate, or with `exact` the count of xAI's `/v1/tokenize-text`.

        Example:
            >>> Grok(api_key="xai-demo").count_tokens("The capital of France is Paris.")
            7
        """
        from grok_adapter.client import GrokClient  # noqa: PLC0415  only callers pay for the client

        return GrokClient(self).count_tokens(text, exact=exact)

    async def acount_tokens(self, text: str, *, exact: bool = False) -> int:
        """Async twin of `count_tokens`."""
        from grok_adapter.client import GrokClient  # noqa: PLC0415  likewise

        return await GrokClient(self).acount_tokens(text, exact=exact)

    def tokenizer(self, text: str) -> list[int]:
        """As many numbers as the text has tokens by the offline estimate: for `tokenizer_fn` of memory buffers.

        LlamaIndex counts the length of what a tokenizer returns; xAI publishes no vocabulary, so these are no ids.

        Example:
            >>> len(Grok(api_key="xai-demo").tokenizer("The capital of France is Paris."))
            7
        """
        return list(range(self.count_tokens(text)))

    # --- tools -------------------------------------------------------------------------------------------------------

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The keywords of `chat` for a chat with tools."""
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(content=user_msg))
        prepared: dict[str, Any] = {"messages": messages, **kwargs}
        specs = [tool_spec(tool) if isinstance(tool, BaseTool) else tool for tool in tools or ()]
        if not specs:
            return prepared
        prepared["tools"] = specs
        if tool_choice is not None or tool_required:
            prepared["tool_choice"] = tool_choice if tool_choice is not None else "required"
        if not allow_parallel_tool_calls:
            prepared.setdefault("parallel_tool_calls", False)
        return prepared

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The calls that an answer asks for, in order.

        Args:
            response: An answer.
            error_on_no_tool_call: Raise if there is none.

        Raises:
            ValueError: There is none.
        """
        return tool_calls_of(response, error_on_no_tool_call=error_on_no_tool_call)

    def predict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        error_on_no_tool_call: bool = True,
        error_on_tool_error: bool = False,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Lets the model choose tools and runs them.

        Unlike the framework's own, all calls run where the model made two and one was allowed; it would raise.

        Raises:
            ValueError: No call and `error_on_no_tool_call`, or a failed one and `error_on_tool_error`.
        """
        from llama_index.core.tools.calling import call_tool_with_selection  # noqa: PLC0415  as the framework does

        if not self.metadata.is_function_calling_model:  # the framework lets it reason about tools in text
            return super().predict_and_call(tools, user_msg, chat_history, verbose, **_react(kwargs))
        response = self.chat_with_tools(
            tools,
            user_msg=user_msg,
            chat_history=chat_history,
            verbose=verbose,
            allow_parallel_tool_calls=allow_parallel_tool_calls,
            **kwargs,
        )
        calls = self.get_tool_calls_from_response(response, error_on_no_tool_call=error_on_no_tool_call)
        calls = with_own_names(calls, tools)
        outputs = [call_tool_with_selection(call, tools, verbose=verbose) for call in calls]
        return _agent_response(response, outputs, error_on_tool_error)

    async def apredict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        error_on_no_tool_call: bool = True,
        error_on_tool_error: bool = False,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Async twin of `predict_and_call`; the tools run side by side."""
        from llama_index.core.tools.calling import acall_tool_with_selection  # noqa: PLC0415  as the framework does

        if not self.metadata.is_function_calling_model:
            return await super().apredict_and_call(tools, user_msg, chat_history, verbose, **_react(kwargs))
        response = await self.achat_with_tools(
            tools,
            user_msg=user_msg,
            chat_history=chat_history,
            verbose=verbose,
            allow_parallel_tool_calls=allow_parallel_tool_calls,
            **kwargs,
        )
        calls = self.get_tool_calls_from_response(response, error_on_no_tool_call=error_on_no_tool_call)
        calls = with_own_names(calls, tools)
        outputs = await asyncio.gather(*(acall_tool_with_selection(call, tools, verbose=verbose) for call in calls))
        return _agent_response(response, list(outputs), error_on_tool_error)


async def _at_once(value: T) -> T:
    return value


def _completions(chats: ChatResponseGen) -> Generator[CompletionResponse, None, None]:
    with closing(chats):
        for response in chats:
            yield to_completion(response)


async def _acompletions(chats: ChatResponseAsyncGen) -> AsyncGenerator[CompletionResponse, None]:
    async with aclosing(chats):
        async for response in chats:
            yield to_completion(response)


def _react(kwargs: dict[str, Any]) -> dict[str, Any]:
    """What the framework's ReAct fallback needs and, in llama-index-core 0.14.25, does not put in itself."""
    from llama_index.core.agent.react.formatter import ReActChatFormatter  # noqa: PLC0415  only the fallback needs it
    from llama_index.core.agent.react.output_parser import ReActOutputParser  # noqa: PLC0415

    return {"react_chat_formatter": ReActChatFormatter(), "output_parser": ReActOutputParser(), **kwargs}


def _agent_response(response: ChatResponse, outputs: list[ToolOutput], error_on_tool_error: bool) -> AgentChatResponse:
    from llama_index.core.chat_engine.types import AgentChatResponse  # noqa: PLC0415  as the framework does

    text = "\n\n".join(output.content for output in outputs)
    if error_on_tool_error and any(output.is_error for output in outputs):
        raise ValueError(text)
    return AgentChatResponse(response=text if outputs else response.message.content or "", sources=outputs)
