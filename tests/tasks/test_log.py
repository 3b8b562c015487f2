from __future__ import annotations

import logging
import multiprocessing

import pytest

from graphlocal import GraphError
from graphlocal.tasks import JsonLines


def test_lines_go_in_and_come_out(tmp_path) -> None:
    log = JsonLines(tmp_path / "new" / "runs.jsonl")
    assert list(log) == []
    records = [{"seed": 0, "name": "größe\n2"}, {"seed": 1, "test": [0.1, 1e-300]}]
    for record in records:
        log.append(record)
    assert list(log) == records
    assert (tmp_path / "new" / "runs.jsonl").read_bytes().count(b"\n") == 2
    pair = {"config": {"sizes": (1, 2)}}
    assert pair not in log
    log.append(pair)
    assert pair in log  # a list by now


def test_a_line_cut_off_costs_only_itself(tmp_path, caplog) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text('{"seed": 0}\n{"seed": 1, "te')
    JsonLines(path).append({"seed": 2})
    with caplog.at_level(logging.WARNING):
        assert list(JsonLines(path)) == [{"seed": 0}, {"seed": 2}]
    assert "runs.jsonl:2" in caplog.text


def append_many(path, writer) -> None:
    for number in range(40):
        JsonLines(path).append({"writer": writer, "number": number, "pad": "x" * 500})


def test_two_writers_do_not_mix_their_lines(tmp_path) -> None:
    path = tmp_path / "runs.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=append_many, args=(path, w)) for w in range(2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    found = [(record["writer"], record["number"]) for record in JsonLines(path)]
    assert sorted(found) == [(w, n) for w in range(2) for n in range(40)]


def test_bad_input(tmp_path) -> None:
    with pytest.raises(GraphError, match=r"argument 'log'.*folder"):
        JsonLines(tmp_path)
    log = JsonLines(tmp_path / "runs.jsonl")
    for value in (float("nan"), float("inf"), object(), {1, 2}):
        with pytest.raises(GraphError, match="argument 'record'"):
            log.append({"test": value})
    assert not log.path.exists()
