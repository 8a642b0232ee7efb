"""The training loop: learns, stops, resumes to the same numbers, and says what went wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from modelstudio.data.batches import TensorData
from modelstudio.engine import train
from modelstudio.engine.control import Control
from modelstudio.engine.device import available, choose_threads, devices, pick
from modelstudio.engine.events import (
    BatchEnd,
    CheckpointSaved,
    EpochEnd,
    RunEvent,
    RunPaused,
    RunResumed,
)
from modelstudio.engine.forward import validate
from modelstudio.engine.losses import LOSSES, build_loss
from modelstudio.engine.optim import OPTIMIZERS, SCHEDULES, build_optimizer, lr_factor
from modelstudio.engine.task import Task
from modelstudio.engine.train import Outcome, State, epoch_order, fit
from modelstudio.errors import TrainingError
from modelstudio.project import training as declared
from modelstudio.project.model import TrainConfig
from modelstudio.recipe.fields import FieldSpec

CONFIG = TrainConfig(
    optimizer=declared.AdamW(lr=0.02),
    schedule=declared.Cosine(),
    epochs=6,
    batch_size=32,
    early_stopping=False,
)
VALUE = FieldSpec(name="y", role="target", kind="value", shape=())


@pytest.fixture(autouse=True)
def eager_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "LOOK", 0.0)


@pytest.fixture
def task() -> Task:
    return make_task()


def make_task(device: str = "cpu") -> Task:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
    )
    return Task(module.to(device), ("x",), (("y", build_loss(None, VALUE)),))


def rows(count: int, seed: int = 0, device: str = "cpu") -> TensorData:
    x = torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))
    fields = {"x": x, "y": x[:, 0] - 2 * x[:, 1]}
    return TensorData({name: value.to(device) for name, value in fields.items()})


def drain(
    events: Generator[RunEvent, None, Outcome], see: Callable[[RunEvent], object] = bool
) -> tuple[list[RunEvent], Outcome]:
    seen = []
    try:
        while True:
            seen.append(next(events))
            see(seen[-1])
    except StopIteration as end:
        return seen, end.value


def epochs(events: list[RunEvent]) -> list[tuple[object, ...]]:
    return [
        (e.epoch, e.train_loss, e.val_loss, e.lr, e.grad_norm, e.best)
        for e in events
        if isinstance(e, EpochEnd)
    ]


def stop_when(control: Control, due: Callable[[RunEvent], bool]) -> Callable[[RunEvent], object]:
    return lambda event: control.stop() if due(event) else None


def test_it_learns(task: Task) -> None:
    events, outcome = drain(fit(task, rows(400), rows(100, 1), CONFIG, Control()))
    losses = [event.val_loss for event in events if isinstance(event, EpochEnd)]
    assert len(losses) == 6
    assert losses[-1] is not None
    assert losses[0] is not None
    assert losses[-1] < losses[0] / 2
    assert outcome.status == "finished"
    assert outcome.metrics["loss"] == min(loss for loss in losses if loss is not None)


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, _ = drain(fit(make_task(), rows(200), rows(50, 1), CONFIG, Control()))
    again, _ = drain(fit(make_task(), rows(200), rows(50, 1), CONFIG, Control()))
    other = CONFIG.changed(seed=1)
    changed, _ = drain(fit(make_task(), rows(200), rows(50, 1), other, Control()))
    assert epochs(first) == epochs(again) != epochs(changed)


@pytest.mark.parametrize(
    "due",
    [
        lambda event: isinstance(event, EpochEnd) and event.epoch == 3,
        lambda event: isinstance(event, BatchEnd) and event.step == 16,
    ],
    ids=["at the end of an epoch", "in the middle of one"],
)
@pytest.mark.parametrize("name", declared.Optimizer.registry)
def test_a_stopped_run_goes_on_to_the_same_numbers(
    due: Callable[[RunEvent], bool], name: str
) -> None:
    config = CONFIG.changed(optimizer=declared.Optimizer.from_dict({"type": name}))
    whole, full = drain(fit(make_task(), rows(200), rows(50, 1), config, Control()))

    kept: dict[str, Any] = {}

    def save(state: State) -> None:
        kept.update(copy.deepcopy(state.to_checkpoint()))

    control = Control()
    first, stopped = drain(
        fit(make_task(), rows(200), rows(50, 1), config, control, save=save),
        stop_when(control, due),
    )
    assert stopped.status == "stopped"
    assert stopped.epochs < full.epochs
    torch.manual_seed(99)
    second, resumed = drain(fit(make_task(), rows(200), rows(50, 1), config, Control(), start=kept))
    assert epochs(first) + epochs(second) == epochs(whole)
    assert resumed == full


def test_closing_the_generator_keeps_the_state(task: Task) -> None:
    kept: list[int] = []
    events = fit(task, rows(200), None, CONFIG, Control(), save=lambda s: kept.append(s.batch))
    next(event for event in events if isinstance(event, BatchEnd) and event.step == 2)
    events.close()
    assert kept == [2]


def test_pause_waits_and_goes_on(task: Task) -> None:
    control = Control()
    control.pause()
    events = fit(task, rows(100), None, CONFIG, control)
    assert isinstance(next(events), RunPaused)
    control.resume()
    assert isinstance(next(events), RunResumed)
    assert drain(events)[1].epochs == 6


def test_a_new_learning_rate_is_used_from_the_next_batch(task: Task) -> None:
    config = CONFIG.changed(schedule=declared.Constant(), epochs=2)
    control = Control()
    events, _ = drain(
        fit(task, rows(100), None, config, control),
        lambda event: control.set_lr(0.5) if isinstance(event, EpochEnd) else None,
    )
    rates = [event.lr for event in events if isinstance(event, EpochEnd)]
    assert rates == [0.02, 0.5]


def test_early_stopping_keeps_the_best_weights(task: Task) -> None:
    config = CONFIG.changed(
        optimizer=declared.SGD(lr=0.9, momentum=0.99), epochs=200, early_stopping=True, patience=3
    )
    states: list[State] = []
    validation = rows(50, 1)
    _, outcome = drain(
        fit(task, rows(60), validation, config, Control(), save=lambda s: states.append(s))
    )
    assert outcome.epochs == outcome.best_epoch + 3 < 200
    assert "3 epochs" in outcome.reason
    task.module.load_state_dict(states[-1].best)
    assert validate(task, validation)[0] == pytest.approx(outcome.metrics["loss"])


def test_a_run_closed_at_its_last_epoch_does_not_go_on() -> None:
    config = CONFIG.changed(
        optimizer=declared.SGD(lr=0.9, momentum=0.99), epochs=200, early_stopping=True, patience=3
    )
    _, full = drain(fit(make_task(), rows(60), rows(50, 1), config, Control()))
    kept: dict[str, Any] = {}

    def save(state: State) -> None:
        kept.update(copy.deepcopy(state.to_checkpoint()))

    events = fit(make_task(), rows(60), rows(50, 1), config, Control(), save=save)
    next(event for event in events if isinstance(event, EpochEnd) and event.epoch == full.epochs)
    events.close()
    resumed, outcome = drain(fit(make_task(), rows(60), rows(50, 1), config, Control(), start=kept))
    assert epochs(resumed) == []
    assert outcome == full


def test_without_validation_the_last_epoch_counts(task: Task) -> None:
    events, outcome = drain(fit(task, rows(100), None, CONFIG, Control()))
    assert outcome.best_epoch == 6
    assert all(event.val_loss is None for event in events if isinstance(event, EpochEnd))


def test_checkpoints_are_announced(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "CHECKPOINT", 0.0)
    saved: list[int] = []
    events, _ = drain(
        fit(task, rows(100), None, CONFIG, Control(), save=lambda s: saved.append(s.epoch))
    )
    assert len(saved) == sum(isinstance(event, CheckpointSaved) for event in events)
    assert saved[-1] == 6


def test_a_look_gives_the_mean_loss_since_the_last(task: Task) -> None:
    config = CONFIG.changed(epochs=1, optimizer=declared.SGD(lr=1e-12))
    data = rows(64 * 3)
    events, _ = drain(fit(task, data, None, config.changed(batch_size=64), Control()))
    looks = [event.loss for event in events if isinstance(event, BatchEnd)]
    (end,) = (event for event in events if isinstance(event, EpochEnd))
    assert len(looks) == 2  # the third batch ends the epoch
    assert min(looks) / 3 < end.train_loss < max(looks) * 3


def test_a_loss_that_is_no_number_says_what_to_do(task: Task) -> None:
    config = CONFIG.changed(optimizer=declared.SGD(lr=100, momentum=0.9), epochs=100)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        drain(fit(task, rows(200), None, config, Control()))


def test_a_validation_loss_that_is_no_number_is_told(task: Task) -> None:
    validation = rows(50, 1)
    validation.fields["x"][0] = torch.inf
    with pytest.raises(TrainingError, match="no longer a number"):
        drain(fit(task, rows(60), validation, CONFIG, Control()))


def test_a_network_without_weights_is_told() -> None:
    task = Task(nn.Flatten(), ("x",), (("y", build_loss(None, VALUE)),))
    with pytest.raises(TrainingError, match="no weights to train"):
        drain(fit(task, rows(60), None, CONFIG, Control()))


def test_batches_of_one_row_and_batch_normalisation(task: Task) -> None:
    with pytest.raises(TrainingError, match="at least two rows"):
        drain(fit(task, rows(20), None, CONFIG.changed(batch_size=1), Control()))
    _, outcome = drain(fit(task, rows(33), None, CONFIG, Control()))
    assert outcome.status == "finished"


def test_clipping_limits_the_gradient(task: Task) -> None:
    config = CONFIG.changed(clip_norm=1e-3, optimizer=declared.SGD(lr=1.0, momentum=0))
    before = copy.deepcopy(task.module.state_dict())
    drain(fit(task, rows(100), None, config.changed(epochs=1), Control()))
    moved = (task.module.state_dict()["0.weight"] - before["0.weight"]).abs().max()
    assert 0 < moved <= 4 * 1e-3  # four steps of at most the norm


def test_l1_pulls_weights_towards_zero() -> None:
    sizes = []
    for strength in (0.0, 0.5):
        task = make_task()
        config = CONFIG.changed(l1=strength, optimizer=declared.Adam(lr=0.01), epochs=20)
        drain(fit(task, rows(200), None, config, Control()))
        sizes.append(task.module.state_dict()["0.weight"].abs().sum())
    assert sizes[1] < sizes[0] / 3


def test_the_order_covers_every_row_once() -> None:
    order = epoch_order(100, 32, seed=1, epoch=0)
    assert sorted(order.tolist()) == list(range(100))
    assert order.tolist() != epoch_order(100, 32, seed=1, epoch=1).tolist()
    assert len(epoch_order(65, 32, seed=1, epoch=0)) == 64


# What is declared is built


def test_every_declaration_is_built() -> None:
    assert set(OPTIMIZERS) == set(declared.Optimizer.members())
    assert set(SCHEDULES) == set(declared.Schedule.members())
    assert set(LOSSES) == set(declared.Loss.members())


@pytest.mark.parametrize("name", declared.Optimizer.registry)
def test_optimizers_take_their_settings(name: str) -> None:
    weight = nn.Parameter(torch.ones(3))
    frozen = nn.Parameter(torch.ones(3), requires_grad=False)
    optimizer = build_optimizer(
        declared.Optimizer.from_dict({"type": name, "lr": 0.25, "weight_decay": 0.5}),
        [weight, frozen],
    )
    (group,) = optimizer.param_groups
    assert group["params"] == [weight]
    assert (group["lr"], group["weight_decay"]) == (0.25, 0.5)


def test_cosine_rises_and_falls() -> None:
    cosine = declared.Cosine(warmup=0.1, final=0.05)
    values = [lr_factor(cosine, share / 100) for share in range(101)]
    assert values[0] < 0.05
    assert values[10] == pytest.approx(1)
    assert values[100] == pytest.approx(0.05)
    assert values[10:] == sorted(values[10:], reverse=True)


def test_losses_match_torch() -> None:
    binary = FieldSpec(name="y", role="target", kind="binary", shape=(), classes=("a", "b"))
    logits, truth = torch.tensor([[0.5], [-1.0]]), torch.tensor([1.0, 0.0])
    loss = build_loss(declared.BinaryCrossEntropy(positive_weight=3.0), binary)
    weighted = 3 * nn.functional.softplus(Tensor([-0.5])) + nn.functional.softplus(Tensor([-1.0]))
    assert loss(logits, truth) == pytest.approx(weighted.item() / 2)
    with pytest.raises(TrainingError, match="does not fit the target y"):
        build_loss(declared.MSE(), binary)


# Devices


def test_threads_are_left_as_they_were(task: Task) -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    weights = copy.deepcopy(task.module.state_dict())
    chosen = choose_threads(task.module, lambda module: module(torch.randn(8, 5)).sum().backward())
    assert chosen >= 1
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(weights[k], v) for k, v in task.module.state_dict().items())


def test_devices_end_with_the_processor() -> None:
    assert devices()[-1].id == "cpu"


def test_a_missing_device_is_named() -> None:
    missing = next(name for name in ("mps", "cuda") if name not in available())
    with pytest.raises(TrainingError, match=f"no {missing} device"):
        pick(missing)
    assert pick("auto").type == available()[0]


@pytest.mark.gpu
@pytest.mark.skipif(available() == ("cpu",), reason="there is only the processor")
def test_it_learns_on_the_gpu() -> None:
    device = available()[0]
    data, other = rows(400, device=device), rows(100, 1, device=device)
    events, outcome = drain(fit(make_task(device), data, other, CONFIG, Control()))
    losses = [event.val_loss for event in events if isinstance(event, EpochEnd)]
    assert outcome.metrics["loss"] == min(loss for loss in losses if loss is not None)
    assert outcome.metrics["loss"] < 1
