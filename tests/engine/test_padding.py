"""Padding is left out of training batches where no answer hangs on it, and only there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from modelstudio.data.batches import TensorData, without_padding
from modelstudio.data.fitted import Encoded
from modelstudio.engine import draft
from modelstudio.engine.compile import compile_network
from modelstudio.engine.control import Control
from modelstudio.engine.events import EpochEnd
from modelstudio.engine.padding import left_out
from modelstudio.engine.task import Task
from modelstudio.engine.train import State, fit
from modelstudio.project.model import TrainConfig
from modelstudio.recipe.fields import FieldSpec

WORDS = FieldSpec(name="words", role="input", kind="ids", shape=("T",), dtype="int", vocabulary=30)
CLASS = FieldSpec(name="y", role="target", kind="binary", shape=(), classes=("no", "yes"))


def texts(rows: int = 70, seed: int = 0) -> TensorData:
    """Return texts of 1 to 40 words, the longest one first."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 30, (rows, 40), generator=random)
    lengths = torch.randint(1, 12, (rows,), generator=random)
    lengths[0] = 40
    ids[torch.arange(40) >= lengths[:, None]] = 0
    answers = (ids[:, 0] > 15).double()
    encoded = Encoded({"words": ids.numpy()}, answers.numpy(), answers.numpy(), lengths.numpy(), {})
    return TensorData.from_encoded(encoded, (WORDS, CLASS))


def task_of(module: nn.Module) -> Task:
    def loss(output: Tensor, truth: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(output.flatten(), truth.flatten())

    return Task(module, ("words",), (("y", loss),))


def drafted() -> Task:
    torch.manual_seed(0)
    return task_of(compile_network(draft.network((WORDS, CLASS), 70), (WORDS, CLASS)).module)


class Reader(nn.Module):
    """Vectors of words, something done with them, and the mean of those that are words."""

    def __init__(self, inside: nn.Module | None = None, masked: bool = True) -> None:
        super().__init__()
        self.words, self.inside, self.end = nn.Embedding(30, 8), inside, nn.Linear(8, 1)
        self.masked = masked

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids)
        if self.inside is not None:
            x = self.inside(x.transpose(1, 2)).transpose(1, 2)
        if not self.masked:
            return self.end(x.mean(1))
        kept = ids.ne(0).unsqueeze(-1)[:, : x.shape[1]]
        return self.end((x * kept).sum(1) / kept.sum(1).clamp(min=1))


def test_the_network_that_is_drafted_leaves_padding_out() -> None:
    data, task = texts(), drafted()
    assert left_out(task, data) == ("words",)
    data.leave_padding_out(("words",))
    task.module.eval()
    whole = texts()
    for rows in (torch.arange(1, 9), torch.tensor([3])):
        short, long = data.gather(rows), whole.gather(rows)
        assert (
            short["words"].shape[1]
            == int(short["words"].ne(0).sum(1).max())
            < long["words"].shape[1]
        )
        torch.testing.assert_close(task.outputs(short), task.outputs(long), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "module",
    [
        Reader(masked=False),
        Reader(nn.Conv1d(8, 8, 3, padding=1)),
        Reader(nn.Conv1d(8, 8, 3)),
        Reader(nn.BatchNorm1d(8)),
        nn.Sequential(nn.Embedding(30, 1), nn.Flatten(), nn.Linear(40, 1)),
    ],
    ids=[
        "mean of all",
        "sees its neighbours",
        "needs three words",
        "counts places",
        "fixed length",
    ],
)
def test_a_network_that_looks_at_padding_keeps_it(module: nn.Module) -> None:
    data = texts()
    assert left_out(task_of(module), data) == ()
    assert left_out(task_of(Reader()), data) == ("words",)
    assert left_out(replace(task_of(Reader()), tokens=True), data) == ()


def test_the_trial_leaves_the_network_and_the_draws_alone() -> None:
    data, task = texts(), drafted()
    weights = {name: value.clone() for name, value in task.module.state_dict().items()}
    before = torch.get_rng_state()
    left_out(task, data)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(
        torch.equal(value, weights[name]) for name, value in task.module.state_dict().items()
    )


def test_rows_without_a_word_keep_one_place() -> None:
    assert without_padding(torch.zeros(3, 7, dtype=torch.int64)).shape == (3, 1)
    assert without_padding(torch.tensor([[1, 0, 0], [1, 2, 0]])).tolist() == [[1, 0], [1, 2]]


def test_a_run_goes_on_to_the_same_numbers() -> None:
    config = TrainConfig(epochs=2, batch_size=8, seed=3)

    def run(start: Any = None, stop: int = 99) -> tuple[list[float], list[Any]]:
        data, task = texts(), drafted()
        data.leave_padding_out(left_out(task, data))
        states: list[Any] = []
        control = Control()

        def save(state: State) -> None:
            states.append(state.to_checkpoint())

        gather = data.gather

        def counted(rows: Tensor) -> dict[str, Tensor]:
            nonlocal stop
            stop -= 1
            if not stop:
                control.stop()
            return gather(rows)

        data.gather = counted  # type: ignore[method-assign]
        events = fit(task, data, None, config, control, save=save, start=start)
        losses = [event.train_loss for event in events if isinstance(event, EpochEnd)]
        return losses, states

    whole, _ = run()
    _, states = run(stop=4)
    assert run(start=states[-1])[0] == pytest.approx(whole, rel=1e-6)
