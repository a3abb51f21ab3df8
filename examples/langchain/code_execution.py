"""Python that xAI writes and runs, next to a function of yours. The emulator runs no code and answers in words."""

from __future__ import annotations

from examples.connection import connect
from langchain_grok import ChatGrok, CodeExecution


def main(**connection: str) -> None:
    model = ChatGrok(**connection, server_tools=[CodeExecution()])
    message = model.invoke("Compute the 90th Fibonacci number with code.")
    blocks = message.content_blocks
    for block in blocks:
        if block["type"] == "server_tool_call":
            print(f"xAI ran:\n{block['args'].get('code')}")
        elif block["type"] == "server_tool_result":
            print(f"It printed: {block.get('output')}")
    if not any(block["type"] == "server_tool_call" for block in blocks):
        print("No code was run; the emulator runs none.")
    print(message.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
