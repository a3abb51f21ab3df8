"""`ChatGrok`: LangChain's chat model for xAI's Grok.

The class translates and delegates: LangChain's messages and tools become a neutral request, `GrokClient` sends it, and
the answer becomes a message or chunks. What is worth reading is elsewhere: the fields in `grok_adapter.settings`, the
translation in `_messages`, `_stream` and `_tools`, structured answers in `_structured`. Must not know: wire formats.

Order: the binding, the fields, one call, tools and structured output, what tracing and caches see, tokens, pickling.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing, contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.runnables.config import ensure_config
from pydantic import Field, model_validator

from grok_adapter import __version__
from grok_adapter.credentials import without_credentials
from grok_adapter.params import PARAMETERS
from grok_adapter.portable import portable
from grok_adapter.settings import GrokSettings
from grok_adapter.types import ChatRequest, ChatResponse
from langchain_grok._blocks import register
from langchain_grok._messages import from_response, to_messages
from langchain_grok._public import as_key, public_kwargs, public_value, public_wire, without_secrets
from langchain_grok._stream import ChunkMaker
from langchain_grok._structured import Method, structured_output
from langchain_grok._tools import (
    as_choice_dict,
    bound_tools,
    checked_choice,
    to_response_format,
    to_tool_choice,
    to_tools,
)

if TYPE_CHECKING:
    from grok_adapter.client import GrokClient

__all__ = ["ChatGrok"]

register()


@contextmanager
def _langchain_errors() -> Iterator[None]:
    """Gives errors that leave the block their LangChain parents."""
    try:
        yield
    except Exception as error:
        from langchain_grok._errors import GrokError, from_core_error  # noqa: PLC0415  imports the SDK, 0.7 s

        if not isinstance(error, GrokError) or (ours := from_core_error(error)) is error:
            raise
        raise ours from error.__cause__


class GrokBinding(RunnableBinding[LanguageModelInput, AIMessage]):
    """A `ChatGrok` with arguments bound to it.

    LangChain's own binding hands `with_structured_output` and `bind_tools` on to the bare model, and what was bound
    before is lost without a word. This one keeps it.
    """

    @classmethod
    def lc_id(cls) -> list[str]:
        """Serialises as the class it stands in for, which `load` knows."""
        return RunnableBinding.lc_id()

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """As `ChatGrok.bind_tools`; arguments bound before stay, tools bound before are replaced."""
        return self.bind(**_model_of(self).tool_kwargs(tools, **kwargs))

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Runnable[LanguageModelInput, Any]:
        """As `ChatGrok.with_structured_output`; tools bound before stay."""
        return structured_output(self, schema, bound=self.kwargs.get("tools") or (), **kwargs)


def _model_of(binding: GrokBinding) -> ChatGrok:
    bound = binding.bound
    while isinstance(bound, RunnableBinding):
        bound = bound.bound
    if not isinstance(bound, ChatGrok):
        raise TypeError(f"a GrokBinding was made around a {type(bound).__name__}: only ChatGrok.bind makes it.")
    return bound


class ChatGrok(GrokSettings, BaseChatModel):
    """Grok as a LangChain chat model.

    All fields of `grok_adapter.settings.GrokSettings`, those of LangChain's `BaseChatModel`, and the ones below. Names
    that other chat models use are understood too: `xai_api_key`, `xai_api_base`, `model_name`, `request_timeout`,
    `stop_sequences`, `max_completion_tokens`, `use_responses_api`.

    Raises:
        GrokConfigurationError: A field is unknown or wrong; the last line says what to do.

    Example:
        >>> from grok_emulator import Emulator
        >>> with Emulator() as emulator:
        ...     model = ChatGrok(base_url=emulator.base_url, api_key="xai-demo")
        ...     answer = model.invoke("Is the moon made of rock?")
        >>> answer.response_metadata["finish_reason"]
        'stop'
    """

    model_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="Further arguments of every call; those xAI knows and we do not go into the body.",
    )
    streaming: bool = Field(
        default=False, description="Let `invoke` stream underneath, so that callbacks see every token."
    )
    stream_usage: bool = Field(default=True, description="Ask for usage at the end of a stream (Chat Completions).")
    n: int | None = Field(default=None, ge=1, description="How many answers; Chat Completions only, never streamed.")

    @model_validator(mode="before")
    @classmethod
    def _swapped_names(cls, data: Any) -> Any:
        if isinstance(data, dict) and "max_completion_tokens" in data:
            data = dict(data)
            data.setdefault("max_tokens", data.pop("max_completion_tokens"))
        return data

    def model_post_init(self, context: Any, /) -> None:
        """Both parents' hooks: the one pydantic makes for private attributes does not call LangChain's."""
        super().model_post_init(context)
        BaseChatModel.model_post_init(self, context)

    @model_validator(mode="after")
    def _note_version(self) -> Self:
        self._add_version("grok-adapter", __version__)  # tracing shows it under `lc_versions`
        return self

    @property
    def model_name(self) -> str:
        """The model's id, under the name that other chat models use."""
        return self.model

    # --- one call ----------------------------------------------------------------------------------------------------

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with _langchain_errors():
            client, request = self._prepared(messages, stop, kwargs)
            return _to_result(client.complete(request), request)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with _langchain_errors():
            client, request = self._prepared(messages, stop, kwargs)
            return _to_result(await client.acomplete(request), request)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        maker = ChunkMaker()
        with _langchain_errors():
            client, request = self._prepared(messages, stop, kwargs, stream=True)
            with closing(client.stream(request)) as deltas:  # type: ignore[type-var]  # a generator, typed as iterator
                for delta in deltas:
                    chunk = maker.to_chunk(delta)
                    if chunk is None:
                        continue
                    if run_manager:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        maker = ChunkMaker()
        with _langchain_errors():
            client, request = self._prepared(messages, stop, kwargs, stream=True)
            async with aclosing(client.astream(request)) as deltas:  # type: ignore[type-var]
                async for delta in deltas:
                    chunk = maker.to_chunk(delta)
                    if chunk is None:
                        continue
                    if run_manager:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    def _streaming_disabled(self, **kwargs: Any) -> bool:
        """Several answers cannot be told apart in a stream of one message's chunks."""
        several = (kwargs.get("n") or self.n or self.model_kwargs.get("n") or 1) > 1
        return several or super()._streaming_disabled(**kwargs)

    def _prepared(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any], *, stream: bool = False
    ) -> tuple[GrokClient, ChatRequest]:
        """The client and the neutral request for a call."""
        kwargs = {**self.model_kwargs, **kwargs}
        for name in ("stream", "ls_structured_output_format", "structured_output_format"):  # LangChain's, not xAI's
            kwargs.pop(name, None)
        own: dict[str, Any] = {name: kwargs.pop(name) for name in ("timeout", "deadline") if name in kwargs}
        client = _client_of(self.model_copy(update=own) if own else self)
        functions, servers = to_tools(kwargs.pop("tools", None) or (), strict=kwargs.pop("strict", None))
        if servers:
            kwargs["server_tools"] = [*(kwargs.get("server_tools", self.server_tools) or ()), *servers]
        choice = checked_choice(to_tool_choice(kwargs.pop("tool_choice", None)), functions)
        if stop is not None:
            kwargs["stop"] = stop
        # LangChain's `metadata` is for tracing; xAI's parameter of that name can only be meant per call.
        facts = {"n": self.n, "metadata": None, "conversation_id": self._conversation(), **kwargs}
        request = self.to_request(
            to_messages(messages),
            tools=functions,
            tool_choice=choice,
            response_format=to_response_format(facts.pop("response_format", None)),
            stream=stream,
            stream_usage=facts.pop("stream_usage", self.stream_usage),
            **facts,
        )
        return client, request

    def _conversation(self) -> str | bool | None:
        """The conversation's id, for the prompt cache: the field's, or else in LangGraph the thread's."""
        if self.conversation_id is not None:
            return self.conversation_id
        thread = ensure_config().get("configurable", {}).get("thread_id")
        return None if thread is None else str(thread)

    # --- tools and structured output ---------------------------------------------------------------------------------

    def bind(self, **kwargs: Any) -> GrokBinding:  # type: ignore[override]  # core's binding class is private
        """Arguments for every call of the returned runnable."""
        return GrokBinding(bound=self, kwargs=kwargs, config={})

    def with_config(self, config: RunnableConfig | None = None, **kwargs: Any) -> GrokBinding:
        """Tags, callbacks and the like for every call of the returned runnable."""
        return GrokBinding(bound=self, kwargs={}, config=cast("RunnableConfig", {**(config or {}), **kwargs}))

    def bind_tools(
        self,
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | Any],
        *,
        tool_choice: str | bool | Mapping[str, Any] | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Gives the model tools: your functions, and those that xAI runs itself.

        Args:
            tools: Functions, LangChain tools, Pydantic classes, TypedDicts, function dicts, and next to them
                `WebSearch()`, `XSearch()`, ... or dicts such as `{"type": "x_search"}`.
            tool_choice: `"auto"`, `"none"`, `"any"`, a function's name, True (one must be called), or a dict. A tool
                that xAI runs cannot be forced.
            strict: Whether arguments must fit the schema exactly.
            parallel_tool_calls: Whether several functions may be called in one turn.
            **kwargs: Further arguments to bind.

        Raises:
            GrokConfigurationError: Something is no tool, or no tool has the name that was chosen.

        Example:
            >>> from langchain_grok import WebSearch
            >>> bound = ChatGrok(api_key="xai-demo").bind_tools([WebSearch(allowed_domains=["python.org"])])
            >>> bound.kwargs["tools"][0].to_wire()
            {'type': 'web_search', 'allowed_domains': ['python.org']}
        """
        options: dict[str, Any] = {"tool_choice": tool_choice, "parallel_tool_calls": parallel_tool_calls, **kwargs}
        return self.bind(**self.tool_kwargs(tools, strict=strict, **options))

    def tool_kwargs(self, tools: Sequence[Any], *, strict: bool | None = None, **kwargs: Any) -> dict[str, Any]:
        """What `bind_tools` binds."""
        bound = bound_tools(tools, strict=strict)
        functions, _ = to_tools(bound)
        choice = checked_choice(to_tool_choice(kwargs.pop("tool_choice", None)), functions)
        out = {"tools": bound, **{name: value for name, value in kwargs.items() if value is not None}}
        if choice is not None:
            out["tool_choice"] = as_choice_dict(choice)
        return out

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: Method = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        tools: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Answers as objects of a schema.

        Args:
            schema: A Pydantic class (gives instances), a TypedDict or a JSON schema (give dicts).
            method: `"json_schema"` lets xAI hold the model to the schema; `"function_calling"` forces a call of a
                function with the schema's parameters; `"json_mode"` asks for any JSON, the prompt must say which.
            include_raw: Return `{"raw": message, "parsed": ..., "parsing_error": ...}` and raise nothing.
            strict: Passed on to xAI.
            tools: Tools for the same call (`json_schema` only); if one is called the result is `None`.
            **kwargs: Further arguments to bind.

        Raises:
            GrokConfigurationError: The schema or the method is none.
            GrokStructuredOutputError: From the calls: no JSON came, it was cut off, it does not fit, or a refusal.

        Example:
            >>> from pydantic import BaseModel
            >>> class City(BaseModel):
            ...     name: str
            >>> reader = ChatGrok(api_key="xai-demo").with_structured_output(City)
        """
        return structured_output(
            self.bind(), schema, method=method, include_raw=include_raw, strict=strict, tools=tools, **kwargs
        )

    # --- what tracing, caches and serialisation see ------------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "xai-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """What makes two models answer differently; never a secret."""
        fields = self.__dict__  # not getattr: a name that is no field costs pydantic 1 us to deny, at every call
        out = {name: public_value(v) for name in _IDENTIFYING if (v := fields.get(name)) not in (None, {}, [])}
        out["model_name"] = self.model
        out["base_url"] = without_credentials(self.base_url)
        if self.server_tools:
            out["server_tools"] = [public_wire(tool) for tool in self.server_tools]
        return out

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        return {**self._identifying_params, "_type": self._llm_type, "stop": stop, **public_kwargs(kwargs)}

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        """The cache's key for everything but the messages: API, parameters and tools with all their options."""
        facts = [self._llm_type, self._identifying_params, self.server_tools, public_kwargs(kwargs), stop]
        return json.dumps(facts, sort_keys=True, default=as_key)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = "xai"
        return params

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Yes; secrets are written as references to the environment."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Constructor arguments that are secrets, and the variables they are read from."""
        return {"api_key": "XAI_API_KEY"}

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """Arguments in a form that JSON can hold, without credentials."""
        out: dict[str, Any] = {}
        if self.server_tools:
            out["server_tools"] = [public_wire(tool) for tool in self.server_tools]
        if self.extra_body:
            out["extra_body"] = public_value(self.extra_body)
        if (shown := without_credentials(self.base_url)) != self.base_url:
            out["base_url"] = shown
        return out

    def _resolve_model_profile(self) -> ModelProfile | None:
        from langchain_grok._profile import profile_for  # noqa: PLC0415

        return profile_for(self.model_row)

    # --- tokens ------------------------------------------------------------------------------------------------------

    def get_token_ids(self, text: str) -> list[int]:
        """Not available: xAI publishes no vocabulary. Use `get_num_tokens`.

        Raises:
            NotImplementedError: Always, unless `custom_get_token_ids` is set.
        """
        if self.custom_get_token_ids is not None:
            return self.custom_get_token_ids(text)
        raise NotImplementedError("xAI publishes no vocabulary, so there are no token ids: use get_num_tokens(text).")

    def get_num_tokens(self, text: str) -> int:
        """Estimates how many tokens a text is, without the network; see `grok_adapter.tokens` for how well."""
        if self.custom_get_token_ids is not None:
            return len(self.custom_get_token_ids(text))
        from grok_adapter.tokens import estimate_tokens  # noqa: PLC0415  only who counts pays for the patterns

        return estimate_tokens(text)

    def count_tokens(self, text: str, *, exact: bool = False) -> int:
        """How many tokens a text is: an offline estimate, or with `exact` the count of xAI's `/v1/tokenize-text`.

        Example:
            >>> ChatGrok(api_key="xai-demo").count_tokens("The capital of France is Paris.")
            7
        """
        with _langchain_errors():
            return _client_of(self).count_tokens(text, exact=True) if exact else self.get_num_tokens(text)

    async def acount_tokens(self, text: str, *, exact: bool = False) -> int:
        """Async twin of `count_tokens`."""
        with _langchain_errors():
            return await _client_of(self).acount_tokens(text, exact=True) if exact else self.get_num_tokens(text)

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Estimates how many prompt tokens a conversation is, with the tools offered beside it."""
        from grok_adapter.tokens import estimate_message_tokens  # noqa: PLC0415  likewise

        functions, _ = to_tools(bound_tools(tools or ()))
        return estimate_message_tokens(to_messages(messages), functions)

    # --- pickling ----------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[Any, Any]:
        """As `GrokSettings`, and without the credentials of tools and bodies or what LangChain has cached."""
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name != "_serialized"}
        if fields.get("server_tools"):
            fields["server_tools"] = [without_secrets(tool) for tool in fields["server_tools"]]
        if fields.get("extra_body"):
            fields["extra_body"] = public_value(fields["extra_body"])
        fields["rate_limiter"] = portable(fields.get("rate_limiter"), name="rate_limiter")
        return {**state, "__dict__": fields}


_BESIDE_PARAMETERS = ("model", "api", "extra_body", "model_kwargs", "n", "output_version")
_IDENTIFYING = tuple(dict.fromkeys([*_BESIDE_PARAMETERS, *(name for name in PARAMETERS if name != "metadata")]))


def _client_of(settings: GrokSettings) -> GrokClient:
    from grok_adapter.client import GrokClient  # noqa: PLC0415  only callers pay for the client: 25 ms

    return GrokClient(settings)


def _to_result(response: ChatResponse, request: ChatRequest) -> ChatResult:
    json_answer = request.response_format not in (None, "text")
    messages = [from_response(answer, json_answer=json_answer) for answer in (response, *response.alternatives)]
    for other in messages[1:]:
        other.usage_metadata = None  # of several answers the usage is one, and counts once
    # No `llm_output`: langchain-core would merge it into the metadata of invoke, but not of a stream.
    return ChatResult(generations=[ChatGeneration(message=message) for message in messages])
