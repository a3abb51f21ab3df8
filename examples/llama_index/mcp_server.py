"""A remote MCP server whose tools xAI calls; its token goes to xAI only. The emulator opens no connection."""

from __future__ import annotations

import os

from examples.connection import connect
from llama_index_grok import Grok, MCPServer


def main(**connection: str) -> None:
    server = MCPServer(
        "https://mcp.deepwiki.com/mcp",
        server_label="deepwiki",
        allowed_tools=["ask_question"],
        authorization=os.environ.get("MCP_TOKEN"),
    )
    print("Events and dumps show", repr(server))
    answer = Grok(**connection, server_tools=[server]).complete("What does the repository pallets/click do?")
    calls = answer.additional_kwargs["server_tool_calls"]
    for call in calls:
        print(f"xAI ran {call['name']}({call['arguments']}) on {call['server']}")
    if not calls:
        print("No server was asked; the emulator opens no connection.")
    print(answer)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
