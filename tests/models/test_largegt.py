"""LargeGT against its formulas written down plainly, and its published defects, one by one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from graphlocal import GraphError
from graphlocal.models.largegt import LargeGT
from graphlocal.models.largegt_local import TokenEncoder


def plain_local(encoder: TokenEncoder, sequence: Tensor, node_only: bool = False) -> Tensor:
    """The local module for one sequence ``[K, T, F]``, formula by formula, head by head."""
    kinds = sequence.size(1)
    tokens = encoder.lin_in(encoder.embed(sequence.reshape(-1, sequence.size(2))))
    if encoder.marks is not None:
        tokens = tokens + torch.stack([encoder.marks[min(1, j // kinds), j % kinds]
                                       for j in range(len(tokens))])
    for layer in encoder.layers:
        normal = layer.norm(tokens)
        weight_q, weight_k, weight_v = layer.lin_qkv.weight.chunk(3)
        bias_q, bias_k, bias_v = layer.lin_qkv.bias.chunk(3)
        q, k, v = normal @ weight_q.T + bias_q, normal @ weight_k.T + bias_k, (
            normal @ weight_v.T + bias_v)
        heads, d = [], layer.channels
        for head in range(layer.heads):
            part = slice(head * d, (head + 1) * d)
            score = (q[:, part] / d ** 0.5) @ k[:, part].T
            heads.append(torch.exp(score) / torch.exp(score).sum(dim=1, keepdim=True) @ v[:, part])
        tokens = layer.lin_skip(tokens) + layer.lin_out(torch.cat(heads, dim=1))
    tokens = encoder.norm(tokens)
    others = range(kinds, len(tokens), kinds) if node_only else range(1, len(tokens))
    w = torch.cat([torch.randn(tokens.size(1)), encoder.readout.weight[0]])  # [own, other]
    score = torch.stack([w @ torch.cat([tokens[0], tokens[j]]) for j in others]) + 0.7
    share = score.softmax(dim=0)
    return tokens[0] + sum(a * tokens[j] for a, j in zip(share, others, strict=True))


@pytest.mark.parametrize(("num_layers", "node_only", "num_marks"), [
    (1, False, 0), (3, False, 0), (1, True, 0), (2, True, 3)])
def test_local_module_is_its_formulas(num_layers: int, node_only: bool, num_marks: int) -> None:
    torch.manual_seed(0)
    encoder = TokenEncoder(5, 8, heads=2, num_layers=num_layers,
                           node_only_readout=node_only, num_marks=num_marks).double().eval()
    for parameter in encoder.parameters():  # the small ones it starts from would hide mistakes
        torch.nn.init.normal_(parameter, std=0.5)
    sequences = torch.randn(4, 6, 3, 5, dtype=torch.float64)
    torch.set_default_dtype(torch.float64)
    try:
        expected = torch.stack([plain_local(encoder, s, node_only) for s in sequences])
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(encoder(sequences), expected)


def small(**options) -> LargeGT:
    torch.manual_seed(0)
    return LargeGT(5, 8, 3, **{"num_centroids": 6, "global_channels": 4, "pos_channels": 4,
                               **options})


def batch(rows: int = 7, num_tokens: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Features of 20 nodes, sequences of them, and positions of their first ones."""
    hops = torch.randn(20, 3, 5)
    tokens = torch.randint(20, (rows, num_tokens))
    return hops, tokens, torch.randn(rows, 4)


@pytest.mark.parametrize("token_marks", [False, True])
def test_drawn_nodes_may_be_given_once_or_in_sequences(token_marks: bool) -> None:
    hops, tokens, position = (part.double() if part.is_floating_point() else part
                              for part in batch())
    found = []
    for arguments in ((hops, tokens), (hops[tokens], None)):
        model = small(local_dropout=0.0, dropout=0.0, num_layers=2,
                      token_marks=token_marks).double()
        out = model(*arguments, position)
        out.square().sum().backward()
        found.append([out.detach(), *(p.grad for p in model.parameters())])
    for once, repeated in zip(*found, strict=True):
        torch.testing.assert_close(once, repeated)


@pytest.mark.parametrize("given", ["once", "in sequences"])
def test_chunks_change_neither_values_nor_gradients(given: str) -> None:
    hops, tokens, position = (part.double() if part.is_floating_point() else part
                              for part in batch())
    found = []
    for chunk_size in (None, 3):
        # Dropout is drawn chunk by chunk: compared without it.
        model = small(chunk_size=chunk_size, dropout=0.0, local_dropout=0.0,
                      token_marks=True).double()
        out = model(hops, tokens, position) if given == "once" else model(
            hops[tokens], None, position)
        out.square().sum().backward()
        found.append([out.detach(), *(p.grad for p in model.parameters())])
    for whole, chunked in zip(*found, strict=True):
        torch.testing.assert_close(chunked, whole)


@pytest.mark.parametrize("given", ["once", "in sequences"])
def test_chunks_repeat_their_dropout_in_the_backward_pass(given: str) -> None:
    """A gradient by finite differences along itself, with the same random numbers."""
    torch.manual_seed(0)
    encoder = TokenEncoder(5, 8, chunk_size=2).double()
    tokens = torch.randn(7, 6, 3, 5, dtype=torch.float64)
    index = None
    if given == "once":
        tokens, index = torch.randn(20, 3, 5, dtype=torch.float64), torch.randint(20, (7, 6))

    def value() -> Tensor:
        torch.manual_seed(3)
        return encoder(tokens, index).square().sum()

    value().backward()
    weight = encoder.layers[0].lin_qkv.weight
    grad, step = weight.grad.clone(), 1e-6
    with torch.no_grad():
        weight += step * grad
        up = value()
        weight -= 2 * step * grad
        down = value()
    torch.testing.assert_close((up - down) / (2 * step), grad.square().sum(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("conv_type", ["full", "local", "global"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_every_parameter_is_learned(conv_type: str, num_layers: int) -> None:
    model = small(conv_type=conv_type, num_layers=num_layers, dropout=0.0)
    out = model(*batch())
    assert out.shape == (7, 3)
    out.square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert without == []


# The published network, counted by its own code: all parameters, and those no output depends on.
PUBLISHED = {
    "ogbn-products": ((100, 256, 47), {"global_channels": 64}, 2_550_384, 657_664),
    "snap-patents": ((269, 128, 5), {"global_channels": 64}, 739_654, 164_992),
    "ogbn-papers100M": ((128, 512, 172), {"global_channels": 128}, 10_141_485, 2_626_048),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones_less_those_without_use(name: str) -> None:
    sizes, options, everything, unused = PUBLISHED[name]
    model = LargeGT(*sizes, heads=2, pos_channels=options["global_channels"], num_centroids=8,
                    **options)
    # The readout's weights of the node itself and its bias cancel in the softmax.
    cancelled = 2 * sizes[1] + 1
    assert sum(p.numel() for p in model.parameters()) == everything - unused - cancelled


@pytest.mark.parametrize("conv_type", ["full", "local", "global"])
def test_a_batch_of_one_node(conv_type: str) -> None:
    model = small(conv_type=conv_type)
    model(*batch())
    one = batch(rows=1)
    assert model(*one).shape == (1, 3)  # in training
    many = batch(rows=5)
    model.eval()
    with torch.no_grad():
        whole = model(*many)
        alone = torch.cat([model(many[0], many[1][i:i + 1], many[2][i:i + 1]) for i in range(5)])
    torch.testing.assert_close(alone, whole)


@pytest.mark.parametrize("conv_type", ["full", "local", "global"])
def test_a_batch_without_nodes(conv_type: str) -> None:
    model = small(conv_type=conv_type)
    model(*batch())
    hops, tokens, position = batch()
    for sequences in ((hops, tokens[:0]), (hops[tokens][:0], None)):
        assert model.eval()(*sequences, position[:0]).shape == (0, 3)


def test_a_sequence_of_the_node_alone() -> None:
    hops, tokens, position = batch(num_tokens=1)
    model = small()
    model(hops, tokens, position).sum().backward()
    assert model(hops[:, :1], tokens, position).isfinite().all()  # nothing to read out


def test_the_first_step_already_has_a_codebook_of_the_data() -> None:
    """The published one has centroids of size 1e5 after it, which take part in attention."""
    model = small(num_centroids=64)
    model(*batch(rows=12))
    used = model.codebook.codebook
    assert used.centroids()[used.alive()].abs().max() < 100


def test_evaluation_changes_nothing() -> None:
    model = small()
    model(*batch())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.eval()(*batch())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_reference_counts_random_assignments() -> None:
    model = small(counts="reference", num_nodes=20)
    hops, tokens, position = batch()
    out = model(hops, tokens, position, torch.arange(7))
    assert out.isfinite().all()
    assert int(model.codebook.assigned.sum()) == 20


def test_a_state_can_be_loaded() -> None:
    model, other = small(), small()
    model(*batch())
    other.load_state_dict(model.state_dict())
    arguments = batch()
    assert torch.equal(model.eval()(*arguments), other.eval()(*arguments))
    other.reset_parameters()
    assert not torch.equal(other(*arguments), model(*arguments))


def test_bad_input() -> None:
    model = small()
    hops, tokens, position = batch()
    for arguments, message in (
        ((hops, None, position), r"'hops'.*\(B, K, T, F\)"),
        ((hops[..., :2], tokens, position), "F = 5"),
        ((hops, tokens + 15, position), "'tokens'.*rows of hops"),
        ((hops, tokens.float(), position), "'tokens'.*integers"),
        ((hops, tokens.tolist(), position), "'tokens': got list"),
        ((hops, tokens, None), "'pos_enc'"), ((hops, tokens, position[:, :1]), "'pos_enc'"),
        ((hops, tokens, position[:3]), "'pos_enc': got 3 rows"),
        ((hops.long(), tokens, position), "'hops'.*floating"),
    ):
        with pytest.raises(GraphError, match=message):
            model(*arguments)
    for options, message in (
        ({"conv_type": "both"}, "conv_type"), ({"heads": 0}, "heads"),
        ({"num_layers": 0}, "num_layers"), ({"dropout": 1.5}, "dropout"),
        ({"chunk_size": 0}, "chunk_size"), ({"num_centroids": 0}, "num_centroids"),
    ):
        with pytest.raises(GraphError, match=message):
            small(**options)
