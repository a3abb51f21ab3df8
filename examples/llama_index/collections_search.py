"""Search of a document collection kept at xAI, named by `XAI_COLLECTION_ID`. The emulator keeps no collections."""

from __future__ import annotations

import os

from examples.connection import connect
from llama_index_grok import CollectionsSearch, Grok


def main(**connection: str) -> None:
    collection = os.environ.get("XAI_COLLECTION_ID", "collection_of_yours")
    llm = Grok(**connection, server_tools=[CollectionsSearch([collection], max_num_results=4)])
    answer = llm.complete("What do our documents say about delivery times?")
    for call in answer.additional_kwargs["server_tool_calls"]:
        for passage in call.get("output") or []:
            print(f"{passage['filename']}: {passage['text']}")
    if not answer.additional_kwargs["server_tool_calls"]:
        print("No collection was searched; the emulator keeps none.")
    print(answer)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
