"""The tool loop by hand, no agent: call, parse, run, answer, with two parallel calls in one turn."""

from __future__ import annotations

from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from examples.connection import connect
from langchain_grok import ChatGrok

PRICES = {"oak": 310, "pine": 120}


def wood_price(wood: Literal["oak", "pine"]) -> str:
    """The price of a wood in euros per cubic metre."""
    return f"{wood.capitalize()} costs {PRICES[wood]} euros per cubic metre."


FUNCTIONS: dict[str, Any] = {"wood_price": wood_price}


def main(**connection: str) -> None:
    model = ChatGrok(**connection).bind_tools(list(FUNCTIONS.values()))
    messages: list[BaseMessage] = [HumanMessage("What is the price of oak wood, and of pine wood?")]
    while True:
        answer = model.invoke(messages)
        messages.append(answer)
        if not answer.tool_calls:
            break
        print(f"{len(answer.tool_calls)} calls in one turn: {[call['args'] for call in answer.tool_calls]}")
        for call in answer.tool_calls:
            messages.append(ToolMessage(FUNCTIONS[call["name"]](**call["args"]), tool_call_id=call["id"]))
    print(answer.text)


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
