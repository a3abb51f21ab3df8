"""Whether a passage bears a claim out, where a prompt offers the two answers YES and NO.

The claim and the passage are found by their labels; the last pair counts, since prompts show examples first. Must not
know: any particular prompt.
"""

from __future__ import annotations

import re

from .words import content_stems

_OFFER = re.compile(r"\byes\s*(?:/|or)\s*no\b", re.I)
_PAIR = re.compile(
    r"^\s*(?:Information|Claim|Statement|Response|Answer given):\s*(?P<claim>.+?)\s*"
    r"^\s*(?:Context|Passage|Source|Text):\s*(?P<passage>.+?)\s*(?=^\s*(?:Answer|Verdict):|\Z)",
    re.M | re.S,
)
_ENOUGH = 0.8
"""Share of the claim's content words that the passage has to hold."""


def verdict(message: str) -> str:
    """YES or NO; empty where the message does not ask for that.

    >>> verdict("Answer YES or NO.\\nClaim: The kiln is hot.\\nPassage: In March the kiln was hot.")
    'YES'
    >>> verdict("Answer YES or NO.\\nClaim: The kiln is cold.\\nPassage: In March the kiln was hot.")
    'NO'
    """
    pairs = list(_PAIR.finditer(message)) if _OFFER.search(message) else []
    if not pairs:
        return ""
    claimed, told = (set(content_stems(pairs[-1][name])) for name in ("claim", "passage"))
    return "YES" if claimed and len(claimed & told) >= _ENOUGH * len(claimed) else "NO"
