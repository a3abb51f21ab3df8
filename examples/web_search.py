"""Web search, run by xAI, with the citations where LangChain keeps them."""

from __future__ import annotations

from examples.connection import connect
from langchain_grok import ChatGrok, WebSearch


def main(**connection: str) -> None:
    model = ChatGrok(**connection, server_tools=[WebSearch()])
    message = model.invoke("How does a monsoon form?")
    for block in message.content_blocks:
        if block["type"] == "server_tool_call":
            print(f"xAI ran {block['name']}({block['args']})")
        elif block["type"] == "text":
            print(block["text"])
            for mark in block.get("annotations", []):
                print(f"  cites {mark['url']} at {mark.get('start_index')}-{mark.get('end_index')}")


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
