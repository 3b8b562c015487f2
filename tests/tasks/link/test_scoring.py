from __future__ import annotations

import pytest
import torch

from graphlocal import GraphError
from graphlocal.tasks.link import evaluate, hits_at_k, score_pairs
from tests.tasks.link.small import SmallLinkNet, small_link_data


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
@pytest.mark.parametrize("shape", [(2, 50), (2, 10, 5), (2, 0)])
def test_scores_come_in_the_order_of_the_pairs(batch_size, shape) -> None:
    pairs = torch.randint(0, 9, shape, generator=torch.Generator().manual_seed(0))
    calls = []

    def decode(chunk):
        calls.append(chunk)
        return chunk[0] * 10.0 + chunk[1]

    scores = score_pairs(decode, pairs, batch_size)
    assert torch.equal(scores, pairs[0] * 10.0 + pairs[1])
    assert all(chunk.size(1) <= batch_size for chunk in calls)
    if len(shape) == 2 and calls:
        assert (torch.cat(calls, 1)[0].diff() >= 0).all()  # one source after the other


def test_evaluation_is_what_it_says() -> None:
    data, model = small_link_data(), SmallLinkNet()
    model.train()
    scores = evaluate(model, data, "val", ["hits@3"], batch_size=11)
    assert model.training
    model.eval()
    with torch.no_grad():
        for part, given, graph in (("val", False, data.edge_index), ("val", True, data.edge_index),
                                   ("test", False, data.edge_index),
                                   ("test", True, data.full_edge_index)):
            h = model.encode(data.x, graph)
            pos = model.decode(h, graph, getattr(data, part))
            neg = model.decode(h, graph, getattr(data, f"{part}_neg"))
            got = evaluate(model, data, part, {"mine": lambda p, n: hits_at_k(p, n, 3)},
                           val_edges_as_input=given)
            assert got == {"mine": hits_at_k(pos, neg, 3)}
            if part == "val":
                assert scores["hits@3"] == got["mine"]


def test_bad_arguments() -> None:
    data, model = small_link_data(), SmallLinkNet()
    for arguments, message in ((("train",), "'part'"), (("val", []), "'metrics': got none"),
                               (("val", ["hit"]), "'metrics'"), (("val", {"a": 3}), "'metrics'"),
                               (("val", ["hits@10000"]), "'k': got 10000")):
        with pytest.raises(GraphError, match=message):
            evaluate(model, data, *arguments)
    with pytest.raises(GraphError, match="one score for each of 2 pairs"):
        score_pairs(lambda pairs: pairs.float(), torch.tensor([[0, 1], [1, 2]]))
