"""A LangChain tool call, answered: Grok asks for a function, the result goes back, the answer follows."""

from __future__ import annotations

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from examples.connection import connect
from langchain_grok import ChatGrok


@tool
def ferry_departure(island: str) -> str:
    """When the next ferry departs to an island."""
    return f"The next ferry to {island} departs at 14:40 from pier 3."


def main(**connection: str) -> None:
    model = ChatGrok(**connection).bind_tools([ferry_departure])
    messages = [HumanMessage("When is the next ferry departure to the island of Kerrera?")]
    asked = model.invoke(messages)
    for call in asked.tool_calls:
        print(f"Grok asks for {call['name']}({call['args']})")
        messages = [*messages, asked, ferry_departure.invoke(call)]
    print(model.invoke(messages).text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
