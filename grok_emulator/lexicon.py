"""The English words the emulator knows: function words, words of request, greetings, numbers, months.

Only grammar and small talk; no topic, no prompt, no tool. Must not know: anything else.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


FUNCTION_WORDS = word_set(
    """
    a about above after again all also am an and any anyone anything are aren't as at be because been before
    being below between both but by can can't could did didn't do does doesn't doing don't done down each either
    else for from further get give got had has have having he her here hers him his how i i'm i've if in into is
    isn't it it's its itself just let lets like make may me might more most much must my need no nor not now of
    off on once only or other our out over own per please same shall she should so some such tell than that
    that's the their them then there there's these they they're this those through to too under until up upon us
    use used using very want was we we're well were what what's whats when where which while who whom whose why
    will with would yes you you're your
    """
)
"""Words that carry no meaning of their own."""

REQUESTS = word_set(
    """
    tell list describe summarize summarise explain give write name find say translate compare show state answer
    extract generate create compute calculate count convert classify rewrite repeat reply return search look
    call use read draft suggest recommend define identify outline review correct fix add multiply divide
    subtract
    """
)
"""Verbs with which a sentence asks for something."""

MANNERS = word_set(
    """
    always never only do don't please be act respond keep make ensure
    """
)
"""First words of a sentence that tells an assistant how to behave."""

GREETINGS = word_set(
    """
    hello hi hey hallo greetings good morning afternoon evening day there welcome
    """
)
"""Words of which a greeting is made."""

NOT_ECHOED = word_set(
    """
    me my json only down out up your one two three if when based from to for no yes what question query it that
    this following in using about with as by a an the
    """
)
"""First words after a verb of saying that begin a manner or a topic, not a text to repeat."""

SYNONYMS = {
    "far": "distance", "cost": "price", "costs": "price", "rain": "weather", "sunny": "weather", "snow": "weather",
    "hot": "temperature", "cold": "temperature", "warm": "temperature", "degrees": "temperature", "old": "age",
    "tall": "height", "heavy": "weight", "fast": "speed",
}  # fmt: skip
"""What a question says instead of the name of a quantity."""

DAYS = word_set("today tomorrow tonight yesterday monday tuesday wednesday thursday friday saturday sunday")
"""Words that name a day."""

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), 2)
}
"""Numbers written out."""

_YEAR = "january february march april may june july august september october november december"
MONTHS = tuple(_YEAR.split())
"""Months, in order."""
