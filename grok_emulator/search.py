"""The server-side search tools, over the bundled corpus.

Filters as the API notes 3.3 have them: domains, handles, dates (from inclusive, to exclusive).
Must not know: wire shapes of the items; what the rest of an answer is made of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .corpus import PAGES, POSTS, Document
from .lexicon import FUNCTION_WORDS
from .words import bm25, content_stems, sentences

_MOST_PAGES = 5
_MOST_CITED = 3
_CLOSE = 0.6  # share of the best score from which a hit is cited
_ABOUT_SEARCHING = ("search", "web", "find", "cite", "source")
_KEYWORD_MARK = re.compile(r"[\"“@#]|\b(?:from:|since:|latest|recent|post(?:s|ed)?)\b", re.I)


@dataclass(frozen=True)
class Hit:
    """A document found, and the sentence of it that answers best."""

    url: str
    sentence: str
    score: float


@dataclass(frozen=True)
class Found:
    """One search: its tool type, the query, and its hits, best first."""

    kind: str
    query: str
    hits: tuple[Hit, ...]
    name: str = ""
    input_json: str = ""


def run_web_search(tool: dict[str, Any], question: str) -> Found:
    """``web_search``: pages of allowed domains, a subdomain counting as its domain."""
    lists = {**(tool.get("filters") or {}), **{key: value for key, value in tool.items() if value is not None}}
    allowed, excluded = lists.get("allowed_domains") or (), lists.get("excluded_domains") or ()
    pages = [
        page for page in PAGES if (not allowed or _within(page.domain, allowed)) and not _within(page.domain, excluded)
    ]
    query = _query(question)
    return Found("web_search", query, _ranked(query, pages))


def run_x_search(tool: dict[str, Any], question: str) -> Found:
    """``x_search``: keyword search for what looks like keywords, semantic search otherwise."""
    allowed, excluded = _handles(tool.get("allowed_x_handles")), _handles(tool.get("excluded_x_handles"))
    first, end = tool.get("from_date") or "0000", tool.get("to_date") or "9999"
    posts = [
        post
        for post in POSTS
        if (not allowed or post.handle in allowed) and post.handle not in excluded and first <= post.date < end
    ]
    query = _query(question)
    fields: dict[str, Any] = {"query": query, "limit": _MOST_PAGES}
    name = "x_semantic_search"
    if _KEYWORD_MARK.search(question):
        name = "x_keyword_search"
        fields["mode"] = "Latest"
        posts.sort(key=lambda post: post.date, reverse=True)
    fields |= {key: tool[key] for key in ("from_date", "to_date") if tool.get(key)}
    found = _ranked(query, posts)
    return Found("x_search", query, found, name, json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


def cited_text(found: Sequence[Found], *, inline: bool) -> tuple[str, list[dict[str, Any]]]:
    """The answer that the hits give, with its annotations.

    Offsets count characters of the text and cover the markdown link (API notes 5).

    Args:
        found: The searches.
        inline: Whether the text carries ``[[N]](url)``; without it annotations have no positions.
    """
    text, annotations = "", []
    for number, hit in enumerate(_cited(found), 1):
        text += ("\n\n" if text else "") + hit.sentence
        annotation: dict[str, Any] = {"type": "url_citation", "url": hit.url}
        if inline:
            link = f"[[{number}]]({hit.url})"
            annotation |= {"start_index": len(text), "end_index": len(text) + len(link)}
            text += link
        annotations.append({**annotation, "title": str(number)})
    return text, annotations


def _cited(found: Sequence[Found]) -> list[Hit]:
    cited = []
    for search in found:
        best = search.hits[0].score if search.hits else 0.0
        cited += [hit for hit in search.hits if hit.score >= _CLOSE * best][:_MOST_CITED]
    return cited


def _query(question: str) -> str:
    kept = [word for word in re.findall(r"[^\s?!,;:()\"“”]+", question) if word.lower() not in FUNCTION_WORDS]
    return " ".join(word.rstrip(".") for word in kept if word.lower() not in _ABOUT_SEARCHING)


def _ranked(query: str, documents: Sequence[Document]) -> tuple[Hit, ...]:
    stems = content_stems(query)
    texts = [document.searchable for document in documents]
    hits = []
    for document, score in zip(documents, bm25(stems, [content_stems(text) for text in texts]), strict=True):
        if score > 0:
            parts = sentences(document.text)
            scores = bm25(stems, [content_stems(part) for part in parts])
            hits.append(Hit(document.url, parts[scores.index(max(scores))], score))
    return tuple(sorted(hits, key=lambda hit: -hit.score)[:_MOST_PAGES])


def _within(domain: str, domains: Sequence[str]) -> bool:
    plain = [entry.removeprefix("https://").removeprefix("http://").removeprefix("www.") for entry in domains]
    return any(domain == entry or domain.endswith("." + entry) for entry in plain)


def _handles(given: Sequence[str] | None) -> set[str]:
    return {handle.removeprefix("@").lower() for handle in given or ()}
