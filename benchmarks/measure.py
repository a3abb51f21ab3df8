"""One measurement in a process of its own: `python -m benchmarks.measure ADAPTER API TASK PORT` prints seconds of CPU.

The adapters are ours and their peers; the tasks are those of the table. Times are `time.process_time`: what this
process used, not what it waited for.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from benchmarks.floors import core, langchain_floor, llama_index_floor, openai_raw

CHUNKS = 400
MANY_CHUNKS = 50_000
HISTORY = 400
TOOLS = 40
PROMPT = "Which animal jumps over the dog?"


def look_up(city: str, day: int, units: str = "metric") -> str:
    """Looks up the weather of a city on a day."""
    return f"{city} {day} {units}"


# --- adapters: (api, base_url) -> model ------------------------------------------------------------------------------


def langchain_grok(api: str, url: str) -> Any:
    """Ours, for LangChain."""
    from langchain_grok import ChatGrok

    return ChatGrok(model="grok-4.3", base_url=url, api_key="xai-bench", api=api)


def langchain_xai(api: str, url: str) -> Any:
    """The peer for LangChain."""
    from langchain_xai import ChatXAI

    return ChatXAI(model="grok-4.3", base_url=url, api_key="xai-bench", use_responses_api=api == "responses")


def llama_index_grok(api: str, url: str) -> Any:
    """Ours, for LlamaIndex."""
    from llama_index_grok import Grok

    return Grok(model="grok-4.3", base_url=url, api_key="xai-bench", api=api)


def openai_like(api: str, url: str) -> Any:
    """The peer for LlamaIndex."""
    from llama_index.llms.openai_like import OpenAILike, OpenAILikeResponses

    fields: dict[str, Any] = {
        "model": "grok-4.3",
        "api_base": url,
        "api_key": "x",
        "is_chat_model": True,
        "is_function_calling_model": True,
        "context_window": 256_000,
    }
    return OpenAILikeResponses(**fields) if api == "responses" else OpenAILike(**fields)


FLOORS = (langchain_floor, llama_index_floor, openai_raw, core)
ADAPTERS = {f.__name__: f for f in (langchain_grok, langchain_xai, llama_index_grok, openai_like, *FLOORS)}


# --- tasks -----------------------------------------------------------------------------------------------------------


def per_run(run: Callable[[], object], times: int) -> float:
    """CPU seconds of one run, after two to warm up: of five parts the fastest, since what disturbs only ever adds.

    What was imported until now is kept out of the garbage collector's sight: a full collection of it takes 50 ms, and
    whether one falls into the measured part is chance.
    """
    run()
    run()
    gc.collect()
    gc.freeze()
    parts, each = [], max(times // 5, 1)
    for _ in range(5):
        started = time.process_time()
        for _ in range(each):
            run()
        parts.append((time.process_time() - started) / each)
    return min(parts)


def history(framework: str) -> list[Any]:
    """A conversation of `HISTORY` messages."""
    if framework == "langchain":
        from langchain_core.messages import AIMessage, HumanMessage

        kinds = (HumanMessage, AIMessage)
        return [kinds[n % 2](f"Message {n} says a few words.") for n in range(HISTORY - 1)]
    from llama_index.core.llms import ChatMessage

    roles = ("user", "assistant")
    return [ChatMessage(role=roles[n % 2], content=f"Message {n} says a few words.") for n in range(HISTORY - 1)]


def tools(framework: str) -> list[Any]:
    """`TOOLS` functions, as the framework's tools."""
    if framework == "langchain":
        from langchain_core.tools import StructuredTool

        return [StructuredTool.from_function(look_up, name=f"look_up_{n}") for n in range(TOOLS)]
    from llama_index.core.tools import FunctionTool

    return [FunctionTool.from_defaults(look_up, name=f"look_up_{n}") for n in range(TOOLS)]


def call_of(model: Any, framework: str, messages: Any) -> Callable[[], object]:
    """One whole call."""
    if framework == "langchain":
        return lambda: model.invoke(messages)
    return lambda: model.chat(messages)


def one_call(make: Callable[[], Any], framework: str) -> float:
    """A call of one message."""
    from_text: Any = PROMPT
    if framework != "langchain":
        from llama_index.core.llms import ChatMessage

        from_text = [ChatMessage(content=PROMPT)]
    return per_run(call_of(make(), framework, from_text), 600)


def one_chunk(make: Callable[..., Any], framework: str) -> float:
    """A chunk of a stream of 400, a stream of one taken off."""
    whole = per_run(stream_of(make(CHUNKS), framework), 25)
    return max(whole - per_run(stream_of(make(1), framework), 100), 1e-9) / (CHUNKS - 1)


def stream_of(model: Any, framework: str) -> Callable[[], object]:
    """One stream, read to its end."""
    if framework == "langchain":

        def run() -> None:
            for _ in model.stream(PROMPT):
                pass
    else:
        from llama_index.core.llms import ChatMessage

        def run() -> None:
            for _ in model.stream_chat([ChatMessage(content=PROMPT)]):
                pass

    return run


def short_stream(make: Callable[..., Any], framework: str) -> float:
    """A chunk of a stream of 100, a stream of one taken off."""
    whole = per_run(stream_of(make(100), framework), 40)
    return max(whole - per_run(stream_of(make(1), framework), 100), 1e-9) / 99


def long_stream(make: Callable[..., Any], framework: str) -> float:
    """A chunk of a stream of 50,000, a stream of one taken off."""
    one = per_run(stream_of(make(1), framework), 100)
    run = stream_of(make(MANY_CHUNKS), framework)
    started = time.process_time()
    run()
    return (time.process_time() - started - one) / (MANY_CHUNKS - 1)


def long_history(make: Callable[[], Any], framework: str) -> float:
    """A call with 400 messages of history, a call of one message taken off."""
    model, messages = make(), history(framework)
    whole = per_run(call_of(model, framework, messages), 30)
    return max(whole - per_run(call_of(model, framework, messages[:1]), 100), 1e-9)


def many_tools(make: Callable[[], Any], framework: str) -> float:
    """A call with 40 tools bound, a call without taken off."""
    model, given, messages = make(), tools(framework), history(framework)[:1]
    plain = per_run(call_of(model, framework, messages), 100)
    if framework == "langchain":
        bound = model.bind_tools(given)
        return max(per_run(lambda: bound.invoke(messages), 100) - plain, 1e-9)
    return max(per_run(lambda: model.chat_with_tools(given, chat_history=messages), 100) - plain, 1e-9)


def construct(make: Callable[[], Any], framework: str) -> float:
    """A model, after the first."""
    return per_run(make, 50)


def model_size(make: Callable[[], Any], framework: str) -> float:
    """Bytes of one model object that has answered once."""
    first = make()
    one = call_of(first, framework, history(framework)[:1])
    one()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = [make() for _ in range(20)]
    size = (tracemalloc.get_traced_memory()[0] - before) / len(made)
    tracemalloc.stop()
    return size


STREAMS = (short_stream, long_stream)
TASKS = {f.__name__: f for f in (one_call, one_chunk, long_history, many_tools, construct, model_size, *STREAMS)}
IMPORTS = {
    "langchain_grok": "from langchain_grok import ChatGrok",
    "langchain_xai": "from langchain_xai import ChatXAI",
    "llama_index_grok": "from llama_index_grok import Grok",
    "openai_like": "from llama_index.llms.openai_like import OpenAILike",
    "openai_raw": "import openai",
    "langchain_core": "from langchain_core.language_models.chat_models import BaseChatModel",
    "llama_index_core": "from llama_index.core.llms.function_calling import FunctionCallingLLM",
}


def main(adapter: str, api: str, task: str, port: str) -> float:
    """Runs one task."""
    if task == "import_time":
        exec(IMPORTS[adapter], {})
        return time.process_time()
    # The bare SDK and our core are measured by methods of LangChain's names.
    framework = "llama_index" if adapter.startswith(("llama_index", "openai_like")) else "langchain"

    def make(chunks: int = CHUNKS) -> Any:
        return ADAPTERS[adapter](api, f"http://127.0.0.1:{port}/n/{chunks}/v1")

    return TASKS[task](make, framework)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
