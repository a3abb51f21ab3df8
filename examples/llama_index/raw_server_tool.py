"""A tool or an option that this package has no class or field for yet: any dict, sent as it is."""

from __future__ import annotations

from examples.connection import connect
from llama_index_grok import Grok, RawServerTool


def main(**connection: str) -> None:
    tool = RawServerTool(
        {"type": "web_search", "search_context_size": "low", "filters": {"excluded_domains": ["x.com"]}}
    )
    answer = Grok(**connection).complete("How does a monsoon form?", server_tools=[tool])
    for call in answer.additional_kwargs["server_tool_calls"]:
        print(f"xAI ran {call['name']}({call['arguments']})")
    print(answer)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
