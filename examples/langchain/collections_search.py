"""Search of a document collection kept at xAI, named by `XAI_COLLECTION_ID`. The emulator keeps no collections."""

from __future__ import annotations

import os

from examples.connection import connect
from langchain_grok import ChatGrok, CollectionsSearch


def main(**connection: str) -> None:
    collection = os.environ.get("XAI_COLLECTION_ID", "collection_of_yours")
    model = ChatGrok(**connection, server_tools=[CollectionsSearch([collection], max_num_results=4)])
    message = model.invoke("What do our documents say about delivery times?")
    found = [block for block in message.content_blocks if block["type"] == "server_tool_result"]
    for block in found:
        for passage in block.get("output") or []:
            print(f"{passage['filename']}: {passage['text']}")
    if not found:
        print("No collection was searched; the emulator keeps none.")
    print(message.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
