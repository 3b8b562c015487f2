from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import GINEConv, SAGEConv

from graphlocal.graph.checks import GraphError
from graphlocal.nn.ssm import (
    LocalEncoder,
    TokenScan,
    WalkEncoder,
    WalkTokenizer,
    find_edges,
    order_tokens,
    walk_features,
)
from graphlocal.nn.ssm.local_encoder import token_edges


def graph(nodes: int, edges: int) -> torch.Tensor:
    """Directed, with loops and parallel edges."""
    return torch.randint(nodes, (2, edges), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("pooling", ["mean", "sum"])
def test_tokens_are_encoded_one_by_one(pooling) -> None:
    torch.manual_seed(0)
    edge_index, x, attr = graph(9, 40), torch.randn(9, 6), torch.randn(40, 3)
    conv = GINEConv(torch.nn.Linear(6, 6), edge_dim=3)
    encoder = LocalEncoder(6, conv, pooling=pooling)
    tokens = WalkTokenizer(2, 2, 2)(edge_index, num_nodes=9)
    found = encoder(x, tokens, attr, edge_index)
    for number, (low, high) in enumerate(zip(tokens.ptr, tokens.ptr[1:], strict=False)):
        nodes = tokens.node[low:high].tolist()
        inside = [e for e, (a, b) in enumerate(edge_index.t().tolist())
                  if a in nodes and b in nodes]
        local = torch.tensor([[nodes.index(v) for v in end] for end in
                              edge_index[:, inside].tolist()], dtype=torch.long)
        h = conv(x[nodes], local, attr[inside]).relu()
        pooled = h.mean(0) if pooling == "mean" else h.sum(0)
        assert torch.allclose(found[number], pooled + encoder.lin(x[nodes[0]]), atol=1e-5)


def test_parallel_edges_are_told_apart() -> None:
    edge_index = graph(5, 40)
    tokens = WalkTokenizer(1, 3, 2)(edge_index)
    number = token_edges(edge_index, tokens)
    assert torch.equal(edge_index[:, number], tokens.node[tokens.edge_index])
    token = tokens.token[tokens.edge_index[0]]
    assert len({(t, e) for t, e in zip(token.tolist(), number.tolist(), strict=True)}) == len(token)


def test_edges_by_their_ends() -> None:
    edge_index = graph(12, 30)
    first = {}
    for e, pair in enumerate(edge_index.t().tolist()):
        first.setdefault(tuple(pair), e)
    source, target = torch.arange(12).repeat_interleave(12), torch.arange(12).repeat(12)
    expected = [first.get(pair, -1) for pair in zip(source.tolist(), target.tolist(), strict=True)]
    assert find_edges(edge_index, source, target, num_nodes=12).tolist() == expected
    nothing = torch.zeros(2, 0, dtype=torch.long)
    assert find_edges(nothing, source, target, num_nodes=12).eq(-1).all()


def test_what_a_walk_sees() -> None:
    edge_index, window = graph(8, 20), 3
    walks = torch.randint(8, (4, 2, 6), generator=torch.Generator().manual_seed(1))
    found = walk_features(walks, edge_index, window, num_nodes=8)
    edges = set(map(tuple, edge_index.t().tolist()))
    assert found.shape == (4, 2, 6, 2 * window - 1)
    for walk, rows in zip(walks.view(-1, 6).tolist(), found.view(-1, 6, 5).tolist(), strict=True):
        for i, v in enumerate(walk):
            same = [float(i >= j and walk[i - j] == v) for j in (1, 2, 3)]
            near = [float(i >= j and (walk[i - j], v) in edges) for j in (2, 3)]
            assert rows[i] == same + near


@pytest.mark.parametrize("edge_dim", [None, 3])
def test_walk_encoder_reads_each_token_by_itself(edge_dim) -> None:
    torch.manual_seed(0)
    edge_index, x = graph(10, 25), torch.randn(10, 6)
    attr = None if edge_dim is None else torch.randn(25, 3)
    encoder, tokenizer = WalkEncoder(6, window=2, edge_dim=edge_dim), WalkTokenizer(2, 3, 2)
    nodes = torch.arange(10)
    whole = encoder(x, nodes, tokenizer.walks(edge_index, nodes, num_nodes=10), edge_index, attr)
    few = torch.tensor([7, 2])
    part = encoder(x, few, tokenizer.walks(edge_index, few, num_nodes=10), edge_index, attr)
    assert whole.shape == (50, 6)
    assert torch.allclose(part.view(2, 5, 6), whole.view(10, 5, 6)[few], atol=1e-6)
    if attr is not None:
        other = encoder(x, nodes, tokenizer.walks(edge_index, nodes, num_nodes=10), edge_index,
                        attr + 1).view(10, 5, 6)
        assert torch.equal(other[:, 0], whole.view(10, 5, 6)[:, 0])  # no step, no edge
        assert not torch.allclose(other[:, 1:], whole.view(10, 5, 6)[:, 1:])


def test_order_of_tokens() -> None:
    tokens = torch.arange(7.0).expand(50, 7).unsqueeze(-1)
    assert order_tokens(tokens, 2)[0].flatten().tolist() == [6, 5, 4, 3, 2, 1, 0]
    drawn = [order_tokens(tokens, 2, shuffle=True, generator=torch.Generator().manual_seed(seed))
             for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    rows = drawn[0].squeeze(-1)
    assert (rows[:, 6] == 0).all()
    assert torch.equal(((rows[:, :6] + 1) // 2).long(), torch.tensor([3, 3, 2, 2, 1, 1])
                       .expand(50, 6))
    assert (rows[:, :6].sort(1).values == torch.arange(1.0, 7)).all()
    assert rows[:, 0].unique().tolist() == [5, 6]
    for wrong in (tokens[:, :6], tokens[:, :0], tokens[0]):
        with pytest.raises(GraphError, match="tokens"):
            order_tokens(wrong, 2)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_token_scan_reads_out_the_last(bidirectional) -> None:
    torch.manual_seed(0)
    scan, tokens = TokenScan(8, 2, bidirectional=bidirectional, d_state=4), torch.randn(5, 6, 8)
    h = tokens
    for norm, block in zip(scan.norms, scan.blocks, strict=True):
        h = h + block(norm(h))
    assert torch.allclose(scan(tokens), scan.norm(h)[:, -1], atol=1e-6)
    assert scan(tokens[:0]).shape == (0, 8)
    with pytest.raises(GraphError, match="tokens"):
        scan(tokens[0])


def test_bad_input() -> None:
    path = torch.tensor([[0, 1], [1, 2]])
    tokens = WalkTokenizer(1)(path)
    with pytest.raises(GraphError, match="pooling"):
        LocalEncoder(4, pooling="max")
    with pytest.raises(GraphError, match="conv"):
        LocalEncoder(4, "gin")
    with pytest.raises(GraphError, match="x"):
        LocalEncoder(4, SAGEConv(4, 4))(torch.zeros(3, 5), tokens)
    with pytest.raises(GraphError, match="graph"):
        LocalEncoder(4, GINEConv(torch.nn.Linear(4, 4), edge_dim=1))(
            torch.zeros(3, 4), tokens, torch.zeros(2, 1))
    with pytest.raises(GraphError, match="window"):
        walk_features(torch.zeros(1, 3, dtype=torch.long), path, 0)
