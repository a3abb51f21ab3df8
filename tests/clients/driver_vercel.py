"""Vercel's ``@ai-sdk/xai``: a script per case under node, read through the JSON lines it prints."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from . import scenes
from .scenes import Driver, Outcome, Usage

FOLDER = Path(__file__).parent / "vercel"


class Vercel(Driver):
    """``generateText`` and ``streamText``; each method is a case of ``cases.mjs``."""

    def text(self) -> Outcome:
        return self._run("text", prompt=scenes.QUESTION)

    def stream(self) -> Outcome:
        return self._run("stream", prompt=scenes.QUESTION)

    def tools(self) -> Outcome:
        return self._run("tools", prompt=scenes.COMMAND, function=scenes.FUNCTION, result=scenes.RESULT)

    def structured(self) -> Outcome:
        return self._run("structured", prompt=scenes.DESCRIPTION, schema=scenes.Gate.model_json_schema())

    def structured_stream(self) -> Outcome:
        return self._run("structuredStream", prompt=scenes.DESCRIPTION, schema=scenes.Gate.model_json_schema())

    def search(self) -> Outcome:
        return self._run("search", prompt=scenes.SEARCHED)

    def search_stream(self) -> Outcome:
        return self._run("searchStream", prompt=scenes.SEARCHED)

    def bad_key(self) -> Outcome:
        return self._run("badKey", prompt=scenes.QUESTION, apiKey=scenes.BAD_KEY)

    def _run(self, case: str, **scene: Any) -> Outcome:
        """Runs a case; its lines are ``{"piece": ...}`` for what was streamed, then ``{"outcome": ...}``."""
        given = {
            "case": case, "api": self.api, "baseURL": self.base_url, "apiKey": scenes.KEY, "model": scenes.MODEL,
            **scene,
        }  # fmt: skip
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            ["node", "cases.mjs"], cwd=FOLDER, input=json.dumps(given), capture_output=True, text=True, timeout=60,
            env=environment, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        pieces = [line["piece"] for line in lines if "piece" in line]
        outcome = dict(lines[-1]["outcome"])
        usage = outcome.pop("usage", None)
        return Outcome(**outcome, pieces=pieces, usage=Usage(**usage) if usage else None)
