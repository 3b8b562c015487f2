from __future__ import annotations

import pytest
import torch

from graphlocal.graph.checks import GraphError
from graphlocal.kernels.cpu import parallel
from graphlocal.nn.ssm import WalkTokenizer


def random_graph(nodes: int, edges: int, seed: int = 0) -> torch.Tensor:
    """Directed, with loops, parallel edges and, most likely, nodes without any."""
    return torch.randint(nodes, (2, edges), generator=torch.Generator().manual_seed(seed))


def star(leaves: int) -> torch.Tensor:
    hub = torch.zeros(leaves, dtype=torch.int64)
    rest = torch.arange(1, leaves + 1)
    return torch.stack([torch.cat([hub, rest]), torch.cat([rest, hub])])


@pytest.mark.parametrize("edge_index, nodes", [
    (random_graph(30, 60), 30), (random_graph(5, 40), 5), (star(300), 301),
    (torch.zeros(2, 0, dtype=torch.int64), 3), (torch.zeros(2, 2, dtype=torch.int64), 1)])
@pytest.mark.parametrize("m, M, s", [(0, 1, 1), (1, 2, 1), (3, 2, 2)])
def test_tokens_are_what_their_walks_induce(edge_index, nodes, m, M, s) -> None:
    tokenizer = WalkTokenizer(m, M, s, seed=3)
    tokens = tokenizer(edge_index, num_nodes=nodes, epoch=2)
    walks = tokenizer.walks(edge_index, range(nodes), num_nodes=nodes, epoch=2)
    assert tokens.tokens_per_node == 1 + s * m == tokenizer.tokens_per_node
    assert tokens.ptr.numel() == nodes * (1 + s * m) + 1
    edges = edge_index.t().tolist()
    number = 0
    for v in range(nodes):
        bags = [[v]] + [walk[v, k].flatten().tolist() for walk in walks for k in range(s)]
        for bag in bags:
            low, high = tokens.ptr[number].item(), tokens.ptr[number + 1].item()
            number += 1
            found = tokens.node[low:high].tolist()
            assert found == list(dict.fromkeys(bag)) and found[0] == v
            inside = (tokens.edge_index[0] >= low) & (tokens.edge_index[0] < high)
            got = sorted(tokens.node[tokens.edge_index[:, inside]].t().tolist())
            assert got == sorted([a, b] for a, b in edges if a in found and b in found)
    assert torch.equal(tokens.token.bincount(minlength=number), tokens.ptr.diff())


def test_a_node_has_the_same_tokens_in_any_company(monkeypatch) -> None:
    edge_index = random_graph(2000, 8000)
    tokenizer = WalkTokenizer(3, 2, 2, seed=1)
    whole = tokenizer(edge_index, num_nodes=2000)
    few = tokenizer(edge_index, torch.tensor([7, 1999, 7]), num_nodes=2000)
    per = tokenizer.tokens_per_node
    for place, v in enumerate([7, 1999, 7]):
        a = whole.node[whole.ptr[v * per]:whole.ptr[(v + 1) * per]]
        b = few.node[few.ptr[place * per]:few.ptr[(place + 1) * per]]
        assert torch.equal(a, b)
    monkeypatch.setattr(parallel, "_threads", 2)
    again = tokenizer(edge_index, num_nodes=2000)
    assert all(torch.equal(a, b) for a, b in zip(whole[:3], again[:3], strict=True))
    assert not torch.equal(tokenizer(edge_index, num_nodes=2000, epoch=1).node, whole.node)
    # Walks of three steps do not begin with those of two.
    two, three = tokenizer.walks(edge_index, range(2000), num_nodes=2000)[1:]
    assert not torch.equal(two[..., :3], three[..., :3])


@pytest.mark.parametrize("arguments", [{"m": -1}, {"m": 2, "M": 0}, {"m": 2, "s": 0}])
def test_bad_numbers(arguments) -> None:
    with pytest.raises(GraphError, match=list(arguments)[-1]):
        WalkTokenizer(**arguments)


def test_bad_nodes() -> None:
    with pytest.raises(GraphError, match="nodes"):
        WalkTokenizer(1)(star(3), [4])


def test_no_nodes_have_no_tokens() -> None:
    tokens = WalkTokenizer(2, 3, 2)(star(3), torch.zeros(0, dtype=torch.int64))
    assert tokens.ptr.tolist() == [0]
    assert tokens.node.numel() == 0 and tokens.edge_index.shape == (2, 0)
