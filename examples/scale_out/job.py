"""The driver: finds what is left to do, has Ray's workers do it, shows how far they are, and writes the result.

It never calls xAI. Everything that counts is in the notes of the workers, so it can be killed at any moment; what Ray
hands back is for the progress bar and for telling why rows failed. Read `run`.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from examples.scale_out.messages import Row
from examples.scale_out.questions import Ask, key_of
from examples.scale_out.report import Report
from examples.scale_out.store import Store, only_run
from examples.scale_out.worker import IN_DOUBT, Worker

# Read by Ray when it is imported. The second is Ray's name for "this cluster is one machine", on Linux as well: with it
# everything listens on loopback only (2.60). The third hides a line about actors that Ray Data itself sets off.
_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}


@dataclass(frozen=True)
class Job:
    """How to do it.

    Attributes:
        out: The folder of the notes and the result.
        workers: How many processes.
        requests_per_second: Of all workers together.
        at_once: How many calls a worker has under way at most.
        leave_doubts: Whether rows are left alone that a killed run may have paid for.
        address: A Ray cluster that runs already; without one, a local one is started, and stopped at the end.
    """

    out: Path
    workers: int = 2
    requests_per_second: float = 20.0
    at_once: int = 4
    leave_doubts: bool = False
    address: str | None = None


def run(job: Job, rows: list[Row], ask: Ask, question_id: str) -> Report:
    """Labels the rows that have no answer yet, and writes `labels.jsonl` in the order of the rows.

    Args:
        job: How.
        rows: What is to be labelled.
        ask: How to ask; made here, used by the workers.
        question_id: What is asked.

    Returns:
        What was done, what it cost, and what was not done.

    Raises:
        BlockingIOError: Another run works in the same folder.
    """
    keys = {row["id"]: key_of(row, question_id) for row in rows}
    with only_run(job.out) as store:
        before = frozenset(key for key in keys.values() if key in store.answers)
        doubts = {key for key in keys.values() if job.leave_doubts and store.is_in_doubt(key)}
        problems = +Counter({IN_DOUBT: len(doubts)})
        if todo := [row for row in rows if keys[row["id"]] not in before | doubts]:
            with _cluster(job), tqdm(total=len(rows), initial=len(before), unit="row") as bar:
                spent = 0.0
                for outcome in _labelled(job, todo, task(job, ask, question_id)):
                    if not spent:
                        bar.unpause()  # the time that the workers took to start is not the rows'
                    spent += outcome["cost_usd"]
                    bar.set_postfix_str(f"${spent:.4f}", refresh=False)
                    bar.update(not outcome["problem"])
                    problems.update([outcome["problem"]] if outcome["problem"] else [])
        _write(job.out / "labels.jsonl", rows, keys, store.refresh())
        return Report(tuple(keys.values()), before, problems, store)


def task(job: Job, ask: Ask, question_id: str) -> dict[str, Any]:
    """What each worker is made from: all that is pickled to it. The key of the API is not in it."""
    return {
        "ask": ask,
        "question_id": question_id,
        "folder": str(job.out.resolve()),
        "requests_per_second": job.requests_per_second / job.workers,  # the budget is the account's: each has its part
        "at_once": job.at_once,
        "leave_doubts": job.leave_doubts,
    }


@contextmanager
def _cluster(job: Job) -> Iterator[None]:
    """Ray, which workers of a local cluster inherit the environment from, and the key with it.

    On nodes that run already the key has to be in their environment. In `runtime_env` it would stand in Ray's records.
    """
    if job.address is None:
        for name, value in _RAY.items():
            os.environ.setdefault(name, value)
    import ray  # noqa: PLC0415  slow, and it reads the environment

    local: dict[str, Any] = {} if job.address else {"num_cpus": job.workers, "include_dashboard": False}
    ray.init(job.address or "local", logging_level=logging.ERROR, log_to_driver=False, **local)
    try:
        yield
    finally:
        ray.shutdown()


def _labelled(job: Job, rows: list[Row], made_from: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What became of each row, batch by batch, as the workers hand them back."""
    import ray.data  # noqa: PLC0415  likewise

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False  # tables of operators and resources
    batch = 4 * job.at_once  # small: the bar moves by batches
    # Rows that do not fit into the driver: `ray.data.read_json(...).filter(...).repartition(...)` instead.
    labelled = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch)).map_batches(
        Worker,
        fn_constructor_kwargs=made_from,
        batch_size=None,  # a block is a batch
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=job.workers),
        num_cpus=0.1,  # a worker waits most of the time
    )
    batches: Any = labelled.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
    for handed_back in batches:
        yield from handed_back.to_pylist()


def _write(file: Path, rows: list[Row], keys: dict[str, str], store: Store) -> None:
    """The labels that are there, whole or not at all."""
    known = ((row, store.answers.get(keys[row["id"]])) for row in rows)
    lines = [json.dumps({**row, "label": a["label"], "problem": a["problem"]}) for row, a in known if a]
    part = file.with_suffix(".part")
    part.write_text("".join(line + "\n" for line in lines))
    part.replace(file)
