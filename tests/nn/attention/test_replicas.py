"""Replicas of a data-parallel training have the codebook of the joint batch.

Two threads stand for two processes: what they say to each other is the sum of a tensor.
"""

from __future__ import annotations

import copy
import threading

import pytest
import torch

from graphlocal import ops
from graphlocal.nn.attention import CodebookAttention, RoutingAttention
from graphlocal.nn.attention.replicas import draw_rows, gather_rows
from tests.nn.attention.plain import close, features


@pytest.fixture
def together(monkeypatch):
    """Runs a function in two ranks at once, ``run(rank)``, and returns both results."""
    local, gate, said = threading.local(), threading.Barrier(2, timeout=60), [None, None]

    def joint_sum(x):
        if not hasattr(local, "rank"):
            return x
        said[local.rank] = x.clone()
        gate.wait()
        total = said[0] + said[1]
        gate.wait()
        return total

    monkeypatch.setattr(ops, "joint_sum", joint_sum)
    monkeypatch.setattr(ops, "num_processes", lambda: 2 if hasattr(local, "rank") else 1)
    monkeypatch.setattr(ops, "process_rank", lambda: getattr(local, "rank", 0))

    def run(function):
        results, errors = [None, None], []

        def work(rank):
            local.rank = rank
            try:
                results[rank] = function(rank)
            except Exception as error:  # the other rank must not wait for this one
                errors.append(error)
                gate.abort()

        threads = [threading.Thread(target=work, args=(rank,)) for rank in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return results

    return run


@pytest.mark.parametrize("counts", ["ema", "assigned"])
@pytest.mark.parametrize("sizes", [(9, 9), (15, 3), (18, 0)])
def test_codebooks_are_those_of_one_process(together, counts, sizes) -> None:
    torch.manual_seed(0)
    kwargs = {} if counts == "ema" else {"counts": counts, "num_nodes": 200}
    alone = CodebookAttention(8, 2, 12, dead_below=0.5, **kwargs).double()
    replicas = [copy.deepcopy(alone) for _ in range(2)]
    batches = [features(18, seed=step) for step in range(6)]
    ids = [torch.randperm(200)[:18] for _ in batches]
    outs = [alone(x, node_id=i) for x, i in zip(batches, ids, strict=True)]
    assert alone.codebook.seed == 0 and int(alone.codebook.steps) == 7

    def train(rank):
        return [replicas[rank](x.split(sizes)[rank], node_id=i.split(sizes)[rank])
                for x, i in zip(batches, ids, strict=True)]

    for rank, got in enumerate(together(train)):
        for out, expected in zip(got, outs, strict=True):
            close(out, expected.split(sizes)[rank], 1e-8)
    for name, value in alone.state_dict().items():
        close(replicas[0].state_dict()[name].double(), value.double(), 1e-8)
        assert torch.equal(replicas[0].state_dict()[name], replicas[1].state_dict()[name])


@pytest.mark.parametrize("sizes", [(9, 9), (18, 0)])
def test_routing_centroids_are_those_of_one_process(together, sizes) -> None:
    torch.manual_seed(0)
    alone = RoutingAttention(8, 2, 4, decay=0.5).double()
    replicas = [copy.deepcopy(alone) for _ in range(2)]
    batches = [features(18, seed=step) for step in range(4)]
    for x in batches:
        alone(x)

    def train(rank):
        for x in batches:
            replicas[rank](x.split(sizes)[rank])

    together(train)
    for replica in replicas:
        close(replica.centroid, alone.centroid, 1e-8)
    assert torch.equal(replicas[0].centroid, replicas[1].centroid)


def test_rows_of_all_processes(together) -> None:
    x = features(10, 2)
    found = together(lambda rank: gather_rows(x.split([7, 3])[rank]))
    for rank, (rows, start) in enumerate(found):
        assert torch.equal(rows, x) and start == 7 * rank
    weight = torch.rand(10).double() + 0.1
    expected = draw_rows(x, weight, 4, 3)
    for got in together(lambda rank: draw_rows(x.split([7, 3])[rank],
                                               weight.split([7, 3])[rank], 4, 3)):
        close(got, expected)


def test_odds_of_a_draw() -> None:
    x = torch.arange(4.0)[:, None]
    weight = torch.tensor([1.0, 2.0, 0.0, 5.0])
    first = torch.zeros(4)
    for seed in range(2000):
        drawn = draw_rows(x, weight, 3, seed).flatten().long()
        assert sorted(drawn.tolist()) == [0, 1, 3]
        first[drawn[0]] += 1
    share = weight / weight.sum()
    assert ((first / 2000 - share).abs() < 5 * (share * (1 - share) / 2000).sqrt() + 1e-9).all()
