"""Labels a data set with Ray Data: `python -m examples.scale_out --rows 300 --out labelled`.

Two workers on a local Ray cluster, each with its part of the rate limit and a few calls at once; a progress bar; a
cost report. Kill it whenever you like and give the same command again: no row is lost, and none is paid twice. With
`XAI_API_KEY` set it talks to xAI, without it to the emulator. docs/scale_out.md tells how, and what one cannot know.

Read messages.py, questions.py, store.py, worker.py, job.py and report.py, in this order.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from examples.connection import connect, emulated
from examples.scale_out import messages
from examples.scale_out.job import Job, run
from examples.scale_out.questions import Question


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and labels; 1 if rows are left without an answer."""
    parser = argparse.ArgumentParser(prog="python -m examples.scale_out", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="a JSON Lines file with an id and a text on each line")
    parser.add_argument("--rows", type=int, default=300, help="without --data: how many made messages (300)")
    parser.add_argument("--out", type=Path, default=Path("labelled"), help="the folder of the notes and the labels")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--requests-per-second", type=float, default=20.0, help="of all workers together (20)")
    parser.add_argument("--at-once", type=int, default=4, help="calls that a worker has under way at most (4)")
    parser.add_argument("--model", default=Question.model, help=f"which Grok ({Question.model})")
    parser.add_argument("--framework", choices=["langchain", "llama_index"], default="langchain")
    parser.add_argument("--address", help="of a Ray cluster that runs already; its nodes need XAI_API_KEY")
    parser.add_argument("--leave-doubts", action="store_true", help="do not ask again what may have been paid for")
    given = parser.parse_args(arguments)
    rows = messages.read(given.data) if given.data else messages.made(given.rows)
    question = Question(model=given.model)
    with connect() as connection:
        # A local Ray hands its environment on to the workers, which read the key from there: pickles leave it behind.
        if "api_key" in connection:
            os.environ["XAI_API_KEY"] = connection["api_key"]
        job = Job(given.out, given.workers, given.requests_per_second, given.at_once, given.leave_doubts, given.address)
        try:
            report = run(job, rows, question.asker(given.framework, **connection), question.id)
        except KeyboardInterrupt:
            print("\nStopped. The same command goes on from here.")
            return 130
        print(f"\n{report}\nIn all: ${report.ledger.cost_usd:.6f}{emulated(connection)}")
    return 1 if report.unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
