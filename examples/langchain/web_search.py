"""Web search within some sites, and where LangChain keeps what was searched and cited."""

from __future__ import annotations

from examples.connection import connect
from langchain_grok import ChatGrok, WebSearch


def main(**connection: str) -> None:
    search = WebSearch(excluded_domains=["wikipedia.org"], user_location={"country": "CH"})
    model = ChatGrok(**connection, server_tools=[search])
    message = model.invoke("Which comet can be seen this year?")
    for block in message.content_blocks:
        if block["type"] == "server_tool_call":
            print(f"xAI ran {block['name']}({block['args']})")
        elif block["type"] == "text":
            for mark in block.get("annotations", []):
                print(f"{block['text'][mark['start_index'] : mark['end_index']]} cites {mark['url']}")
    print("Also found:", message.response_metadata.get("uncited_sources", []))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
