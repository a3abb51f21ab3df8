"""One model in many places: forked workers, several event loops, threads, other processes with keys of their own."""

from __future__ import annotations

import asyncio
import base64
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.ways import Way, apis, ways

ROOT = Path(__file__).parents[2]
QUESTION = "Is the moon made of rock? The moon is made of rock and dust."
ANSWER = "The moon is made of rock and dust."

# The parent uses the model first, so that it has connections of its own, and goes on making clients in a thread, so
# that whatever lock there is may be held while it forks.
PREFORK = """
import asyncio, os, sys, threading, traceback
from tests.support.ways import Way
from tests.contract.test_processes import ANSWER, QUESTION

base_url, provider, streamed, asynchronous = sys.argv[1:]
way = Way(provider, streamed == "True", asynchronous == "True")
model = way.model(base_url, timeout=20)
assert way.ask(model, QUESTION) == ANSWER

stop = threading.Event()
def others():
    number = 0
    while not stop.is_set():
        number += 1
        other = way.model(f"{base_url[:-3]}/{number}/v1", max_retries=0)
        try:
            way.ask(other, QUESTION)
        except Exception:
            pass
thread = threading.Thread(target=others)
thread.start()

children = []
for _ in range(6):
    child = os.fork()
    if child == 0:
        try:
            fresh = way.model(base_url, default_headers={"X-Worker": "1"}, timeout=20)
            ok = [way.ask(each, QUESTION) for each in (model, fresh, model)] == [ANSWER] * 3
        except BaseException:
            traceback.print_exc()
            ok = False
        os._exit(0 if ok else 1)
    children.append(child)
    assert way.ask(model, QUESTION) == ANSWER  # the parent's connections are still its own
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
stop.set()
thread.join()
assert way.ask(model, QUESTION) == ANSWER
print(codes)
"""


def python(code: str, *arguments: str, **environment: str) -> str:
    """What a script prints, in an interpreter of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XAI_")} | environment
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("way", [Way("langchain", False, False), Way("llama_index", True, True)], ids=str)
def test_a_model_made_before_fork(emulator: Emulator, way: Way) -> None:
    out = python(PREFORK, emulator.base_url, way.provider, str(way.streamed), str(way.asynchronous))
    assert out.strip() == "[0, 0, 0, 0, 0, 0]"


@apis
@pytest.mark.parametrize(
    "way", [w for p in ("langchain", "llama_index") for w in (Way(p, False, True), Way(p, True, True))], ids=str
)
def test_several_loops_one_after_the_other_and_side_by_side(emulator: Emulator, api: str, way: Way) -> None:
    model = way.model(emulator.base_url, api=api)
    assert [way.ask(model, QUESTION) for _ in range(3)] == [ANSWER] * 3
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: way.ask(model, QUESTION), range(8))) == [ANSWER] * 8

    async def together() -> list[str]:
        return await asyncio.gather(*(way.aask(model, QUESTION) for _ in range(8)))

    assert asyncio.run(together()) == [ANSWER] * 8


@ways
def test_threads_share_a_model(emulator: Emulator, way: Way) -> None:
    model = way.model(emulator.base_url)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: way.ask(model, QUESTION), range(16))) == [ANSWER] * 16


RECEIVE = """
import base64, pickle, sys
from tests.support.ways import Way
from tests.contract.test_processes import QUESTION
way = Way(sys.argv[1], sys.argv[2] == "True", False)
print(way.ask(pickle.loads(base64.b64decode(sys.argv[3])), QUESTION))
"""


@pytest.mark.parametrize(
    "way", [Way(p, s, False) for p in ("langchain", "llama_index") for s in (False, True)], ids=str
)
def test_a_pickled_model_reads_the_environment_of_the_process_that_receives_it(emulator: Emulator, way: Way) -> None:
    model: Any = way.model(emulator.base_url, temperature=0.3, default_headers={"X-Secret": "left-behind"})
    data = pickle.dumps(model)
    assert KEY.encode() not in data
    assert b"left-behind" not in data
    out = python(RECEIVE, way.provider, str(way.streamed), base64.b64encode(data).decode(), XAI_API_KEY="xai-of-there")
    assert out.strip() == ANSWER
    sent = emulator.requests[-1]
    assert sent.headers["authorization"] == "Bearer xai-of-there"
    assert "x-secret" not in sent.headers
    assert sent.body["temperature"] == 0.3
