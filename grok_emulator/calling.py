"""Decides which functions are called, how often, and with which arguments.

A function is a candidate when the words of its name or description meet the request; the request is cut into clauses,
each clause belongs to the function it meets best, and a call is made when the clause (or the rest of the
conversation) fills every required argument. Must not know: wire shapes, any particular function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .arithmetic import signs_in
from .filling import MISSING, Filler
from .gleaning import Source
from .lexicon import SYNONYMS
from .questions import last_user, split_question
from .reading import Call, Function, Task, Turn
from .words import content_stems, sentences, words

_CLAUSE = re.compile(r"(?<=[.?!;])\s+|(?=,?\s+(?:and|then|also|plus)\s)|,\s+(?=then\b)|\n+")
_OUTCOME = "result|sum|product|total|answer|value|output"
_REFERENCE = re.compile(rf"\b(?:(?:the|that|this) (?:{_OUTCOME})|it|that|them)\b", re.I)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Words that many names and descriptions share and that say nothing about what a function is for.
_GENERIC = frozenset(
    content_stems(
        """get fetch set run execute function tool api call return returns result results given value values current
        information info data string number integer input output argument parameter object list item useful helper
        first second third new read show list look find check lookup search query retrieve display provide perform
        create"""
    )
)
_SHORT_MESSAGE = 400  # characters up to which a whole message counts as the request
_NAME_WEIGHT = 2
_ABOUT = 2  # so many first words of a description say what it is about
# What functions that do sums are called or said to do, by the sign that stands for it in a request.
_SIGN_WORDS = {
    "+": content_stems("add sum plus addition"),
    "-": content_stems("subtract minus difference subtraction"),
    "*": content_stems("multiply times product multiplication"),
    "/": content_stems("divide quotient division"),
}
_ANY_SIGN = content_stems("calculate calculator math mathematical arithmetic expression")


@dataclass(frozen=True)
class _Candidate:
    function: Function
    name_stems: frozenset[str]
    description_stems: frozenset[str]
    about: frozenset[str]

    @classmethod
    def of(cls, function: Function) -> _Candidate:
        every = frozenset(content_stems(function.name))
        name = every - _GENERIC or every
        first = (sentences(function.description) or [""])[0]
        described = [s for s in content_stems(first) if s not in _GENERIC]
        return cls(function, name, frozenset(described) - name, frozenset(described[:_ABOUT]))

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(content_stems(self.function.name)) | self.description_stems | _GENERIC

    def hits(self, text: str) -> tuple[int, int]:
        stems = set(content_stems(text)) | _meant(text)
        return len(stems & self.name_stems), len(stems & self.description_stems)

    def weight(self, text: str) -> int:
        names, described = self.hits(text)
        return _NAME_WEIGHT * names + described

    def meets(self, text: str) -> bool:
        """Half of the name's words, one and one of the description, two of the description, or what it is about."""
        if self.function.name.lower() in text.lower():
            return True
        names, described = self.hits(text)
        stems = set(content_stems(text))
        enough = 2 * names >= len(self.name_stems) or described
        return bool(names and enough) or described > 1 or bool(stems & self.about)


def choose_calls(task: Task) -> list[tuple[str, dict[str, Any]]]:
    """The calls to make now, as (function name, arguments); empty when the conversation is to be answered instead."""
    if not task.functions or task.tool_choice == "none":
        return []
    start = last_user(task.turns)
    request = _request(task.turns[start].text) if start >= 0 else ""
    since = task.turns[start + 1 :]
    made = [call for turn in since for call in turn.calls]
    results = [turn.text for turn in since if turn.role == "tool"]
    if task.tool_choice == "function":
        chosen = next(function for function in task.functions if function.name == task.forced)
        return [(chosen.name, _invented(chosen, request, results, task.turns))]
    planned = _not_made(_plan(task, request, results), made)
    if not planned and task.tool_choice == "required":
        chosen = _next_required(task.functions, request, made)
        planned = [(chosen.name, _invented(chosen, request, results, task.turns))]
    return planned if task.parallel else planned[:1]


def _meant(text: str) -> set[str]:
    """Stems that a text means without saying them: by a sign between numbers, or by another word."""
    signs = signs_in(text)
    meant = {stem for sign in signs for stem in _SIGN_WORDS[sign]} | (set(_ANY_SIGN) if signs else set())
    return meant | {stem for word in words(text) if word in SYNONYMS for stem in content_stems(SYNONYMS[word])}


def _request(message: str) -> str:
    """The part of a message that asks: all of a short one, the question of one that brings passages along."""
    if len(message) <= _SHORT_MESSAGE:
        return message
    return split_question(message)[0]


def _plan(task: Task, request: str, results: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    candidates = [_Candidate.of(function) for function in task.functions]
    candidates = [candidate for candidate in candidates if candidate.meets(request)]
    planned: list[tuple[str, dict[str, Any]]] = []
    for candidate, given in _assigned(request, candidates):
        clause = given
        if _REFERENCE.search(clause) and _takes_numbers(candidate.function):
            known = [_NUMBER.findall(result) for result in results]
            if known and len(known[-1]) == 1:
                clause = _REFERENCE.sub(known[-1][0], clause, count=1)
            elif planned:
                continue  # speaks of a result that is still to come
        for arguments in _filled(candidate, clause, request, results, task.turns):
            if (candidate.function.name, arguments) not in planned:
                planned.append((candidate.function.name, arguments))
    return planned


def _assigned(request: str, candidates: Sequence[_Candidate]) -> list[tuple[_Candidate, str]]:
    """Each clause goes to the candidate it meets best; one that meets none continues the clause before it."""
    assigned: list[tuple[_Candidate, str]] = []
    opening = ""
    for clause in _CLAUSE.split(request):
        if not clause or not clause.strip():
            continue
        best = max(candidates, key=lambda candidate: candidate.weight(clause), default=None)
        names, described = best.hits(clause) if best else (0, 0)
        if best is not None and (
            names or described > 1 or (described and all(best is not other for other, _ in assigned))
        ):
            assigned.append((best, f"{opening}{clause}"))
            opening = ""
        elif assigned:
            assigned[-1] = (assigned[-1][0], f"{assigned[-1][1]} {clause.strip()}")
        else:
            opening += clause.strip() + " "
    if not assigned and candidates:
        best = max(candidates, key=lambda candidate: candidate.weight(request))
        return [(best, request)]
    return assigned


def _filled(
    candidate: _Candidate, clause: str, request: str, results: Sequence[str], turns: Sequence[Turn]
) -> list[dict[str, Any]]:
    """The arguments of each call that a clause asks for; none when a required one stays missing."""
    function = candidate.function
    texts = [clause, request, *reversed(results), *_earlier(turns)]
    for count in (1, 2, len(texts)):  # as little of the conversation as is enough
        sources = [Source(text, candidate.vocabulary) for text in texts[:count]]
        arguments = Filler(sources, invent=False, root=_object_schema(function)).fill()
        if arguments is not MISSING:
            return _for_each_name(arguments, Source(clause, candidate.vocabulary))
    return []


def _for_each_name(arguments: dict[str, Any], source: Source) -> list[dict[str, Any]]:
    """``in Oslo and in Bergen`` asks twice: once for each name that stands beside the one found."""
    texts = [name for name, value in arguments.items() if isinstance(value, str)]
    if len(texts) != 1 or len(arguments) > 1:
        return [arguments]
    (name,) = texts
    return [{**arguments, name: value} for value in source.coordinated(arguments[name])]


def _invented(function: Function, request: str, results: Sequence[str], turns: Sequence[Turn]) -> dict[str, Any]:
    """Arguments for a call that has to be made: missing values are made up, as xAI does (API notes 6.2)."""
    vocabulary = _Candidate.of(function).vocabulary
    sources = [Source(text, vocabulary) for text in (*reversed(results), request)]
    made = Filler(sources, invent=True, root=_object_schema(function)).fill()
    return made if isinstance(made, dict) else {}


def _not_made(planned: Sequence[tuple[str, dict[str, Any]]], made: Sequence[Call]) -> list[tuple[str, dict[str, Any]]]:
    """What is still to be called: each call made stands for one planned, the same one if there is one."""
    left = list(planned)
    spare: list[str] = []
    for call in made:
        if (call.name, call.arguments) in left:
            left.remove((call.name, call.arguments))
        else:
            spare.append(call.name)
    for name in spare:
        position = next((i for i, (planned_name, _) in enumerate(left) if planned_name == name), None)
        if position is not None:
            del left[position]
    return left


def _next_required(functions: Sequence[Function], request: str, made: Sequence[Call]) -> Function:
    """Under ``required`` a call is made each time: the best function that was not called yet, else the best."""
    called = {call.name for call in made}
    fresh = [function for function in functions if function.name not in called] or list(functions)
    return max(fresh, key=lambda function: _Candidate.of(function).weight(request))


def _object_schema(function: Function) -> dict[str, Any]:
    return function.parameters or {"type": "object", "properties": {}}


def _takes_numbers(function: Function) -> bool:
    properties = _object_schema(function).get("properties") or {}
    return any(sub.get("type") in ("integer", "number") for sub in properties.values() if isinstance(sub, dict))


def _earlier(turns: Sequence[Turn]) -> list[str]:
    """Earlier user turns, nearest first."""
    index = last_user(turns)
    return [turn.text for turn in reversed(turns[: max(index, 0)]) if turn.role == "user"]
