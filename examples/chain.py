"""A LangChain chain, streamed: prompt, Grok, parser."""

from __future__ import annotations

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from examples.connection import connect
from langchain_grok import ChatGrok

NOTES = """The harbour bridge opened in 1932 after eight years of work. It is 1,149 metres long.
Its steel arch is painted grey because no other paint was to be had in that quantity."""


def main(**connection: str) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Answer from the notes.\n{notes}"), ("human", "{question}")])
    chain = prompt | ChatGrok(**connection) | StrOutputParser()
    for piece in chain.stream({"notes": NOTES, "question": "Why is the steel arch of the bridge grey?"}):
        print(piece, end="", flush=True)
    print()


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
