"""An epoch of NCN as ``tasks.link`` trains it, and as the authors' loop does.

The peer restates the published training loop in plain torch: for every batch the training graph
without the batch's edges is built anew and made symmetric, the encoder runs on the whole graph,
and the predictor runs twice, on positives and on negatives; neighbourhoods are intersected by
searching sorted keys; the last, smaller batch is dropped. Ours hides the batch by a mask, scores
positives and negatives in one call, and keeps the last batch. Both start from the same weights;
before any time is taken, two epochs without dropout on the same batches must give equal losses.
Settings are the paper's for Cora and ogbl-collab. The collab-sized case trains on three batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

_CORA = {"batch_size": 1152, "hidden": 256, "conv": "puregcn", "drop_x": 0.7, "drop_h": 0.05,
         "drop_tail": 0.3, "drop_edge": 0.0, "drop_overlap": 0.4, "drop_pred": 0.05,
         "lr": 0.0043, "predictor_lr": 0.0024}
_COLLAB = {"batch_size": 65536, "hidden": 64, "conv": "gcn", "drop_x": 0.25, "drop_h": 0.1,
           "drop_tail": 0.0, "drop_edge": 0.25, "drop_overlap": 0.0, "drop_pred": 0.3,
           "lr": 0.0082, "predictor_lr": 0.0037}


def _cora_sized() -> dict[str, Any]:
    """2,708 nodes, 3,696 training edges, 1,433 binary features of which 1.3 % are set."""
    rng = np.random.default_rng(1)
    x = (rng.random((2708, 1433)) < 0.0127).astype(np.float32)
    edges = power_law_edges(2708, 3696)
    return {**_CORA, "num_nodes": 2708, "edges": edges, "positives": edges, "x": x}


def _collab_sized() -> dict[str, Any]:
    """235,868 nodes, 1.13 million training edges, 128 features."""
    rng = np.random.default_rng(1)
    edges = power_law_edges(235_868, 1_130_000)
    x = rng.standard_normal((235_868, 128), dtype=np.float32)
    return {**_COLLAB, "num_nodes": 235_868, "edges": edges,
            "positives": edges[:, :3 * 65536], "x": x}


def _fixed_batches(inputs: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of the positives and negatives, of two epochs, for the comparison of losses."""
    rng = np.random.default_rng(2)
    n, size = inputs["num_nodes"], inputs["batch_size"]
    positives, found = inputs["positives"], []
    for _ in range(2):
        order = rng.permutation(positives.shape[1])
        for start in range(0, len(order) - size + 1, size):
            negative = rng.integers(0, n, (2, size))
            negative[1] = np.where(negative[0] == negative[1], (negative[1] + 1) % n, negative[1])
            found.append((order[start:start + size], negative))
    return found if len(positives[0]) < 10_000 else found[:1]


def _model(inputs: dict[str, Any], dropout: bool) -> Any:
    import torch

    from graphlocal.models import NCN, LinkEncoder

    def p(name: str) -> float:
        return inputs[name] if dropout else 0.0

    torch.manual_seed(0)
    encoder = LinkEncoder(inputs["x"].shape[1], inputs["hidden"], conv=inputs["conv"],
                          layer_norm=True, input_dropout=p("drop_x"), dropout=p("drop_h"),
                          tail_dropout=p("drop_tail"), edge_dropout=p("drop_edge"))
    return NCN(encoder, edge_dropout=p("drop_overlap"), dropout=p("drop_pred"))


def _ours(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    import torch

    from graphlocal.loader import LinkLoader
    from graphlocal.tasks.link import LinkData
    from graphlocal.tasks.link.fit import _adam
    from graphlocal.tasks.link.training import LinkTraining

    x = torch.from_numpy(inputs["x"])
    positives = torch.from_numpy(inputs["positives"])
    some = positives[:, :10]
    data = LinkData(inputs["num_nodes"], torch.from_numpy(inputs["edges"]), some, some, some, some,
                    x)
    edge_index = data.edge_index

    def training(dropout: bool) -> LinkTraining:
        return LinkTraining(
            _model(inputs, dropout), data,
            lambda: LinkLoader(edge_index, positives, inputs["batch_size"],
                               num_nodes=data.num_nodes, x=x),
            _adam(inputs["lr"], inputs["predictor_lr"], 0.0),
            {"nothing": lambda pos, neg: 0.0}, "nothing")

    trained = None

    def epoch() -> dict[str, Any] | None:
        nonlocal trained
        if trained is not None:
            trained.step(score=False)
            return None
        from torch_geometric.data import Data

        check = training(False)
        check.model.train()
        losses = []
        for places, negative in _fixed_batches(inputs):
            pairs = torch.cat([positives[:, torch.from_numpy(places)],
                               torch.from_numpy(negative)], dim=1)
            label = torch.zeros(pairs.size(1))
            label[: len(places)] = 1
            losses.append(check._update(Data(x=x, edge_index=edge_index, edge_label_index=pairs,
                                             edge_label=label)))
        trained = training(True)
        return {"loss": np.array(losses)}

    return epoch


def _authors(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn
    from torch_geometric.utils import negative_sampling

    x, edges = torch.from_numpy(inputs["x"]), torch.from_numpy(inputs["edges"])
    positives, n = torch.from_numpy(inputs["positives"]), inputs["num_nodes"]
    size, hidden, pure = inputs["batch_size"], inputs["hidden"], inputs["conv"] == "puregcn"
    both = torch.cat([edges, edges.flip(0)], dim=1)

    def symmetric(kept: Tensor) -> tuple[Tensor, Tensor]:
        """Row pointers and columns of the graph of these edges, both ways."""
        key = torch.cat([kept[0] * n + kept[1], kept[1] * n + kept[0]]).unique()
        row, col = key // n, key % n
        ptr = torch.zeros(n + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(row, minlength=n), 0, out=ptr[1:])
        return ptr, col

    def drop_edges(ptr: Tensor, col: Tensor, p: float) -> tuple[Tensor, Tensor]:
        if p == 0:
            return ptr, col
        row = torch.repeat_interleave(torch.arange(n), ptr.diff())
        keep = torch.rand(len(col)) >= p
        out = torch.zeros(n + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(row[keep], minlength=n), 0, out=out[1:])
        return out, col[keep]

    def matmul(ptr: Tensor, col: Tensor, value: Tensor, dense: Tensor) -> Tensor:
        matrix = torch.sparse_csr_tensor(ptr, col, value, (len(ptr) - 1, len(dense)))
        return matrix @ dense

    def overlap(ptr: Tensor, col: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the pairs' common neighbours, by searching one side's keys in the other's."""
        keys = []
        for end in pairs:
            count = ptr[end + 1] - ptr[end]
            pair = torch.repeat_interleave(torch.arange(len(end)), count)
            slot = torch.arange(len(pair)) + (ptr[end] - count.cumsum(0) + count)[pair]
            keys.append((pair << 32) | col[slot])
        short, long = sorted(keys, key=len)
        if len(long) == 0:
            return torch.zeros(pairs.size(1) + 1, dtype=torch.int64), long
        place = torch.searchsorted(long, short).clamp_max(len(long) - 1)
        common = short[long[place] == short]
        out = torch.zeros(pairs.size(1) + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(common >> 32, minlength=pairs.size(1)), 0, out=out[1:])
        return out, common & 0xFFFFFFFF

    class Authors(nn.Module):
        def __init__(self, dropout: bool) -> None:
            super().__init__()
            self.p = {k: v if dropout else 0.0 for k, v in inputs.items() if k[:5] == "drop_"}
            p = self.p["drop_pred"]

            def layer(norm: bool) -> list[nn.Module]:
                return [nn.Linear(hidden, hidden), *([nn.LayerNorm(hidden)] if norm else []),
                        nn.Dropout(p), nn.ReLU()]

            self.linear = nn.Linear(x.size(1), hidden)
            self.norm = nn.LayerNorm(hidden)
            self.xlin = nn.Sequential(*layer(False), *layer(True))
            self.xcnlin = nn.Sequential(*layer(False), *layer(True))
            self.xijlin = nn.Sequential(*layer(True))
            self.lin = nn.Sequential(*layer(True), nn.Linear(hidden, 1))
            self.beta = nn.Parameter(torch.ones(1))

        def encode(self, ptr: Tensor, col: Tensor) -> Tensor:
            h = F.dropout(x, self.p["drop_x"], self.training)
            h = self.linear(h) if pure else h @ self.linear.weight.t()
            if pure:
                h = F.dropout(h, self.p["drop_h"], self.training)
            if self.training:
                ptr, col = drop_edges(ptr, col, self.p["drop_edge"])
            value = torch.full((len(col),), 1 / (1 - self.p["drop_edge"]))
            norm = (1 + ptr.diff().float() / (1 - self.p["drop_edge"])).rsqrt()[:, None]
            h = norm * h
            h = norm * (matmul(ptr, col, value, h) + h)
            if pure:
                return F.dropout(h, self.p["drop_tail"], self.training)
            h = self.norm(h + self.linear.bias)
            return F.dropout(h, self.p["drop_h"], self.training).relu()

        def predict(self, h: Tensor, ptr: Tensor, col: Tensor, pairs: Tensor) -> Tensor:
            if self.training:
                ptr, col = drop_edges(ptr, col, self.p["drop_overlap"])
            z = h + self.xlin(h)
            row, node = overlap(ptr, col, pairs)
            common = matmul(row, node, torch.ones(len(node)), z)
            product = self.xijlin(h[pairs[0]] * h[pairs[1]])
            return self.lin(self.xcnlin(common) * self.beta + product).squeeze(-1)

    def made(dropout: bool) -> tuple[Authors, torch.optim.Optimizer]:
        ours, net = _model(inputs, dropout), Authors(dropout)
        encoder, predictor = ours.encoder, ours.predictor
        with torch.no_grad():
            if pure:
                net.linear.load_state_dict(encoder.input.state_dict())
            else:
                net.linear.weight.copy_(encoder.layers[0].weight)
                net.linear.bias.copy_(encoder.biases[0])
            for mine, theirs in ((net.xlin, predictor.node_branch),
                                 (net.xcnlin, predictor.overlap_branch),
                                 (net.xijlin, predictor.pair_branch), (net.lin, predictor.head)):
                for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
                    one.copy_(other)
        encoding = {id(p) for part in (net.linear, net.norm) for p in part.parameters()}
        groups = [{"params": [p for p in net.parameters() if id(p) in encoding],
                   "lr": inputs["lr"]},
                  {"params": [p for p in net.parameters() if id(p) not in encoding],
                   "lr": inputs["predictor_lr"]}]
        return net.train(), torch.optim.Adam(groups)

    def step(net: Authors, optimizer: Any, places: Tensor, negative: Tensor) -> float:
        optimizer.zero_grad()
        mask = torch.ones(edges.size(1), dtype=torch.bool)
        mask[places] = False
        ptr, col = symmetric(edges[:, mask])
        h = net.encode(ptr, col)
        positive_loss = -F.logsigmoid(net.predict(h, ptr, col, positives[:, places])).mean()
        loss = positive_loss - F.logsigmoid(-net.predict(h, ptr, col, negative)).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    trained = None

    def epoch() -> dict[str, Any] | None:
        nonlocal trained
        if trained is not None:
            negatives = negative_sampling(both, n, positives.size(1))
            order = torch.randperm(positives.size(1))
            for start in range(0, len(order) - size + 1, size):
                places = order[start:start + size]
                step(*trained, places, negatives[:, places % negatives.size(1)])
            return None
        check = made(False)
        losses = [step(*check, torch.from_numpy(places), torch.from_numpy(negative))
                  for places, negative in _fixed_batches(inputs)]
        trained = made(True)
        return {"loss": np.array(losses)}

    return epoch


def cases() -> list[Case]:
    return [Case(name, make, [Peer("graphlocal", _ours), Peer("authors' loop", _authors)],
                 rounds=rounds, rtol=2e-3, atol=2e-3)
            for name, make, rounds in (
                ("Cora-sized, one epoch", _cora_sized, 7),
                ("collab-sized, three batches", _collab_sized, 3))]
