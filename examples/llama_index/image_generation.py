"""A picture within an answer: the output of a server-side call. The emulator draws a plain one."""

from __future__ import annotations

import base64

from examples.connection import connect
from llama_index_grok import Grok, ImageGeneration


def main(**connection: str) -> None:
    llm = Grok(**connection, server_tools=[ImageGeneration(action="generate")])
    answer = llm.complete("Draw a picture of a red lighthouse.")
    for call in answer.additional_kwargs["server_tool_calls"]:
        output = call["output"]
        where = output if output.startswith("http") else f"{len(base64.b64decode(output))} bytes"
        print(f"A picture of {call['arguments'].get('prompt')!r}: {where}")
    print(answer)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
