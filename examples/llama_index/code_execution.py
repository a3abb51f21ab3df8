"""Python that xAI writes and runs. The emulator runs no code and answers in words."""

from __future__ import annotations

from examples.connection import connect
from llama_index_grok import CodeExecution, Grok


def main(**connection: str) -> None:
    llm = Grok(**connection, server_tools=[CodeExecution()])
    answer = llm.complete("Compute the 90th Fibonacci number with code.")
    for call in answer.additional_kwargs["server_tool_calls"]:
        print(f"xAI ran:\n{call['arguments'].get('code')}\nIt printed: {call.get('output')}")
    if not answer.additional_kwargs["server_tool_calls"]:
        print("No code was run; the emulator runs none.")
    print(answer)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
