"""A structured output: an answer that is a Pydantic object, by xAI's native JSON schema."""

from __future__ import annotations

from pydantic import BaseModel

from examples.connection import connect
from langchain_grok import ChatGrok


class Invoice(BaseModel):
    """What an invoice says."""

    number: int
    customer: str
    paid: bool


def main(**connection: str) -> None:
    model = ChatGrok(**connection).with_structured_output(Invoice)
    print(repr(model.invoke("Number: 4711. Customer: Lindqvist Timber. Paid: yes.")))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
