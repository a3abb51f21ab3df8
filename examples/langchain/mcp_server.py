"""A remote MCP server whose tools xAI calls; its token goes to xAI only. The emulator opens no connection."""

from __future__ import annotations

import os

from examples.connection import connect
from langchain_grok import ChatGrok, MCPServer


def main(**connection: str) -> None:
    server = MCPServer(
        "https://mcp.deepwiki.com/mcp",
        server_label="deepwiki",
        allowed_tools=["ask_question"],
        authorization=os.environ.get("MCP_TOKEN"),
    )
    print("Traces and logs show", repr(server))
    message = ChatGrok(**connection, server_tools=[server]).invoke("What does the repository pallets/click do?")
    calls = [block for block in message.content_blocks if block["type"] == "server_tool_call"]
    for block in calls:
        print(f"xAI ran {block['name']}({block['args']}) on {block['extras']['server']}")
    if not calls:
        print("No server was asked; the emulator opens no connection.")
    print(message.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
