"""Search of posts on X in a span of days, streamed: the call shows when it starts, the result when it ends."""

from __future__ import annotations

from datetime import date

from examples.connection import connect
from langchain_grok import ChatGrok, XSearch


def main(**connection: str) -> None:
    posts = XSearch(from_date=date(2026, 9, 1), to_date=date(2026, 12, 1), excluded_x_handles=["spam"])
    model = ChatGrok(**connection).bind_tools([posts])
    for chunk in model.stream("What do people post about the comet?"):
        for block in chunk.content_blocks:
            if block["type"] == "server_tool_call_chunk" and block.get("name"):
                print(f"xAI runs {block['name']} ...")
            elif block["type"] == "server_tool_result":
                print(f"... {block['status']}")
        print(chunk.text, end="")
    print()


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
