"""Two processes that train one model compute what one does with the joint batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from graphlocal import GraphError, ops, tasks
from graphlocal.ops.collective import _JointSum
from tests.tasks.data_parallel import train

ROOT = Path(__file__).parents[2]


def torchrun(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Two processes on this machine, as the command `torchrun` starts them."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    env.pop("WORLD_SIZE", None)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
         str(script), *arguments], env=env, cwd=ROOT, capture_output=True, text=True, timeout=300,
        check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def same_state(one: dict, other: dict, **tolerance: float) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], msg=lambda text, n=name: f"{n}: {text}",
                                   **tolerance)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left of the trainings of `data_parallel.py`."""
    root = tmp_path_factory.mktemp("processes")
    torchrun(ROOT / "tests" / "tasks" / "data_parallel.py", str(root))
    return root


def ranks(folder: Path) -> list[dict]:
    return [torch.load(folder / f"rank-{rank}.pt", weights_only=True) for rank in range(2)]


def test_two_processes_are_one_with_the_joint_batch(trained: Path, tmp_path: Path) -> None:
    one, (first, second) = train(tmp_path), ranks(trained / "pair")
    # Replicas are equal to the bit: weights, running statistics and the codebook's buffers.
    same_state(first["state"], second["state"], rtol=0, atol=0)
    for rank in (first, second):
        for name in ("loss", "val_loss", "train", "val", "evaluated"):
            assert rank["history"][name] == pytest.approx(one["history"][name], rel=1e-9), name
        same_state(rank["state"], one["state"], rtol=1e-7, atol=1e-10)


def test_the_first_process_loads_before_the_other(trained: Path) -> None:
    assert (trained / "order.txt").read_text() == "0011"


def test_the_first_process_alone_writes(trained: Path) -> None:
    assert len(list(tasks.JsonLines(trained / "pair" / "log.jsonl"))) == 1
    assert [path.name for path in (trained / "pair" / "states").iterdir()] == ["run-0-seed-3.pt"]


def test_processes_go_on_from_a_checkpoint_each_with_its_own_dropout(trained: Path) -> None:
    """Epochs 1 to 3 at once are epoch 1, and then 2 and 3 from the checkpoint of it."""
    for once, twice in zip(ranks(trained / "once"), ranks(trained / "twice"), strict=True):
        assert once["history"]["loss"] == twice["history"]["loss"]
        same_state(once["state"], twice["state"], rtol=0, atol=0)


@pytest.mark.slow
def test_the_example_runs_in_two_processes(tmp_path: Path) -> None:
    done = torchrun(ROOT / "examples" / "ogbn_largegt.py", "--epochs", "2", "--device", "cpu",
                    "--log-file", str(tmp_path / "log.jsonl"))
    assert done.stdout.count("Final Test") == 1 and done.stdout.count("epoch   2") == 1
    assert len(list(tasks.JsonLines(tmp_path / "log.jsonl"))) == 1


def test_one_process_is_joined_with_none() -> None:
    assert (ops.num_processes(), ops.process_rank()) == (1, 0)
    x = torch.ones(2, requires_grad=True)
    assert ops.joint_sum(x) is x
    with tasks.joined_processes("gloo") as device:
        assert device == torch.device("cpu") and ops.num_processes() == 1
    with pytest.raises(GraphError, match="backend"), tasks.joined_processes("mpi"):
        pass


def test_the_gradient_of_a_joint_sum_is_one(tmp_path: Path) -> None:
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        x = torch.randn(3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(_JointSum.apply, x)
        assert torch.autograd.gradgradcheck(lambda x: _JointSum.apply(x) ** 2, x)
    finally:
        torch.distributed.destroy_process_group()
