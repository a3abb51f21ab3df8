"""`examples/scale_out` as a whole: killed with all of Ray and begun again, no row is lost and none is paid twice."""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from examples.scale_out import messages
from examples.scale_out.__main__ import main
from examples.scale_out.questions import key_of
from examples.scale_out.store import PATTERN, Notes, Store, only_run
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.meter import Meter
from tests.support.scale_out import AT_ONCE, QUESTION, TOPICS, keeps_to, label, lines, until, worker

ROOT = Path(__file__).parent.parent


# --- the whole of it, on a real cluster ------------------------------------------------------------------------------


class Run:
    """A run of the example, in a session of its own."""

    def __init__(self, folder: Path, meter: Meter, temp: Path, rows: int, rate: float) -> None:
        command = [sys.executable, "-m", "examples.scale_out", "--rows", str(rows), "--out", str(folder)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        own = {"XAI_API_KEY": KEY, "XAI_BASE_URL": meter.base_url, "RAY_TMPDIR": str(temp), "HOME": str(temp)}
        self.process = subprocess.Popen(
            [*command, "--requests-per-second", str(rate), "--at-once", str(AT_ONCE)],
            cwd=ROOT, env=clean | own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def left(self) -> list[str]:
        """The processes of its session, Ray's included."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = stat.read_text().partition("(")[2].rpartition(") ")
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, _, _, session, *_ = rest.split()
            if int(session) == self.process.pid and state != "Z":
                found.append(name)
        return found

    def kill(self) -> None:
        """Kills the driver and Ray's servers at one blow; workers are in groups of their own, and follow."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.mark.timeout(300)  # 30 s on a quiet machine, most of it Ray's own start
def test_a_killed_run_is_finished_by_the_next_and_nothing_is_paid_twice(meter: Meter, tmp_path: Path) -> None:
    out, rows, rate = tmp_path / "out", messages.made(60), 20.0
    temp = Path(tempfile.mkdtemp(prefix="ray-"))  # of a short name: Ray puts sockets there
    keys = {key_of(row, QUESTION.id): row for row in rows}
    runs: list[Run] = []
    try:
        # Some rows are answered and noted, then all threads of both workers are held in calls, and all is killed.
        meter.hold_after(10)
        runs.append(Run(out, meter, temp, len(rows), rate))
        until(
            lambda: len(meter.held) == 2 * AT_ONCE and len(Store(out).refresh().answers) == 10, "10 rows are answered"
        )
        with pytest.raises(BlockingIOError, match="give another folder"), only_run(out, patience=0):
            pass
        runs[0].kill()

        # The next one, at once: workers of the first are still there. One of its own is killed, while it calls too.
        meter.hold_after(8)
        runs.append(Run(out, meter, temp, len(rows), rate))
        until(lambda: len(meter.held) == 4 * AT_ONCE and len(Store(out).refresh().answers) == 18, "8 more are answered")
        assert not runs[0].left()
        victim = max(out.glob(PATTERN), key=lambda file: file.stat().st_mtime)
        os.kill(int(victim.stem.split("-")[-2]), signal.SIGKILL)
        meter.release()
        printed, errors = runs[1].process.communicate(timeout=90)
        assert runs[1].process.returncode == 0, errors[-3000:]

        # Every row has one result, and was billed once.
        assert Counter(call.text for call in meter.billed) == Counter(row["text"] for row in rows)
        answered = [line["answered"] for line in lines(out) if "answered" in line]
        assert sorted(answered) == sorted(keys)
        labels = [json.loads(line) for line in (out / "labels.jsonl").read_text().splitlines()]
        assert [line["id"] for line in labels] == [row["id"] for row in rows]
        assert [line["label"]["topic"] for line in labels] == [TOPICS[n % 4] for n in range(len(rows))]

        # The report says what the emulator billed, and what was not paid again.
        assert f"In all: ${meter.ticks / 10**10:.6f}\n" in printed
        assert "60 rows: 50 paid now ($" in printed
        assert ", 10 paid by earlier runs, 0 without an answer." in printed
        assert re.search(r"100%.* 60/60 .*\$0\.", errors)

        # Each worker kept to its part of the rate. Rows that two workers asked are left out.
        asked = {file: [line["asked"] for line in _read(file) if "asked" in line] for file in out.glob(PATTERN)}
        often = Counter(key for keys_ in asked.values() for key in keys_)
        first = {call.text: call for call in reversed(meter.came)}
        by_worker = [[first[keys[key]["text"]] for key in keys_ if often[key] == 1] for keys_ in asked.values()]
        assert len(by_worker) == 5
        assert max(map(len, by_worker)) > 10
        assert all(keeps_to(rate / 2, calls) for calls in by_worker)

        # The key came from the workers' environment, and is written nowhere.
        assert {call.key for call in meter.came} == {f"Bearer {KEY}"}
        written = [*out.iterdir(), *(file for file in temp.rglob("*") if file.is_file())]
        assert len(written) > 20
        assert not [file for file in written if KEY.encode() in file.read_bytes()]

        until(lambda: not runs[1].left(), "no process is left", 20)
    finally:
        for run in runs:
            if run.process.poll() is None:
                run.kill()
        shutil.rmtree(temp, ignore_errors=True)


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


# --- the notes --------------------------------------------------------------------------------------------------------


def test_a_torn_line_is_not_read_and_the_next_writer_has_a_file_of_its_own(tmp_path: Path) -> None:
    first, second = Notes(tmp_path), Notes(tmp_path)
    first.asked("a")
    first.answered("a", row="1", label={"topic": "damage"})
    first.asked("b")
    (file,) = [file for file in tmp_path.glob(PATTERN) if file.stat().st_size]
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"answered": "b", "row": "2", "la')
    store = Store(tmp_path).refresh()
    assert store.answers == {"a": {"row": "1", "label": {"topic": "damage"}}}
    assert store.is_in_doubt("b")
    assert not store.is_in_doubt("a")
    second.asked("b")
    second.answered("b", row="2", label=None)
    assert set(store.refresh().answers) == {"a", "b"}
    assert store.open_calls["b"] == 1
    assert not store.is_in_doubt("b")
    with file.open("ab") as end:  # as a line that was being written while it was read
        end.write(b'bel": 7}\n')
    assert store.refresh().answers["b"]["label"] == 7
    assert store.open_calls["b"] == 0


def test_a_line_of_somebody_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "worker-1.jsonl").write_text("not ours\n")
    with pytest.raises(
        ValueError, match=r"worker-1\.jsonl has a line that is no JSON: b'not ours'\nremove the line\.$"
    ):
        Store(tmp_path).refresh()


def test_a_run_waits_for_the_workers_of_one_that_was_killed(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.asked("a")
    done = []

    def outlive() -> None:
        time.sleep(0.4)
        notes.answered("a", row="1")
        done.append(True)
        notes.close()

    threading.Thread(target=outlive).start()
    with only_run(tmp_path) as store:
        assert done
        assert set(store.answers) == {"a"}


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("key")
def test_a_run_with_nothing_left_to_do_starts_no_cluster(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XAI_BASE_URL", emulator.base_url)
    data = tmp_path / "mine.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in messages.made(5)))
    label(worker(tmp_path / "out", emulator.base_url), messages.made(5))
    assert main(["--data", str(data), "--out", str(tmp_path / "out"), "--framework", "llama_index"]) == 0
    assert "5 rows: 0 paid now ($0.000000), 5 paid by earlier runs, 0 without an answer." in capsys.readouterr().out
    assert len((tmp_path / "out" / "labels.jsonl").read_text().splitlines()) == 5
    assert len(emulator.requests) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a"}\n', "give it an id and a text, both strings."),
        ('{"id": "a", "text": "x"}\n\n{"id": "a", "text": "y"}\n', "give each row an id of its own."),
    ],
)
def test_rows_that_could_not_be_kept_apart_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(text)
    with pytest.raises(ValueError, match=rf"\n{re.escape(said)}$"):
        messages.read(tmp_path / "rows.jsonl")


def test_the_made_messages_are_always_the_same() -> None:
    assert doctest.testmod(messages) == (0, 1)
    assert messages.made(300)[:5] == messages.made(5)
    assert len({row["text"] for row in messages.made(300)}) == len({row["id"] for row in messages.made(300)}) == 300
