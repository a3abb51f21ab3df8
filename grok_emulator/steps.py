"""Functions that a prompt describes in words, and are called in lines of text: thought, action, input, observation.

Programs that trust no function calling spell a protocol out. It is translated both ways: what the prompt describes is
read as functions, lines that were written before as calls and results, and the calls that then come out are written as
lines again. Read `steps_in`, then `as_step`. Must not know: any particular prompt, wire shapes, how calls are chosen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .reading import Call, Function, Task, Turn

_NAMES = re.compile(r"^\s*Action:.*?\bone of:?\s*[\[(]?([\w ,'\"-]+)", re.M)
_ACTION = re.compile(
    r"Action:\s*(?P<name>[\w-]+)\s*\n\s*Action Input:\s*(?P<input>.*?)\s*(?=\n\s*Observation:|\Z)", re.S
)
_OBSERVATION = re.compile(r"Observation:\s*(.*?)\s*(?=\n\s*Thought:|\Z)", re.S)
_FINAL = re.compile(r"^\s*(Final Answer|Answer):", re.M)
_LABEL = re.compile(r"^\s*>?\s*(?:[A-Z]\w+ ){0,2}[A-Z]\w+:\s*")
_SIGNATURE = re.compile(r"^[\w.]*\(.*?\)(?:\s*->\s*[\w\[\], .|]+?)?(?=$|\s+-|:)")
_FREE_INPUT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def steps_in(task: Task) -> Task | None:
    """The task with its functions and steps made plain; `None` if no such protocol is spelt out."""
    where = next((n for n, turn in enumerate(task.turns) if _protocol(turn)), -1)
    if where < 0 or task.functions:
        return None
    rules = task.turns[where].text
    functions = tuple(_functions(rules))
    if not functions:
        return None
    turns = [turn for turn in task.turns if turn is not task.turns[where]]
    if task.turns[where].role == "user":  # all in one message: the question and the steps so far stand at its end
        question, so_far = _asked(rules)
        turns += [Turn("user", question), Turn("assistant", so_far)]
    return replace(task, functions=functions, turns=tuple(_plain(turns)))


def _asked(rules: str) -> tuple[str, str]:
    """The last question that stands in the rules, and the steps that were taken since."""
    *_, last = re.split(r"^[ \t]*Question:", rules, flags=re.M)
    question, _, so_far = last.partition("\nThought:")
    return question.strip(), so_far


def as_step(task: Task, calls: Sequence[tuple[str, dict[str, Any]]], text: str) -> str:
    """The lines for the calls that are due (one at a time), or for the answer."""
    if calls:
        name, arguments = calls[0]
        return f"Thought: {name} can settle this.\nAction: {name}\nAction Input: {json.dumps(arguments)}"
    label = next((m[1] for turn in task.turns for m in _FINAL.finditer(turn.text) if _protocol(turn)), "Answer")
    return f"Thought: Nothing is left to look up.\n{label}: {text}"


def _protocol(turn: Turn) -> bool:
    text = turn.text
    return turn.role in ("system", "user") and bool(_NAMES.search(text) and "Action Input:" in text)


def _functions(rules: str) -> Iterator[Function]:
    """The functions named in the rules: each is described from its name to the next one's, schema included."""
    match = _NAMES.search(rules)
    names = [name.strip(" '\"") for name in match[1].split(",")] if match else []
    told = rules[: match.start()] if match else ""
    places = {name: found.span() for name in names if (found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told))}
    for name, (_, start) in places.items():
        end = min((other for other, _ in places.values() if other > start), default=len(told))
        described = told[start:end].split("\n\n")[0]
        yield Function(name, _description(described), _schema(described) or _FREE_INPUT)


def _description(described: str) -> str:
    """What is said about a function, without labels, signature and schema."""
    lines = [_LABEL.sub("", line) for line in described.partition("{")[0].split("\n")]
    words = [_SIGNATURE.sub("", line).strip(" -:>") for line in lines]
    return " ".join(word for word in words if word)


def _schema(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            found, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        return found if isinstance(found.get("properties"), dict) else None
    return None


def _plain(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The turns with steps in lines as calls and results."""
    for turn in turns:
        calls = list(_ACTION.finditer(turn.text)) if turn.role == "assistant" else []
        results = _OBSERVATION.findall(turn.text)
        if calls:
            made = (Call(str(n), call["name"], _arguments(call["input"])) for n, call in enumerate(calls))
            yield Turn("assistant", calls=tuple(made))
        if calls or (turn.role == "user" and results and turn.text.lstrip().startswith("Observation:")):
            yield from (Turn("tool", result) for result in results)
        elif turn.text or turn.role != "assistant":
            yield turn


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"input": text}
    return found if isinstance(found, dict) else {"input": text}
