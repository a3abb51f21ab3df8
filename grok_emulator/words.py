"""Plain-text tools of the deterministic brain: words, stems, sentences, and BM25 ranking.

Knows English function words and nothing else: no topic, no prompt, no tool. Must not know: requests or wire shapes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from .lexicon import FUNCTION_WORDS

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\s])|\n+")
_WRAPPED = re.compile(r"(?<=[^\n]{40}[\w,;])[ \t]?\n(?=[a-z(])")  # a long line goes on in lower case
_ABBREVIATION = re.compile(r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|No|vs|etc|approx|Inc|Ltd|Prof|e\.g|i\.e))\.$")

_SUFFIXES = ("ations", "ation", "ings", "ing", "ers", "ors", "ies", "er", "or", "est", "ed", "es", "ly", "s", "e")
_MINIMUM_STEM = 3
_K1, _B = 1.4, 0.75


def words(text: str) -> list[str]:
    """The lower-case words of ``text``; identifiers are split at underscores and capitals.

    >>> words("fetchUnit_price of 3 tons")
    ['fetch', 'unit', 'price', 'of', '3', 'tons']
    """
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text))]


def stem(word: str) -> str:
    """A crude stem: enough to make ``prices`` meet ``price`` and ``converting`` meet ``convert``."""
    word = re.sub(r"['’]s$", "", word)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MINIMUM_STEM:
            return word[: -len(suffix)] + ("y" if suffix == "ies" else "")
    return word


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in FUNCTION_WORDS]


def sentences(text: str) -> list[str]:
    """The sentences of ``text``; a line break ends one unless it only wraps it, an abbreviation's stop does not."""
    text = _WRAPPED.sub(" ", text)
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        head = text[start : match.start()].rstrip()
        if "\n" not in match.group() and _ABBREVIATION.search(head):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if _WORD.search(sentence)]


def bm25(query: Iterable[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """The BM25 score of each document (a list of stems) for the stems of ``query``."""
    wanted = set(query)
    lengths = [len(document) for document in documents]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    counts = [Counter(document) for document in documents]
    weight = {}
    for term in wanted:
        holding = sum(1 for count in counts if term in count)
        weight[term] = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
    scores = []
    for count, length in zip(counts, lengths, strict=True):
        norm = _K1 * (1 - _B + _B * length / (mean or 1.0))
        scores.append(sum(weight[t] * count[t] * (_K1 + 1) / (count[t] + norm) for t in wanted if t in count))
    return scores
