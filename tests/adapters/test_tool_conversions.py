"""Tools are converted once, when they are bound: seen by tools that count how often they are asked for their schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from langchain_core.tools import StructuredTool
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool, ToolMetadata
from pydantic import BaseModel

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from llama_index_grok import Grok

APIS = ["responses", "chat"]
QUESTION = "What is 3 multiplied by 4?"


class Asked(BaseModel):
    """A schema that counts how often it is worked out, each subclass for itself."""

    times: ClassVar[int] = 0
    a: int
    b: int

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        cls.times += 1
        return super().model_json_schema(*args, **kwargs)


def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


async def _all(pieces: AsyncIterator[Any]) -> list[Any]:
    return [piece async for piece in pieces]


# --- LangChain: `bind_tools` converts


class CountedTool(StructuredTool):
    """A LangChain tool that counts how often its schema is read."""

    asked: ClassVar[int] = 0

    @property
    def tool_call_schema(self) -> Any:
        type(self).asked += 1
        return super().tool_call_schema


@pytest.mark.parametrize("api", APIS)
def test_langchain_converts_when_tools_are_bound(emulator: Emulator, settings: dict[str, str], api: str) -> None:
    class multiply_them(Asked):
        """Multiplies two numbers."""

    CountedTool.asked = 0
    tool = CountedTool.from_function(multiply)
    bound = ChatGrok(api=api, **settings).bind_tools([tool, multiply_them])
    once = CountedTool.asked  # LangChain reads it several times over one conversion
    assert once > 0
    assert multiply_them.times == 1
    for _ in range(2):
        assert bound.invoke(QUESTION).tool_calls
        assert list(bound.stream(QUESTION))
        assert asyncio.run(bound.ainvoke(QUESTION)).tool_calls
        assert asyncio.run(_all(bound.astream(QUESTION)))
        bound.batch([QUESTION, QUESTION])
    bound.with_config(tags=["a"]).invoke(QUESTION)
    bound.with_retry().invoke(QUESTION)
    bound.with_structured_output(type("Product", (BaseModel,), {"__annotations__": {"product": int}})).invoke(QUESTION)
    assert (CountedTool.asked, multiply_them.times) == (once, 1)
    names = {tool.get("name") or tool["function"]["name"] for tool in emulator.requests[-1].body["tools"]}
    assert names == {"multiply", "multiply_them"}


# --- LlamaIndex: tools come with each call, and their classes are remembered


@pytest.mark.parametrize("api", APIS)
def test_llama_index_converts_a_schema_once(emulator: Emulator, settings: dict[str, str], api: str) -> None:
    class Numbers(Asked):
        """Two numbers."""

    def tools() -> list[FunctionTool]:
        return [FunctionTool.from_defaults(multiply, description="Multiplies two numbers.", fn_schema=Numbers)]

    llm, given = Grok(api=api, **settings), tools()

    async def asynchronously() -> None:
        await llm.achat_with_tools(given, QUESTION)
        await _all(await llm.astream_chat_with_tools(given, QUESTION))
        assert "12" in str(await FunctionAgent(tools=given, llm=llm).run(QUESTION))

    for _ in range(2):
        assert llm.get_tool_calls_from_response(llm.chat_with_tools(given, QUESTION))
        assert list(llm.stream_chat_with_tools(given, chat_history=[ChatMessage(QUESTION)]))
        asyncio.run(asynchronously())
        given = tools()  # other tools of the same class, as agents that are made anew have them
    assert Numbers.times == 1
    assert len(emulator.requests) == 12
    body = emulator.requests[-1].body["tools"][0]
    assert body.get("function", body)["parameters"]["required"] == ["a", "b"]


def test_a_metadata_class_of_ones_own_is_asked_each_time(emulator: Emulator, settings: dict[str, str]) -> None:
    """It may say something else each time: once a call, and no more."""

    class Changing(ToolMetadata):
        asked = 0

        def get_parameters_dict(self) -> dict[str, Any]:
            self.asked += 1
            return {"type": "object", "properties": {f"a{self.asked}": {"type": "integer"}}}

    metadata = Changing(name="multiply", description="Multiplies two numbers.")
    llm = Grok(**settings)
    for n in (1, 2, 3):
        llm.chat_with_tools([FunctionTool(multiply, metadata=metadata)], "Hi")
        assert list(emulator.requests[-1].body["tools"][0]["parameters"]["properties"]) == [f"a{n}"]
    assert metadata.asked == 3
