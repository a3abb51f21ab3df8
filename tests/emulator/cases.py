"""A table of questions with what they come with, and what has to come out of either API.

Texts are matched by what they must contain; calls and structured answers exactly. All subjects are invented here and
belong to nobody's example.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .conftest import Wire

STR, NUM, INT, BOOL = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))


def an_object(optional: dict[str, Any] | None = None, /, **required: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def function(name: str, description: str, optional: dict[str, Any] | None = None, /, **required: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "parameters": an_object(optional, **required)}


@dataclass(frozen=True)
class Case:
    """One question; ``says`` are parts of the text in lower case, ``never`` parts that must not be in it."""

    name: str
    asked: str | list[dict[str, Any]]
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    fills: Any = None
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    fields: dict[str, Any] = field(default_factory=dict)


TIDE = function("read_tide_table", "Tells the tide at a harbour.", harbour=STR)
CONVERT = function(
    "convert_money",
    "Converts an amount of money between currencies.",
    amount=NUM,
    from_currency={"enum": ["EUR", "USD", "NOK"]},
    to_currency={"enum": ["EUR", "USD", "NOK"]},
)
SUM, PRODUCT = (
    function("add_numbers", "Adds two numbers.", a=NUM, b=NUM),
    function("multiply_numbers", "Multiplies two numbers.", a=NUM, b=NUM),
)
BOOK = function(
    "reserve_table",
    "Reserves a table at a restaurant.",
    restaurant=STR,
    guests=INT,
    date={"type": "string", "format": "date"},
)
LAMP = function("switch_lamp", "Switches a lamp.", room={"enum": ["kitchen", "attic", "cellar"]}, dimmed=BOOL)
PASSAGES = """Some passages were found.

The Halden kiln was built in 1903 by the potter Greta Ostby.
It burns birch wood and reaches 1280 degrees.
The Halden mill was closed in 1951.

Use them to reply.
Question: {question}
Reply: """
STAFF = {
    "$defs": {"Person": an_object(name=STR, age=INT)},
    **an_object(people={"type": "array", "items": {"$ref": "#/$defs/Person"}}),
}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


CASES = (
    # From passages, instructions and earlier turns
    Case("passages: who", PASSAGES.format(question="Who built the kiln?"), says=("greta ostby",), never=("1951",)),
    Case("passages: what", PASSAGES.format(question="What wood does it burn?"), says=("birch",), never=("ostby",)),
    Case("passages: a request", PASSAGES.format(question="State when the mill was closed"), says=("1951",)),
    Case(
        "wrapped lines",
        "The ferry of the northern sound, which carries cars and\nfreight, leaves at half past six.\n\n"
        "When does the ferry leave?",
        says=("half past six",),
    ),
    Case(
        "verbs in the passages",
        "The form must say only yes. Count from 1 to 9 pages. The form is blue.\n\nWhat colour is the form?",
        says=("blue",),
        never=("1, 2",),
    ),
    Case(
        "question first",
        "When was the mill closed?\n\n- The kiln is old.\n- The mill was closed in 1951.",
        says=("1951",),
    ),
    Case(
        "system text",
        [{"role": "system", "content": "The shop opens at nine. Parking is free."}, user("When does the shop open?")],
        says=("nine",),
        never=("parking",),
    ),
    Case(
        "memory",
        [user("My dog is called Biscuit."), {"role": "assistant", "content": "Noted."}, user("What is my dog called?")],
        says=("your dog is called biscuit",),
    ),
    Case(
        "latest fact wins the rank",
        [
            user("The code for the gate is 4417."),
            {"role": "assistant", "content": "Thank you."},
            user("What is the code for the gate?"),
        ],
        says=("4417",),
    ),
    Case(
        "instructions are no answer",
        [{"role": "system", "content": "You are a guide to volcanoes."}, user("Which volcano is tallest?")],
        never=("you are a guide",),
    ),
    Case("arithmetic", "What is 17 + 4 * 2?", says=("25",)),
    Case("counting", "Please count from 3 to 6.", says=("3, 4, 5, 6",)),
    Case("repeating", 'Reply with exactly "blue heron"', says=("blue heron",), never=("reply",)),
    Case("greeting", "Hello there!", says=("hello",)),
    Case("nothing but a question", "Why do owls turn their heads?", says=("owls",)),
    Case(
        "a text to sum up",
        "Sum this up.\n\nThe bridge opened on Monday. It has four lanes. Tolls start in June.",
        says=("bridge",),
    ),
    # Functions
    Case(
        "one string",
        "How is the tide at Port Ellery today?",
        calls=(("read_tide_table", {"harbour": "Port Ellery"}),),
        tools=(TIDE,),
    ),
    Case(
        "one function, two places",
        "How is the tide in Port Ellery and in Skarvik?",
        tools=(TIDE,),
        calls=(("read_tide_table", {"harbour": "Port Ellery"}), ("read_tide_table", {"harbour": "Skarvik"})),
    ),
    Case(
        "one at a time",
        "How is the tide in Port Ellery and in Skarvik?",
        tools=(TIDE,),
        fields={"parallel_tool_calls": False},
        calls=(("read_tide_table", {"harbour": "Port Ellery"}),),
    ),
    Case(
        "enums by role",
        "Convert 250.5 from NOK to EUR",
        tools=(CONVERT,),
        calls=(("convert_money", {"amount": 250.5, "from_currency": "NOK", "to_currency": "EUR"}),),
    ),
    Case(
        "numbers in order", "Please add 12 and 30.", calls=(("add_numbers", {"a": 12, "b": 30}),), tools=(SUM, PRODUCT)
    ),
    Case(
        "two functions",
        "Add 2 and 3, and multiply 4 by 5",
        tools=(SUM, PRODUCT),
        calls=(("add_numbers", {"a": 2, "b": 3}), ("multiply_numbers", {"a": 4, "b": 5})),
    ),
    Case(
        "a result still to come",
        "Add 2 and 3, then multiply the result by 10",
        tools=(SUM, PRODUCT),
        calls=(("add_numbers", {"a": 2, "b": 3}),),
    ),
    Case(
        "date, number word, name",
        "Reserve a table for four guests at Marlene's on 2026-12-05.",
        tools=(BOOK,),
        calls=(("reserve_table", {"restaurant": "Marlene's", "guests": 4, "date": "2026-12-05"}),),
    ),
    Case(
        "boolean and enum",
        "Switch the lamp in the attic on, not dimmed.",
        tools=(LAMP,),
        calls=(("switch_lamp", {"room": "attic", "dimmed": False}),),
    ),
    Case(
        "nested and array",
        "Order 3 crates of pears and apples to Dock Street 9.",
        tools=(
            function(
                "order_crates",
                "Orders crates of fruit.",
                count=INT,
                fruits={"type": "array", "items": {"enum": ["apples", "pears", "plums"]}},
                delivery=an_object(street=STR),
            ),
        ),
        calls=(("order_crates", {"count": 3, "fruits": ["pears", "apples"], "delivery": {"street": "Dock Street"}}),),
    ),
    Case(
        "optional left out, null allowed",
        "Look up the member Ada Berg.",
        tools=(
            function(
                "look_up_member",
                "Looks up a member.",
                {"limit": INT},
                name=STR,
                club={"anyOf": [STR, {"type": "null"}]},
            ),
        ),
        calls=(("look_up_member", {"name": "Ada Berg", "club": None}),),
    ),
    Case(
        "signs meant as words",
        "What is 12 * 34?",
        tools=(SUM, PRODUCT),
        calls=(("multiply_numbers", {"a": 12, "b": 34}),),
    ),
    Case(
        "an expression",
        "Work out (3 + 4) * 2 for me.",
        tools=(function("calculate", "Evaluates an expression.", expression=STR),),
        calls=(("calculate", {"expression": "(3 + 4) * 2"}),),
    ),
    Case(
        "a knowledge tool",
        "Where did the cartographer Iva Holm learn to draw?",
        tools=(function("archive", "Holds letters by the cartographer Iva Holm.", query=STR),),
        calls=(("archive", {"query": "cartographer Iva Holm learn to draw"}),),
    ),
    Case(
        "quotations to fields",
        "Send a note to ann@kite.test with the subject 'Keys' saying 'Under the mat'.",
        tools=(function("send_note", "Sends a note.", to=STR, subject=STR, body=STR),),
        calls=(("send_note", {"to": "ann@kite.test", "subject": "Keys", "body": "Under the mat"}),),
    ),
    Case("the same number twice", "Add 6 and 6.", tools=(SUM,), calls=(("add_numbers", {"a": 6, "b": 6}),)),
    Case(
        "another word for it",
        "How far is it from Skarvik to Port Ellery?",
        tools=(function("sea_distance", "Distance between two harbours.", origin=STR, destination=STR),),
        calls=(("sea_distance", {"origin": "Skarvik", "destination": "Port Ellery"}),),
    ),
    Case(
        "off",
        "Turn off the fog horn.",
        tools=(function("fog_horn", "Controls the fog horn.", on=BOOL),),
        calls=(("fog_horn", {"on": False}),),
    ),
    Case(
        "a fact from an earlier turn",
        [user("I moor in Skarvik."), {"role": "assistant", "content": "Noted."}, user("How is the tide where I moor?")],
        tools=(TIDE,),
        calls=(("read_tide_table", {"harbour": "Skarvik"}),),
    ),
    Case(
        "no arguments",
        "Please water the plants.",
        tools=(function("water_plants", "Waters all plants."),),
        calls=(("water_plants", {}),),
    ),
    Case("another subject", "Who wrote the anthem?", tools=(TIDE, CONVERT), says=("anthem",)),
    Case("a required argument is missing", "Convert some money for me.", tools=(CONVERT,), says=("money",)),
    Case("forbidden", "How is the tide at Port Ellery?", tools=(TIDE,), fields={"tool_choice": "none"}, says=("tide",)),
    Case(
        "required",
        "Good morning!",
        tools=(LAMP,),
        fields={"tool_choice": "required"},
        calls=(("switch_lamp", {"room": "kitchen", "dimmed": False}),),
    ),
    # Structured answers
    Case(
        "facts",
        "Nora Vik is 52 years old. Describe her.",
        schema=an_object(name=STR, age=INT),
        fills={"name": "Nora Vik", "age": 52},
    ),
    Case(
        "records behind a reference",
        "Ivo is 8 and Una is 11.",
        schema=STAFF,
        fills={"people": [{"name": "Ivo", "age": 8}, {"name": "Una", "age": 11}]},
    ),
    Case(
        "a person's card",
        "Lea Brandt, 41, baker at Kornhaus, lives in Tromsø, phone +47 555 01 02.",
        schema=an_object(name=STR, age=INT, occupation=STR, employer=STR, city=STR, phone=STR),
        fills={
            "name": "Lea Brandt",
            "age": 41,
            "occupation": "baker",
            "employer": "Kornhaus",
            "city": "Tromsø",
            "phone": "+47 555 01 02",
        },
    ),
    Case(
        "formats",
        "Write to mail@kite.test before 7 May 2026.",
        schema=an_object(address={"type": "string", "format": "email"}, due={"type": "string", "format": "date"}),
        fills={"address": "mail@kite.test", "due": "2026-05-07"},
    ),
    Case(
        "fact from passages",
        PASSAGES.format(question="When was the mill closed?"),
        schema=an_object(year=INT),
        fills={"year": 1951},
    ),
    Case(
        "enum and const",
        "The verdict is: guilty.",
        schema=an_object(verdict={"enum": ["acquitted", "guilty"]}, version={"const": 2}),
        fills={"verdict": "guilty", "version": 2},
    ),
)


def on_chat(wire: Wire, case: Case) -> dict[str, Any]:
    fields = dict(case.fields)
    if case.tools:
        fields["tools"] = [{"type": "function", "function": tool} for tool in case.tools]
    if case.schema:
        fields["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": case.schema}}
    reply = wire.chat(case.asked, **fields)
    assert reply.status == 200, reply.text
    return reply.json


def on_responses(wire: Wire, case: Case) -> dict[str, Any]:
    fields = dict(case.fields)
    if case.tools:
        fields["tools"] = [{"type": "function", **tool} for tool in case.tools]
    if case.schema:
        fields["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": case.schema}}
    reply = wire.responses(case.asked, **fields)
    assert reply.status == 200, reply.text
    return reply.json
