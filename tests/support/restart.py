"""A program that talks to Grok in a graph whose checkpoints are in SQLite, and ends: one turn of some conversations.

    python -m tests.support.restart FILE BASE_URL QUESTION THREAD:WAY ...

After turns that another process took, it is a service that was restarted. `WAY` is `whole`, `streamed` or `async`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from langchain_grok import ChatGrok
from tests.conftest import KEY


def tide_table(harbour: str) -> str:
    """Tells the tide of a harbour."""
    return f"High tide in {harbour} is at 17:20."


def agent(base_url: str, saver: Any) -> Any:
    model = ChatGrok(base_url=base_url, api_key=KEY, max_retries=0, reasoning_effort="low")
    return create_agent(model, [tide_table], checkpointer=saver)


async def run_async(file: str, base_url: str, asked: Any, config: Any) -> Any:
    async with AsyncSqliteSaver.from_conn_string(file) as saver:
        return await agent(base_url, saver).ainvoke(asked, config)


def take_turn(file: str, base_url: str, question: str, thread: str, way: str) -> str:
    """Asks in one conversation and returns the answer's text."""
    config: Any = {"configurable": {"thread_id": thread}}
    asked = {"messages": [("user", question)]}
    if way == "async":
        out = asyncio.run(run_async(file, base_url, asked, config))
    else:
        with SqliteSaver.from_conn_string(file) as saver:
            graph = agent(base_url, saver)
            if way == "streamed":
                list(graph.stream(asked, config, stream_mode="messages"))
                out = graph.get_state(config).values
            else:
                out = graph.invoke(asked, config)
    return str(out["messages"][-1].text)


if __name__ == "__main__":
    file, base_url, question, *conversations = sys.argv[1:]
    for conversation in conversations:
        print(take_turn(file, base_url, question, *conversation.split(":")))
