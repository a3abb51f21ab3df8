"""A worker of `examples/scale_out`, in this process: what it sends, notes and pays, and what becomes of failures."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from examples.scale_out import messages
from examples.scale_out.job import Job, task
from examples.scale_out.questions import Question, key_of
from examples.scale_out.report import Report
from examples.scale_out.store import Store
from examples.scale_out.worker import IN_DOUBT, Worker
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.meter import Meter
from tests.support.scale_out import AT_ONCE, QUESTION, TOPICS, keeps_to, label, lines, until, worker
from tests.support.ways import BODIES

ROOT = Path(__file__).parent.parent
FRAMEWORKS = ["langchain", "llama_index"]


# --- a worker, in this process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_is_pickled_to_the_workers_holds_no_key(
    framework: str, key: str, emulator: Emulator, tmp_path: Path
) -> None:
    """Nor what a model was given beside it; the key is the one of the place where the pickle arrives."""
    from ray import cloudpickle  # here, since it takes half a second

    secrets = {"api_key": "xai-key-of-the-driver", "default_headers": {"X-Gate": "word-of-the-gate"}}
    ask = QUESTION.asker(framework, base_url=emulator.base_url, **secrets)
    for dumps in (pickle.dumps, cloudpickle.dumps):  # the second is what Ray uses
        data = dumps(task(Job(tmp_path), ask, QUESTION.id))
        assert not [word for word in (key, "xai-key", "word-of-the-gate") if word.encode() in data]
    label(Worker(**pickle.loads(data)), messages.made(1))
    assert emulator.requests[0].headers["authorization"] == f"Bearer {key}"
    assert "x-gate" not in emulator.requests[0].headers


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_worker_labels_and_notes_what_it_paid(framework: str, meter: Meter, tmp_path: Path) -> None:
    rows = messages.made(12)
    outcomes = label(worker(tmp_path, meter.base_url, framework), rows)
    notes = {line["row"]: line for line in lines(tmp_path) if "answered" in line}
    assert [notes[row["id"]]["label"]["topic"] for row in rows] == [TOPICS[n % 4] for n in range(12)]
    assert [notes[row["id"]]["label"]["urgent"] for row in rows] == ["urgent" in row["text"] for row in rows]
    assert round(sum(outcome["cost_usd"] for outcome in outcomes) * 10**10) == meter.ticks > 0
    report = Report(
        tuple(line["answered"] for line in notes.values()), frozenset(), Counter(), Store(tmp_path).refresh()
    )
    assert round(report.ledger.cost_usd * 10**10) == meter.ticks
    assert {name: usage.calls for name, usage in report.ledger.models.items()} == {f"grok-4.7 {t}": 3 for t in TOPICS}


@pytest.mark.usefixtures("key")
def test_a_worker_that_takes_over_pays_for_the_rest_only(meter: Meter, tmp_path: Path) -> None:
    """As when Ray gives the batch of a worker that died to another; here even in the other framework."""
    rows = messages.made(12)
    second = worker(tmp_path, meter.base_url, "llama_index")  # it is there before the first has noted anything
    label(worker(tmp_path, meter.base_url), rows[:7])
    assert [bool(outcome["cost_usd"]) for outcome in label(second, rows)] == [False] * 7 + [True] * 5
    assert [call.text for call in meter.billed[:7]] != [call.text for call in meter.billed[7:]]
    assert Counter(call.text for call in meter.billed) == Counter(row["text"] for row in rows)


@pytest.mark.usefixtures("key")
def test_another_question_is_asked_again(
    meter: Meter, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another model, another prompt, another text under the same id."""
    rows = messages.made(2)
    others = [Question(model="grok-4.3"), Question(reasoning_effort="high")]
    assert len({QUESTION.id, *(other.id for other in others)}) == 3
    for _ in range(2):
        for question in (QUESTION, *others):
            ask = question.asker(base_url=meter.base_url)
            label(Worker(**task(Job(tmp_path, requests_per_second=2_000), ask, question.id)), rows)
    assert len(meter.billed) == 6
    before = QUESTION.id
    monkeypatch.setattr("examples.scale_out.questions.TASK", "Label this message.")
    assert QUESTION.id != before
    monkeypatch.undo()
    monkeypatch.setenv("XAI_API_KEY", KEY)
    label(worker(tmp_path, meter.base_url), [{**rows[0], "text": "The billing of parcel 9 is wrong."}])
    assert len(meter.billed) == 7


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_worker_keeps_to_its_part_of_the_rate(framework: str, meter: Meter, tmp_path: Path) -> None:
    made = worker(tmp_path, meter.base_url, framework, requests_per_second=40, workers=2, at_once=AT_ONCE)
    label(made, messages.made(16))
    assert keeps_to(20, meter.billed)
    assert not keeps_to(4, meter.billed)


@pytest.mark.usefixtures("key")
def test_a_worker_calls_a_few_at_once(meter: Meter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    meter.hold_after(0)
    made = worker(tmp_path, meter.base_url, at_once=3)
    threading.Timer(0.5, meter.release).start()
    label(made, messages.made(9))
    assert len(meter.held) == 3


# --- calls of which nobody knows --------------------------------------------------------------------------------------

WORKER = """
import sys
from pathlib import Path
from examples.scale_out import messages
from examples.scale_out.__main__ import main
from tests.support.scale_out import label, worker
label(worker(Path(sys.argv[1]), sys.argv[2], at_once=1), messages.made(3))
"""


@pytest.mark.usefixtures("key")
def test_the_one_window_is_seen_and_can_be_left_alone(meter: Meter, tmp_path: Path) -> None:
    """xAI has answered and billed, and the worker is killed before it hears: its note of the call tells."""
    first, second, third = rows = messages.made(3)
    meter.swallow_after(1)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", WORKER, str(tmp_path), meter.base_url], cwd=ROOT)
    until(lambda: len(meter.billed) == 2, "the second row is billed")
    process.kill()
    process.wait()
    meter.release()
    keys = [key_of(row, QUESTION.id) for row in rows]
    store = Store(tmp_path).refresh()
    assert [store.is_in_doubt(key) for key in keys] == [False, True, False]

    outcomes = label(worker(tmp_path, meter.base_url, leave_doubts=True), rows)
    assert [outcome["problem"] for outcome in outcomes] == ["", IN_DOUBT, ""]
    assert [call.text for call in meter.billed] == [row["text"] for row in (first, second, third)]

    label(worker(tmp_path, meter.base_url), rows)
    assert [call.text for call in meter.billed[3:]] == [second["text"]]
    report = Report(tuple(keys), frozenset(), Counter(), store.refresh())
    assert "Of 1 calls no end was noted: xAI may have billed them too." in str(report)
    assert round(report.ledger.cost_usd * 10**10) == meter.ticks - (meter.billed[1].ticks or 0)


# --- failures ---------------------------------------------------------------------------------------------------------

BAD_KEY = {"code": "invalid-argument", "error": "Incorrect API key provided."}
BUSY = {"code": "The service is currently unavailable", "error": "Service temporarily unavailable."}
POLICY = {"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_refusal_that_may_pass_is_tried_again_and_each_try_is_noted(
    framework: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    emulator.fail(503, BUSY)
    emulator.fail(429, {"error": "Too many requests"}, headers={"retry-after": "0"})
    rows = messages.made(1)
    (outcome,) = label(worker(tmp_path, emulator.base_url, framework), rows)
    assert outcome["cost_usd"]
    assert [next(iter(line)) for line in lines(tmp_path)] == ["asked", "refused"] * 2 + ["asked", "answered"]

    emulator.reset()
    emulator.fail(503, BUSY, times=9)
    second = tmp_path / "second"
    (outcome,) = label(worker(second, emulator.base_url, framework), rows)
    assert outcome["problem"].startswith("GrokOverloadedError: ")
    assert len(emulator.requests) == 5
    assert not +Store(second).refresh().open_calls


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    ("status", "body", "problem", "later"),
    [
        (400, {"code": "invalid-argument", "error": "Bad"}, "GrokInvalidRequestError: ", "asked again"),
        (429, {"error": "Too many requests"}, "GrokRateLimitError: ", "asked again"),
        (500, {"error": "internal server error"}, "GrokServerError: ", "in doubt"),
        (200, {"code": "unavailable", "error": "Timed out waiting for first token"}, "GrokOverloadedError", "in doubt"),
        (200, "<html>", "GrokResponseError: ", "in doubt"),
        (403, POLICY, "", "done"),
    ],
)
def test_what_becomes_of_a_row_that_failed(
    framework: str, status: int, body: Any, problem: str, later: str, emulator: Emulator, tmp_path: Path
) -> None:
    """A refusal is free and the row is asked again; nonsense may hide a bill; a refused text is refused for good."""
    emulator.fail(status, body, headers={"retry-after": "100"})
    (row,) = messages.made(1)
    (outcome,) = label(worker(tmp_path, emulator.base_url, framework), [row])
    assert outcome["problem"].startswith(problem)
    assert bool(outcome["problem"]) == bool(problem)
    assert len(emulator.requests) == 1
    assert Store(tmp_path).refresh().is_in_doubt(key_of(row, QUESTION.id)) == (later == "in doubt")
    label(worker(tmp_path, emulator.base_url, framework, leave_doubts=True), [row])
    assert len(emulator.requests) == (2 if later == "asked again" else 1)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_answer_that_is_no_label_was_paid_for(framework: str, emulator: Emulator, tmp_path: Path) -> None:
    emulator.reply(BODIES["responses"])
    rows = messages.made(1)
    (outcome,) = label(worker(tmp_path, emulator.base_url, framework), rows)
    assert outcome["cost_usd"] == BODIES["responses"]["usage"]["cost_in_usd_ticks"] / 10**10
    (answer,) = Store(tmp_path).refresh().answers.values()
    assert answer["label"] is None
    assert answer["problem"]
    label(worker(tmp_path, emulator.base_url, framework), rows)
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_every_row_would_meet_is_met_once(
    framework: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless = worker(tmp_path, emulator.base_url, framework)
    assert {each["problem"].split(":")[0] for each in label(keyless, messages.made(20))} == {"GrokConfigurationError"}
    assert not emulator.requests
    monkeypatch.setenv("XAI_API_KEY", KEY)
    emulator.fail(400, BAD_KEY)
    with_key = worker(tmp_path, emulator.base_url, framework, at_once=1)
    assert {each["problem"].split(":")[0] for each in label(with_key, messages.made(20))} == {"GrokAuthenticationError"}
    assert len(emulator.requests) == 1
    assert not +Store(tmp_path).refresh().open_calls
