"""Three ways to keep a conversation short, in both frameworks, each with what it cost: window, summary, flush."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, trim_messages
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer

from examples.connection import connect
from langchain_grok import ChatGrok, get_usage_cost
from llama_index_grok import Grok, UsageCostHandler

FACTS = [f"Parcel {n} weighs {n} kilograms and goes to pier {n % 7}." for n in range(1, 40)]
QUESTION = "To which pier does parcel 39 go?"
LIMIT = 200  # tokens, by the offline estimate


def in_langchain(model: ChatGrok) -> None:
    history: list[Any] = [m for fact in FACTS for m in (HumanMessage(fact), AIMessage("Noted."))]
    window: list[Any] = trim_messages(history, max_tokens=LIMIT, token_counter=model, start_on="human")
    earlier = "\n".join(message.text for message in history[: -len(window)])
    for name, kept in {"whole": history, "window": window, "summary": window, "flush": []}.items():
        with get_usage_cost() as cost:
            summary = [SystemMessage(model.invoke(f"Summarise:\n{earlier}").text)] if name == "summary" else []
            answer = model.invoke([*summary, *kept, HumanMessage(QUESTION)]).text
        print(f"LangChain {name}: {cost.total.input_tokens} tokens in, ${cost.cost_usd:.6f}: {answer[:54]}")


def in_llama_index(llm: Grok) -> None:
    history = [m for fact in FACTS for m in (ChatMessage(fact), ChatMessage("Noted.", role="assistant"))]
    for name in ("whole", "window", "summary", "flush"):
        limit = 10**6 if name == "whole" else LIMIT
        made = ChatSummaryMemoryBuffer if name == "summary" else ChatMemoryBuffer
        memory = made.from_defaults(chat_history=history, llm=llm, token_limit=limit, tokenizer_fn=llm.tokenizer)
        with UsageCostHandler() as cost:
            kept = memory.get() if name != "flush" else []
            answer = llm.chat([*kept, ChatMessage(QUESTION)]).message.content or ""
        print(f"LlamaIndex {name}: {cost.total.input_tokens} tokens in, ${cost.total.cost_usd:.6f}: {answer[:54]}")


def main(**connection: Any) -> None:
    in_langchain(ChatGrok(**connection))
    in_llama_index(Grok(**connection))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
