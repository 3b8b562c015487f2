from __future__ import annotations

import statistics

import pytest

from graphlocal import GraphError
from graphlocal.tasks import mean_std


def test_the_deviation_is_the_unbiased_one() -> None:
    values = [0.81, 0.823, 0.8, 0.816]
    mean, std = mean_std(values)
    assert mean == pytest.approx(statistics.mean(values))
    assert std == pytest.approx(statistics.stdev(values))
    assert mean_std(iter(values)).percent() == "81.22 ± 0.97"


def test_one_value_has_no_deviation() -> None:
    assert mean_std([0.5]) == (0.5, None)
    assert mean_std([0.5]).percent() == "50.00"
    assert str(mean_std([0.5])) == "0.5"


def test_no_value() -> None:
    with pytest.raises(GraphError, match="at least one number"):
        mean_std([])
