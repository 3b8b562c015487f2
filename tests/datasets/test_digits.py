"""The embedded graph is what its docstring says, on every machine and in every process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from graphlocal.datasets import DigitsGraph
from graphlocal.graph import GraphError


@pytest.fixture(scope="module")
def data():
    return DigitsGraph()[0]


def digest(data) -> str:
    parts = hashlib.sha256()
    for key in ("x", "y", "edge_index", "train_mask", "val_mask", "test_mask"):
        parts.update(data[key].contiguous().numpy().tobytes())
    return parts.hexdigest()


def test_is_a_data_set_of_one_graph():
    dataset = DigitsGraph()
    assert (len(dataset), dataset.num_classes, dataset.num_features) == (1, 10, 64)
    assert dataset[0].validate(raise_on_error=True)
    assert dataset[0].x.dtype == torch.float32
    assert (float(dataset[0].x.min()), float(dataset[0].x.max())) == (0.0, 1.0)
    pixels, labels = load_digits(return_X_y=True)
    assert np.array_equal(dataset[0].x.numpy() * 16, pixels)
    assert np.array_equal(dataset[0].y.numpy(), labels)


def test_graph_is_symmetric_and_simple(data):
    assert data.is_undirected() and data.is_coalesced() and not data.has_self_loops()
    assert not data.has_isolated_nodes()


@pytest.mark.parametrize("k", [1, 5, 8])
def test_neighbours_are_the_nearest(k):
    data = DigitsGraph(num_neighbors=k)[0]
    pixels = load_digits().data.astype(np.int64)
    # scikit-learn's own distances, rounded to the integers they are, sorted in full and stably.
    squared = np.rint(pairwise_distances(pixels, metric="sqeuclidean")).astype(np.int64)
    np.fill_diagonal(squared, np.iinfo(np.int64).max)
    near = np.argsort(squared, axis=1, kind="stable")[:, :k]
    expected = {(u, int(v)) for u in range(len(pixels)) for v in near[u]}
    expected |= {(v, u) for u, v in expected}
    assert expected == set(map(tuple, data.edge_index.T.tolist()))


def test_split_is_disjoint_complete_and_stratified(data):
    masks = torch.stack([data.train_mask, data.val_mask, data.test_mask])
    assert bool((masks.sum(0) == 1).all())
    assert masks.sum(1).tolist() == [100, 500, 1197]
    assert torch.bincount(data.y[data.train_mask]).tolist() == [10] * 10
    assert torch.bincount(data.y[data.val_mask]).tolist() == [50] * 10


def test_same_in_another_process_and_with_another_thread_count(data):
    code = ("from tests.datasets.test_digits import digest; "
            "from graphlocal.datasets import DigitsGraph; print(digest(DigitsGraph()[0]))")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                   "PYTHONHASHSEED": "7"}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env=environment)
    assert out.stdout.strip() == digest(data) == digest(DigitsGraph()[0])


def test_neighbours_carry_the_class():
    """Where a third of the labels are known, a vote of the neighbours names most digits."""
    data = DigitsGraph(num_train_per_class=60)[0]
    votes = torch.zeros(data.num_nodes, 10)
    row, col = data.edge_index[:, data.train_mask[data.edge_index[1]]]
    votes.index_put_((row, data.y[col]), torch.ones(len(row)), accumulate=True)
    hit = (votes.argmax(1) == data.y)[data.test_mask]
    assert hit.float().mean() > 0.9


@pytest.mark.parametrize("arguments", [
    {"num_neighbors": 0}, {"num_neighbors": 1797}, {"num_neighbors": 2.5},
    {"num_train_per_class": 0}, {"num_val_per_class": 164},
])
def test_refuses_impossible_counts(arguments):
    with pytest.raises(GraphError, match=next(iter(arguments))):
        DigitsGraph(**arguments)


def test_transform_is_applied_on_access():
    dataset = DigitsGraph(transform=lambda data: data.num_nodes)
    assert dataset[0] == 1797
