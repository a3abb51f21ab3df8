"""Sentences of an answer: from the conversation's own sentences, from tool results, or from the question alone.

Also reads two things out of prose: which JSON keys a message asks for, and a JSON schema that it spells out.
Must not know: tools, schemas' insides, wire shapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from .arithmetic import find_sum
from .gleaning import Source
from .lexicon import GREETINGS, NOT_ECHOED
from .questions import find_instruction, last_user
from .reading import Turn
from .words import bm25, content_stems, sentences, words

_BEST = 3
_NEAR_BEST = 0.6
_LONG_RESULT = 500  # characters from which a tool's result is answered from, not repeated
_BARE_RESULT = 4  # words up to which a result is a value, not a text
_LEAD = 2
_COUNT = re.compile(r"\bcount\b.*?\b(\d+)\s*(?:to|through|until|-|–)\s*(\d+)", re.I)
_EXACTLY = r"(?: with| only| exactly| just| the words?| the text| the following| this| verbatim|:)"
_ECHO = re.compile(
    rf"\b(?:(?:say|repeat|echo|print)(?: back)?{_EXACTLY}*|(?:reply|respond|answer|return|write|output){_EXACTLY}+)"
    r"\s*:?\s+(?P<what>.+)$",
    re.I | re.S,
)
_LONGEST_ECHO = 12
_COUNT_LIMIT = 200
_INTRODUCTION = re.compile(r"\b(?:I['’]m|I am|[Tt]his is|[Cc]all me) [A-Z]")
_KEYS = re.compile(r"\b(?:key|keys|field|fields|property|properties|attribute|attributes)\b", re.I)
_KEY = re.compile(r"[\"'`“‘]([A-Za-z_][\w-]*)[\"'`”’]")
_SWAPS = {
    "i": "you", "i'm": "you are", "i've": "you have", "i'll": "you will", "i'd": "you would", "my": "your",
    "me": "you", "mine": "yours", "myself": "yourself", "am": "are", "we": "you", "our": "your", "us": "you",
}  # fmt: skip


def compose(question: str, context: Sequence[str], turns: Sequence[Turn]) -> str:
    """The text of an answer to ``question``, given the other sentences of the conversation."""
    index = last_user(turns)
    message = turns[index].text if index >= 0 else question
    if said := _asked_for(question):
        return said
    usable = [sentence for sentence in context if not find_instruction(sentence)]
    picked = best_sentences(question, usable)
    if picked:
        mine = {sentence for turn in turns[: index + 1] if turn.role == "user" for sentence in sentences(turn.text)}
        return " ".join(_addressed(sentence) if sentence in mine else sentence for sentence in picked)
    beside = [sentence for sentence in usable if sentence in message]
    if len(beside) >= (1 if find_instruction(question) else _LEAD):  # no match, but a text came along: its beginning
        return " ".join(beside[:_LEAD])
    return _without_context(question, turns[index].images if index >= 0 else 0)


def best_sentences(question: str, candidates: Sequence[str]) -> list[str]:
    """The sentences that rank best, in their own order."""
    asked = content_stems(question)
    scores = bm25(asked, [_stems_of(sentence) for sentence in candidates])
    best = max(scores, default=0.0)
    if best <= 0:
        return []
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    picked: list[str] = []
    for position in sorted(i for i in order[:_BEST] if scores[i] >= _NEAR_BEST * best):
        if candidates[position] not in picked:
            picked.append(candidates[position])
    return picked


def _stems_of(sentence: str) -> list[str]:
    """A sentence's stems; one in which somebody introduces themselves is also about a name."""
    return content_stems(sentence) + (content_stems("name") if _INTRODUCTION.search(sentence) else [])


def relate_results(turns: Sequence[Turn], question: str) -> str:
    """What the tools answered since the last user message; empty when there was no tool.

    A bare value is put into a sentence with its call, a short text is given as it is, of a long one the sentences
    that rank best.
    """
    since = turns[last_user(turns) + 1 :]
    calls = {call.id: call for turn in since for call in turn.calls}
    related = []
    for turn in since:
        if turn.role != "tool":
            continue
        text = turn.text.strip()
        call = calls.get(turn.call_id)
        if len(text) > _LONG_RESULT:
            text = " ".join(best_sentences(question, sentences(text)) or sentences(text)[:_LEAD])
        elif call and len(text.split()) <= _BARE_RESULT and not text.endswith((".", "!", "}", "]")):
            given = ", ".join(f"{name}={value}" for name, value in call.arguments.items())
            text = f"{call.name}({given}) gives {text or 'nothing'}."
        related.append(text)
    return "\n".join(related)


def requested_keys(message: str) -> list[str]:
    """The JSON keys that a message names, quoted, in a sentence that speaks of keys or fields.

    >>> requested_keys("Give an object with the keys 'height' and 'width'.")
    ['height', 'width']
    """
    found: list[str] = []
    for sentence in sentences(message):
        if _KEYS.search(sentence):
            found += [key for key in _KEY.findall(sentence) if key not in found]
    return found


def schema_in(message: str) -> dict[str, Any] | None:
    """A JSON schema that stands in the message itself, also with the doubled braces of a template."""
    if "{{" in message:
        message = message.replace("{{", "{").replace("}}", "}")
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", message):
        try:
            found, _ = decoder.raw_decode(message, match.start())
        except ValueError:
            continue
        return found if isinstance(found.get("properties"), dict) and "type" in found else None
    return None


def _asked_for(text: str) -> str:
    """Answers that a request fixes by itself: something to repeat, a sum, counting."""
    if (match := _ECHO.search(text.strip())) and (quoted := _echoed(match["what"].strip())):
        return quoted
    if match := _COUNT.search(text):
        first, last = int(match[1]), int(match[2])
        step = 1 if last >= first else -1
        if abs(last - first) <= _COUNT_LIMIT:
            return ", ".join(str(number) for number in range(first, last + step, step)) + "."
    if found := find_sum(text):
        return f"{found[0]} = {found[1]}."
    return ""


def _echoed(what: str) -> str:
    """What is to be repeated: a quotation, or a few words after a colon or ``exactly``."""
    if match := re.match(r"[\"'“‘`](.+?)[\"'”’`][.!]?$", what, re.S):
        return match[1]
    marked = re.match(r"[^.?!\n]{1,80}[.!]?$", what)
    few = len(what.split()) <= _LONGEST_ECHO
    plain = words(what)
    return what.rstrip(".") if marked and few and plain and plain[0] not in NOT_ECHOED else ""


def _addressed(sentence: str) -> str:
    """A user's sentence said back to the user: ``my`` becomes ``your``."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        other = _SWAPS.get(word.lower().replace("’", "'"))
        if other is None:
            return word
        return other.capitalize() if match.start() == 0 else other

    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", swap, sentence)


def _without_context(question: str, images: int) -> str:
    """An answer when there is nothing but the question."""
    plain = words(question)
    if images:
        noun = "image" if images == 1 else f"{images} images"
        return f"The message brings {noun} along. This server reads no pixels; it can say that much about it."
    if plain and all(word in GREETINGS for word in plain):
        return "Hello! What would you like to know?"
    if plain and not question.endswith("?") and not find_instruction(question):
        return f"Noted: {_addressed(question)}"
    topic = Source(question).subject() or question.strip() or "this"
    return (
        f"On {topic}: the conversation holds no passage, result or earlier message about it, so there is nothing to "
        "quote. Add some text that mentions it and the sentences that fit best become the answer."
    )
