"""A picture within an answer: a block beside the text. The emulator draws a plain one."""

from __future__ import annotations

import base64

from examples.connection import connect
from langchain_grok import ChatGrok, ImageGeneration


def main(**connection: str) -> None:
    model = ChatGrok(**connection, server_tools=[ImageGeneration(action="generate")])
    message = model.invoke("Draw a picture of a red lighthouse.")
    for block in message.content_blocks:
        if block["type"] == "image":
            where = block.get("url") or f"{len(base64.b64decode(block['base64']))} bytes"
            print(f"A picture: {where}")
    print(message.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
