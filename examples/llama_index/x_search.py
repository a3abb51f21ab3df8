"""Search of posts on X in a span of days, by an agent: it makes one model call, since xAI does the searching."""

from __future__ import annotations

import asyncio
from datetime import date

from llama_index.core.agent.workflow import FunctionAgent

from examples.connection import connect
from llama_index_grok import Grok, XSearch


def now() -> str:
    """The time of day."""
    return "It is noon."


async def ask(llm: Grok) -> None:
    agent = FunctionAgent(tools=[now], llm=llm)  # agents take their own tools only; xAI's are the model's
    print(await agent.run("What do people post about the comet?"))


def main(**connection: str) -> None:
    posts = XSearch(from_date=date(2026, 9, 1), to_date=date(2026, 12, 1), excluded_x_handles=["spam"])
    asyncio.run(ask(Grok(**connection, server_tools=[posts])))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
