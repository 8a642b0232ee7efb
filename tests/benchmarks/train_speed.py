"""One epoch of a 64-64 network on diamonds against a plain DataLoader loop over the same tensors.

``python tests/benchmarks/train_speed.py`` prints JSON: for one and two threads the median seconds of
both and the median ratio of 7 interleaved pairs.
"""

from __future__ import annotations

import json
import statistics
import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from modelstudio.data.batches import TensorData
from modelstudio.engine import run
from modelstudio.engine.control import Control
from modelstudio.engine.losses import build_loss
from modelstudio.engine.train import Task, fit
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW
from modelstudio.resources import sample

PAIRS = 7
BATCH = 256


def network(features: int) -> nn.Module:
    """Return the 64-64 network with fixed weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )


def ours(data: TensorData, name: str, target: Tensor, loss: Task) -> float:
    """Return the seconds of one epoch of `fit`."""
    config = TrainConfig(optimizer=AdamW(), batch_size=BATCH, epochs=1, device="cpu")
    began = time.perf_counter()
    for _ in fit(loss, data, None, config, Control()):
        pass
    return time.perf_counter() - began


def plain(features: Tensor, target: Tensor) -> float:
    """Return the seconds of one epoch of the loop that everybody writes first."""
    module = network(features.shape[1])
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loader = DataLoader(TensorDataset(features, target), batch_size=BATCH, shuffle=True)
    began = time.perf_counter()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(module(x), y)
        loss.backward()
        optimizer.step()
    return time.perf_counter() - began
