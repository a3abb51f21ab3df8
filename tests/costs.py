"""What a call, a chunk, a message of history and a tool cost us, in lines of our own code: `python -m tests.costs`.

`CEILINGS` holds what each may cost at the most: what was measured, and 15 in 100 more, so that a small change passes
and a loop too many does not. Who makes something cheaper runs `python -m tests.costs`, and puts the table that it
prints in place of the one here. Beside that each cost must be the same however much there is of it: chunks up to the
five-thousandth, messages up to the four-hundredth, tools up to the fortieth.

All goes through public names, and but for the bytes through a real socket; the server is the benchmarks', which always
sends the same. Read `CEILINGS`, `COSTS`, then `measured`.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.tools import FunctionTool

from benchmarks.server import chat_stream, responses_stream
from grok_adapter import GrokClient, Message, types
from grok_adapter.assembler import Assembler
from grok_adapter.sdk import http_library
from tests.support.servers import same_bytes
from tests.support.ways import APIS, Way
from tests.support.work import allocated, lines

http = http_library(openai)

CEILINGS = {
    ("a call", "core"): (635, 596),
    ("a call", "langchain"): (1003, 964),
    ("a call", "llama_index"): (972, 932),
    ("a chunk", "core"): (58, 89),
    ("a chunk", "langchain"): (62, 93),
    ("a chunk", "llama_index"): (83, 114),
    ("a chunk, async", "core"): (45, 77),
    ("a chunk, async", "langchain"): (64, 95),
    ("a chunk, async", "llama_index"): (88, 119),
    ("a chunk, bytes", "core"): (2161, 2255),
    ("a chunk, bytes", "langchain"): (3621, 3579),
    ("a chunk, bytes", "llama_index"): (3087, 3062),
    ("a message of history", "core"): (41, 39),
    ("a message of history", "langchain"): (79, 77),
    ("a message of history", "llama_index"): (62, 61),
    ("a tool", "core"): (18, 19),
    ("a tool", "langchain"): (36, 37),
    ("a tool", "llama_index"): (65, 66),
}
"""At most so much, on Responses and on Chat Completions: lines, but for the row that says bytes."""

Server = Callable[[int], str]
"""The base URL at which streams have so many chunks."""

MODEL = "grok-4.3"  # as which the benchmarks' server answers


@dataclass(frozen=True)
class Cost:
    """One row.

    Attributes:
        count: What a run with so much of it comes to, for who is asked and an API.
        sizes: How much: next to none, some, much. One number for what is not repeated.
        room: How much more than measured may be: what Python's and pydantic's objects take differs between versions.
        same: How much more it may be for much than for some.
    """

    count: Callable[[str, str, Server, int], int]
    sizes: tuple[int, ...] = (1,)
    room: float = 1.15
    same: float = 1.05


def measured(what: str, who: str, api: str, server: Server) -> tuple[float, float]:
    """What one of something costs where there is some of it, and where there is much."""
    cost = COSTS[what]
    cost.count(who, api, server, cost.sizes[0])  # what is loaded and cached once
    totals = [cost.count(who, api, server, size) for size in cost.sizes]
    if len(totals) == 1:
        return totals[0], totals[0]
    (none, some, much), (n, m, k) = totals, cost.sizes
    return (some - none) / (m - n), (much - some) / (k - m)


# --- the rows


def a_call(who: str, api: str, server: Server, size: int) -> int:
    """A whole answer to one message."""
    model = model_at(who, api, server(1))
    return lines(call_of(who, model, question(who)))


def a_chunk(who: str, api: str, server: Server, size: int) -> int:
    """A stream of so many chunks."""
    model = model_at(who, api, server(size))
    return lines(lambda: [0 for _ in stream_of(who, model)])


def an_async_chunk(who: str, api: str, server: Server, size: int) -> int:
    """The same, awaited."""
    model = model_at(who, api, server(size))
    return lines(lambda: asyncio.run(read_async(who, model)))


def bytes_of_a_chunk(who: str, api: str, server: Server, size: int) -> int:
    """What the steps of a stream allocate, but for the text so far, which LlamaIndex wants with every step.

    Its events come one by one, so that a step is a chunk: through a socket many come at once, and of what they allocate
    one after the other only the most would be seen.
    """
    model = model_at(who, api, server(size), http_client=http.Client(transport=OneByOne(api, size)))
    text_so_far = (lambda response: len(response.message.content or "")) if who == "llama_index" else (lambda _: 0)
    return allocated(stream_of(who, model), text_so_far)


def a_message_of_history(who: str, api: str, server: Server, size: int) -> int:
    """A call with so many messages before the question."""
    model = model_at(who, api, server(1))
    messages = history(who, model, size)
    return lines(call_of(who, model, messages))


def a_tool(who: str, api: str, server: Server, size: int) -> int:
    """A call with so many tools, which have been sent once before."""
    model = model_at(who, api, server(1))
    call = call_of(who, model, question(who), tools(who, size))
    call()
    return lines(call)


COSTS = {
    "a call": Cost(a_call),
    "a chunk": Cost(a_chunk, (1, 200, 5_000)),
    "a chunk, async": Cost(an_async_chunk, (1, 200, 2_000)),
    "a chunk, bytes": Cost(bytes_of_a_chunk, (10, 200, 3_000), room=1.3),
    "a message of history": Cost(a_message_of_history, (5, 40, 400)),
    "a tool": Cost(a_tool, (1, 10, 40)),
}
WHO = ("core", "langchain", "llama_index")


# --- who is asked, and how


def model_at(who: str, api: str, url: str, **fields: Any) -> Any:
    """A model of a provider; the core is asked with the settings of one."""
    return Way("langchain" if who == "core" else who, False, False).model(url, api=api, model=MODEL, **fields)


class OneByOne(http.BaseTransport):
    """Answers every request with a stream of the benchmarks' server, an event at a time."""

    def __init__(self, api: str, chunks: int) -> None:
        whole = (responses_stream if api == "responses" else chat_stream)(chunks)
        self._events = [event + b"\n\n" for event in whole.split(b"\n\n") if event]

    def handle_request(self, request: Any) -> Any:
        return http.Response(200, headers={"content-type": "text/event-stream"}, content=iter(self._events))


def call_of(who: str, model: Any, messages: list[Any], given: list[Any] | None = None) -> Callable[[], Any]:
    """A whole call, its tools bound before."""
    if who == "langchain":
        bound = model.bind_tools(given) if given else model
        return lambda: bound.invoke(messages)
    if who == "llama_index":
        return lambda: model.chat_with_tools(given, chat_history=messages) if given else model.chat(messages)
    client = GrokClient(model)
    return lambda: client.complete(client.settings.to_request(messages, tools=given or ()))


def stream_of(who: str, model: Any) -> Iterable[Any]:
    """A stream as its caller reads it; of the core the deltas, which are folded as they come."""
    return _folded(GrokClient(model)) if who == "core" else Way(who, True, False).stream(model)


def _folded(client: GrokClient) -> Iterator[Any]:
    assembler = Assembler()
    for delta in client.stream(client.settings.to_request(question("core"), stream=True)):
        assembler.apply(delta)
        yield delta
    assembler.snapshot()


async def read_async(who: str, model: Any) -> None:
    """Reads an async stream."""
    if who == "core":
        client = GrokClient(model)
        pieces = client.astream(client.settings.to_request(question(who), stream=True))
    else:
        pieces = await Way(who, True, True).astream(model)
    async for _ in pieces:
        pass


# --- what is asked


def question(who: str, text: str = "Which animal jumps over the dog?") -> list[Any]:
    """A conversation of one message."""
    if who == "core":
        return [Message("user", (types.TextPart(text),))]
    return [HumanMessage(text) if who == "langchain" else ChatMessage(text)]


def history(who: str, model: Any, count: int) -> list[Any]:
    """So many messages and a question: earlier ones, Grok's own answers with their reasoning, calls and results."""
    answer = call_of(who, model, question(who))()
    told = "" if who == "core" else getattr(answer, "message", answer).model_dump_json()
    turns = (_turn(who, told.replace('_1"', f'_{n}"'), n) for n in range(count))  # each with ids of its own
    return [*islice(chain.from_iterable(turns), count), *question(who)]


def _turn(who: str, answer: str, n: int) -> list[Any]:
    ask, call, day = question(who, f"Question {n}, in a few words?"), f"call_{n}", {"city": "Bern", "day": n}
    result = f"Rain on day {n}."
    if who == "langchain":
        calls = AIMessage("", tool_calls=[{"name": "look_up", "args": day, "id": call}])
        return [*ask, AIMessage.model_validate_json(answer), *ask, calls, ToolMessage(result, tool_call_id=call)]
    if who == "llama_index":
        block = ToolCallBlock(tool_call_id=call, tool_name="look_up", tool_kwargs=day)
        calls = ChatMessage(role="assistant", blocks=[block])
        back = ChatMessage(role="tool", content=result, additional_kwargs={"tool_call_id": call})
        return [*ask, ChatMessage.model_validate_json(answer), *ask, calls, back]
    thought = types.ReasoningItem(("Hm.",), encrypted_content="b" * 800, id=f"rs_{n}")
    said = Message("assistant", (thought, types.MessageItem((types.TextPart("The fox."),), id=f"msg_{n}")))
    calls = Message("assistant", (types.ToolCall(call, "look_up", json.dumps(day)),))
    return [*ask, said, *ask, calls, Message("tool", (types.TextPart(result),), tool_call_id=call)]


def look_up(city: str, day: int, units: str = "metric") -> str:
    """Looks up the weather of a city on a day."""
    return f"{city} {day} {units}"


def tools(who: str, count: int) -> list[Any]:
    """So many functions, as the framework's tools."""
    names = [f"look_up_{n}" for n in range(count)]
    if who == "langchain":
        return [StructuredTool.from_function(look_up, name=name) for name in names]
    if who == "llama_index":
        return [FunctionTool.from_defaults(look_up, name=name) for name in names]
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "integer"}}}
    return [types.FunctionTool(name, "Looks up the weather.", schema) for name in names]


# --- the table


def table(server: Server) -> str:
    """All costs as they are now, beside their ceilings, and the ceilings that would fit them."""
    shown, fitting = [], []
    for what, cost in COSTS.items():
        for who in WHO:
            found = [measured(what, who, api, server) for api in APIS]
            most = [max(some, much) for some, much in found]
            fitting.append(f"    {(what, who)!r}: {tuple(math.ceil(n * cost.room) for n in most)},".replace("'", '"'))
            for api, (some, much), ceiling in zip(APIS, found, CEILINGS.get((what, who), (0, 0)), strict=True):
                over = " TOO MUCH" * (max(some, much) > ceiling) + " GROWS" * (much > some * cost.same)
                shown.append(f"{what:22} {who:12} {api:10} {some:9.1f} {much:9.1f} {ceiling:7}{over}")
    head = f"{'':45} {'some':>9} {'much':>9} ceiling"
    return "\n".join([head, *shown, "", "CEILINGS that would fit:", "{", *fitting, "}"])


if __name__ == "__main__":
    with same_bytes() as url:
        sys.stdout.write(table(url) + "\n")
