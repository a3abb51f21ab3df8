"""Finds what is asked: the question, and the sentences among which its answer may stand.

Works on any prompt: no template is known here. Must not know: how answers are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .lexicon import MANNERS, REQUESTS
from .reading import Turn
from .words import sentences, words

_HEADING = re.compile(r"([^:?]{3,60}):\s+(\S.*)$", re.S)
_LABEL = re.compile(r"^[A-Z][\w]*(?: \w+){0,2}:\s+")


def last_user(turns: Sequence[Turn]) -> int:
    """Index of the last user turn, or -1."""
    return next((index for index in range(len(turns) - 1, -1, -1) if turns[index].role == "user"), -1)


def find_question(turns: Sequence[Turn]) -> tuple[str, list[str]]:
    """The question, and all other sentences of the conversation, nearest first.

    The question is the last request or interrogative sentence of the last user message; a trailing line that is only
    a label (it ends with a colon) is passed over.
    """
    index = last_user(turns)
    if index < 0:
        return (turns[-1].text if turns else ""), []
    question, rest = split_question(turns[index].text)
    context = [s for turn in turns[index + 1 :] if turn.role == "tool" for s in sentences(turn.text)] + rest
    for turn in reversed(turns[:index]):
        context += sentences(turn.text)
    return question, context


def split_question(message: str) -> tuple[str, list[str]]:
    """The question of one message, and the message's other sentences.

    >>> split_question("The kiln is in the barn.\\nWhere is the kiln?\\nReply: ")
    ('Where is the kiln?', ['The kiln is in the barn.'])
    """
    parts = [part for part in _headed(sentences(message)) if not part.endswith(":")]
    if not parts:
        return message.strip(), []
    stripped = [_LABEL.sub("", part) for part in parts]
    asked = next((i for i in range(len(parts) - 1, -1, -1) if stripped[i].rstrip("\"'”’)").endswith("?")), -1)
    last = len(parts) - 1
    if asked < 0:
        asked = next((i for i in range(last, -1, -1) if _is_request(stripped[i])), -1)
    if asked < 0 or (asked != last and _is_request(stripped[last]) and "\n" in message.strip()):
        asked = last
    return stripped[asked], parts[:asked] + parts[asked + 1 :]


def _headed(parts: Sequence[str]) -> Iterator[str]:
    """The sentences, with a request that is set before a text (``Shorten this: ...``) on its own."""
    for part in parts:
        match = _HEADING.match(part)
        if match and _is_request(match[1]):
            yield match[1]
            yield match[2]
        else:
            yield part


def _is_request(sentence: str) -> bool:
    first = re.findall(r"\w+", sentence.lower())[:2]
    return bool(first) and (first[0] in REQUESTS or (first[0] == "please" and len(first) > 1))


def find_instruction(sentence: str) -> bool:
    """Whether a sentence tells the assistant how to behave, so that it is never an answer."""
    plain = words(sentence)
    if not plain:
        return True
    return plain[:2] in (["you", "are"], ["you", "must"], ["you", "should"], ["you", "will"], ["you", "can"]) or (
        plain[0] in MANNERS or (plain[0] in REQUESTS and not sentence.endswith("?"))
    )
