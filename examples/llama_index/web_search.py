"""Web search within some sites, and where LlamaIndex keeps what was searched and cited."""

from __future__ import annotations

from examples.connection import connect
from llama_index_grok import Grok, WebSearch


def main(**connection: str) -> None:
    search = WebSearch(excluded_domains=["wikipedia.org"], user_location={"country": "CH"})
    answer = Grok(**connection, server_tools=[search]).complete("Which comet can be seen this year?")
    facts = answer.additional_kwargs
    for call in facts["server_tool_calls"]:
        print(f"xAI ran {call['name']}({call['arguments']})")
    for citation in facts["citations"]:
        print(f"{answer.text[citation['start_index'] : citation['end_index']]} cites {citation['url']}")
    print("Also found:", facts.get("uncited_sources", []))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
