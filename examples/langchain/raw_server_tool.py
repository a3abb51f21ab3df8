"""A tool or an option that this package has no class or field for yet: any dict, sent as it is."""

from __future__ import annotations

from examples.connection import connect
from langchain_grok import ChatGrok, RawServerTool


def main(**connection: str) -> None:
    tool = RawServerTool(
        {"type": "web_search", "search_context_size": "low", "filters": {"excluded_domains": ["x.com"]}}
    )
    message = ChatGrok(**connection).invoke("How does a monsoon form?", server_tools=[tool])
    for block in message.content_blocks:
        if block["type"] == "server_tool_call":
            print(f"xAI ran {block['name']}({block['args']})")
    print(message.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
