"""Works out what an answer consumed: prompt, cache, reasoning, searches.

Must not know: how the two APIs lay usage out (``usage.py`` does).
"""

from __future__ import annotations

from dataclasses import dataclass

from .answering import Answer
from .checks import too_long
from .reading import Task, transcript
from .reasoning import reasoning_tokens
from .usage import PromptCache, Spent, count

_IMAGE_TOKENS = 258  # 1024 x 1024 at detail low (API notes 7.3)
_STEP_TOKENS = 12  # an agent step that only searches: the call's own tokens
_PAGE_TOKENS = 60  # what a found page adds to the next step's prompt


@dataclass(frozen=True)
class Prompt:
    """The conversation as one text, its tokens with xAI's own system prompt, and those of them that are images."""

    text: str
    tokens: int
    image: int


def read_prompt(task: Task) -> Prompt:
    """The prompt of a request.

    Raises:
        Refusal: 400, it is longer than the model's window.
    """
    text = transcript(task)
    image = sum(turn.images for turn in task.turns) * _IMAGE_TOKENS
    prompt = Prompt(text, task.model.hidden_prompt + count(text) + image, image)
    if prompt.tokens > task.model.context_length:
        raise too_long(prompt.tokens, task.model)
    return prompt


class Ledger:
    """Keeps the prompt cache between requests."""

    def __init__(self) -> None:
        self._cache = PromptCache()

    def spend(self, task: Task, answer: Answer, prompt: Prompt) -> Spent:
        """What ``answer`` to ``task`` consumed; with searches, input adds up over the steps (API notes 3.8)."""
        first, image = prompt.tokens, prompt.image
        cached = self._cache.cached_tokens(task.cache_key, prompt.text, first, task.model.hidden_prompt)
        reasoning = reasoning_tokens(count(answer.reasoning), task.effort) if answer.reasoning else 0
        visible = count(answer.text) + sum(count(call.name + call.arguments_json) for call in answer.calls)
        visible *= task.body.get("n") or 1
        searches = len(answer.searches)
        steps = searches + len(answer.pictures)
        web = [search for search in answer.searches if search.kind == "web_search"]
        posts = sum(len(search.urls) for search in answer.searches if search.kind == "x_search")
        last = first + _PAGE_TOKENS * sum(len(search.urls) for search in answer.searches)
        return Spent(
            prompt=first + last if steps else first,
            cached=cached,
            visible=visible + _STEP_TOKENS * steps,
            reasoning=reasoning,
            image=image,
            last_prompt=last,
            last_output=visible + reasoning,
            web_searches=len(web),
            x_searches=searches - len(web),
            x_posts=posts,
            images_made=len(answer.pictures),
        )
