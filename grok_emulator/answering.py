"""The deterministic brain: from a neutral task to an answer, by rules that a reader can follow.

In order: function calls if the request fits one, else a picture if one is asked for and the tool is offered, else
searches if search tools are offered, then text, or JSON if a schema asks for it, made of what ranks best against the
question. Nothing is looked up by the wording of a prompt. Read after ``questions.py``; ``calling.py``, ``drawing.py``,
``filling.py`` and ``search.py`` do the parts. Must not know: wire shapes, HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .calling import choose_calls
from .drawing import picture_subject, png, wants_picture
from .filling import MISSING, Filler
from .gleaning import Source
from .prose import best_sentences, compose, relate_results, requested_keys, schema_in
from .questions import find_instruction, find_question, last_user
from .reading import Task
from .reasoning import summarize
from .search import Found, cited_text, run_web_search, run_x_search
from .steps import as_step, steps_in
from .usage import tokens
from .verdicts import verdict


@dataclass(frozen=True)
class NewCall:
    """A function call that the answer makes."""

    name: str
    arguments: dict[str, Any]

    @property
    def arguments_json(self) -> str:
        """Compact JSON, characters unescaped, as xAI writes it."""
        return to_json(self.arguments)


@dataclass(frozen=True)
class Search:
    """A server-side search that was run: ``kind`` is the tool's type, ``name`` the X tool used."""

    kind: str
    query: str
    urls: tuple[str, ...] = ()
    name: str = ""
    input_json: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture that was made: its prompt, and the file in base64."""

    prompt: str
    data: str


@dataclass(frozen=True)
class Answer:
    """What to say, before it is laid out for an API."""

    text: str = ""
    calls: tuple[NewCall, ...] = ()
    searches: tuple[Search, ...] = ()
    pictures: tuple[Picture, ...] = ()
    annotations: tuple[dict[str, Any], ...] = ()
    reasoning: str = ""
    truncated: bool = False


def answer(task: Task) -> Answer:
    """Answers a task; the same task always gets the same answer."""
    if (plain := steps_in(task)) is not None:
        found = answer(replace(plain, stop=(), max_tokens=None))
        line = as_step(task, [(call.name, call.arguments) for call in found.calls], found.text)
        return _limited(task, replace(found, text=line, calls=()))
    question, context = find_question(task.turns)
    calls = tuple(NewCall(name, arguments) for name, arguments in choose_calls(task))
    if calls:
        found = Answer(calls=calls)
        steps = [f"Calling {call.name} can settle this." for call in calls]
    else:
        found = _spoken(task, question, context)
        steps = [f"Searched for: {search.query}." for search in found.searches]
        steps += [f"Made a picture: {picture.prompt}." for picture in found.pictures]
        if context:
            steps.append(f"Compared {len(context)} sentences of the conversation.")
        steps = steps or ["Nothing to look up."]
    if task.reasons:
        found = replace(found, reasoning=summarize(question, steps))
    return _limited(task, found)


def to_json(value: Any) -> str:
    """Compact JSON, characters unescaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _spoken(task: Task, question: str, context: Sequence[str]) -> Answer:
    """An answer in words or in JSON, after the picture or the searches that are due."""
    if _may_run(task) and task.offers("image_generation") and wants_picture(question):
        subject = picture_subject(question)
        return Answer(f"The picture is made: {subject}.", pictures=(Picture(subject, png(subject)),))
    found = _searched(task, question)
    searches = tuple(
        Search(one.kind, one.query, tuple(hit.url for hit in one.hits), one.name, one.input_json) for one in found
    )
    text, annotations = cited_text(found, inline="no_inline_citations" not in task.include)
    text = text or verdict(_last_message(task)) or relate_results(task.turns, question)
    text = text or compose(question, context, task.turns)
    schema = _schema(task)
    if schema is not None:
        best = cited_text(found, inline=False)[0] or " ".join(best_sentences(question, _facts(context)))
        return Answer(_structured(task, schema, question, best, text), searches=searches)
    return Answer(text, searches=searches, annotations=tuple(annotations))


def _last_message(task: Task) -> str:
    index = last_user(task.turns)
    return task.turns[index].text if index >= 0 else ""


def _searched(task: Task, question: str) -> list[Found]:
    """Each search tool offered runs once per user question, within ``max_turns``."""
    if not _may_run(task):
        return []
    found = []
    if tool := task.offers("web_search"):
        found.append(run_web_search(tool, question))
    if tool := task.offers("x_search"):
        found.append(run_x_search(tool, question))
    return found[: task.body.get("max_turns") or len(found)]


def _may_run(task: Task) -> bool:
    """Whether server-side tools may run: once per user message, and not when tools are off."""
    since = task.turns[last_user(task.turns) + 1 :]
    return task.tool_choice != "none" and not any(turn.hosted for turn in since)


def _schema(task: Task) -> dict[str, Any] | None:
    """The schema to fill: the request's, else one for a JSON object, else one that the message spells out."""
    if task.schema is not None:
        return task.schema
    index = last_user(task.turns)
    message = task.turns[index].text if index >= 0 else ""
    spelt_out = schema_in(message)
    if spelt_out is not None or not task.json_object:
        return spelt_out
    everything = "\n".join(turn.text for turn in task.turns if turn.role in ("system", "user"))
    keys = requested_keys(message) or requested_keys(everything) or ["answer"]
    return {"type": "object", "properties": {key: {"type": "string"} for key in keys}, "required": keys}


def _facts(context: Sequence[str]) -> list[str]:
    return [sentence for sentence in context if not find_instruction(sentence)]


def _structured(task: Task, schema: dict[str, Any], question: str, best: str, reply: str) -> str:
    """JSON that fits the schema: from results first, then the sentences that rank best, then all that was said."""
    index = last_user(task.turns)
    results = [turn.text for turn in task.turns[index + 1 :] if turn.role == "tool"]
    message = task.turns[index].text if index >= 0 else question
    if schema_in(message) is not None:
        message = message[: message.index("{")]
    earlier = [turn.text for turn in reversed(task.turns[: max(index, 0)]) if turn.role == "user"]
    spoken = [message, best] if '"array"' in json.dumps(schema) else [best, message]  # lists need the whole message
    sources = [Source(text) for text in (*reversed(results), *spoken, *earlier) if text.strip()]
    made = Filler(sources, invent=True, root=schema, reply=reply).fill()
    return to_json({} if made is MISSING else made)


def _limited(task: Task, found: Answer) -> Answer:
    """Cuts the text at the first stop sequence and at the limit of visible tokens."""
    text = found.text
    for stop in task.stop:
        if stop and stop in text:
            text = text[: text.index(stop)]
    pieces = tokens(text)
    truncated = task.max_tokens is not None and len(pieces) > task.max_tokens
    if truncated:
        text = "".join(pieces[: task.max_tokens])
    kept = tuple(note for note in found.annotations if note.get("end_index", 0) <= len(text))
    return replace(found, text=text, annotations=kept, truncated=truncated)
