"""What nobody can be cheaper than: the frameworks with a model that does nothing, and the SDK's raw response. Our core.

The frameworks' chunks must be made and, by LangChain, kept until the end of the stream, where the garbage collector
looks through all of them again and again: what that comes to in a long stream is LangChain's own.

Every one has `invoke` and `stream`, or `chat` and `stream_chat`, as the adapters do, so that the same tasks measure it.
How many chunks a stream has, they read from the URL, as the server does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.server import chunks_of

ANSWER = "The quick brown fox jumps over the lazy dog. "


def langchain_floor(api: str, url: str) -> Any:
    """LangChain, and a model that yields plain chunks."""
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

    whole, count = ChatResult(generations=[ChatGeneration(message=AIMessage(ANSWER))]), chunks_of(url)

    class Nothing(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "nothing"

        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            return whole

        def _stream(self, *args: Any, **kwargs: Any) -> Any:
            for _ in range(count):
                yield ChatGenerationChunk(message=AIMessageChunk(content="word "))

    return Nothing()


def llama_index_floor(api: str, url: str) -> Any:
    """LlamaIndex, and a model that yields plain responses."""
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
    from llama_index.core.llms import CustomLLM
    from llama_index.core.llms.callbacks import llm_chat_callback

    def made() -> Any:
        return ChatResponse(message=ChatMessage(role="assistant", content=ANSWER), delta="word ")

    whole, count = made(), chunks_of(url)

    class Nothing(CustomLLM):
        @property
        def metadata(self) -> Any:
            return LLMMetadata(is_chat_model=True)

        @llm_chat_callback()
        def chat(self, messages: Any, **kwargs: Any) -> Any:
            return whole

        @llm_chat_callback()
        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            return (made() for _ in range(count))

        def complete(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError  # the base class wants one; nothing here calls it

        stream_complete = complete

    return Nothing()


def openai_raw(api: str, url: str) -> Any:
    """The SDK, asked for its raw HTTP response: nothing is decoded but the lines of a stream."""
    from openai import OpenAI

    client = OpenAI(base_url=url, api_key="xai-bench")

    class Raw:
        def _ask(self, face: str, prompt: str, **more: Any) -> Any:
            if api == "responses":
                return getattr(client.responses, face).create(model="grok-4.3", input=prompt, **more)
            said: Any = [{"role": "user", "content": prompt}]
            return getattr(client.chat.completions, face).create(model="grok-4.3", messages=said, **more)

        def invoke(self, prompt: str) -> Any:
            return self._ask("with_raw_response", prompt).text

        def stream(self, prompt: str) -> Iterator[str]:
            with self._ask("with_streaming_response", prompt, stream=True) as response:
                yield from response.iter_lines()

    return Raw()


def core(api: str, url: str) -> Any:
    """What our two adapters share: `GrokClient`, from a neutral request to deltas."""
    from grok_adapter import GrokClient, Message
    from grok_adapter.types import TextPart

    client = GrokClient(model="grok-4.3", base_url=url, api_key="xai-bench", api=api)

    class Core:
        def invoke(self, prompt: str) -> Any:
            return client.complete(client.settings.to_request([Message("user", (TextPart(prompt),))]))

        def stream(self, prompt: str) -> Iterable[Any]:
            return client.stream(client.settings.to_request([Message("user", (TextPart(prompt),))], stream=True))

    return Core()
