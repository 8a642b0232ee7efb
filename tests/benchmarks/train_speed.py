"""One epoch of a 64-64 network on diamonds against a plain DataLoader loop on the same tensors.

``python tests/benchmarks/train_speed.py`` prints JSON: for one and two threads the median
seconds of both, and the median ratio of 7 interleaved pairs.
"""

from __future__ import annotations

import json
import statistics
import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from modelstudio.data.batches import TensorData
from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.engine.task import Task, compile_task
from modelstudio.engine.train import fit
from modelstudio.layers import Linear, ReLU
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW
from modelstudio.resources import sample

PAIRS = 7
BATCH = 256


def network(draft: Graph) -> Graph:
    """Return the 64-64 network between the input and the output of a drafted one."""
    ends = [node for node in draft.nodes.values() if node.layer.type_name in ("Input", "Output")]
    hidden = (Linear(out_features=64), ReLU())
    layers = (*hidden, *hidden, Linear(out_features=1))
    middle = [Node(f"m{i}", f"layer{i}", layer) for i, layer in enumerate(layers)]
    graph = Graph({node.id: node for node in (ends[0], *middle, ends[1])})
    for source, target in zip(list(graph.nodes), list(graph.nodes)[1:], strict=False):
        graph = graph.connect(Edge(source, "y", target, "x"))
    return graph


def ours(task: Task, data: TensorData) -> float:
    """Return the seconds of one epoch of `fit`."""
    config = TrainConfig(optimizer=AdamW(), batch_size=BATCH, epochs=1)
    began = time.perf_counter()
    drain(fit(task, data, None, config, Control()))
    return time.perf_counter() - began


def plain(features: Tensor, target: Tensor) -> float:
    """Return the seconds of one epoch of the loop that everybody writes first."""
    module = nn.Sequential(
        nn.Linear(features.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )
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


def main() -> None:
    """Print the ratios."""
    project = projects.new_project(sample("diamonds.csv"), target="price", split_seed=0).project
    project = project.changed(network=network(project.network))
    prepared = drain(fit_recipe(project.data))
    task, _ = compile_task(project, prepared.fitted)
    data = TensorData.from_encoded(prepared.train, prepared.fitted.fields, torch.device("cpu"))
    features, target = (data.fields[name] for name in (task.inputs[0], task.losses[0][0]))
    report: dict[str, object] = {"rows": data.rows, "batch_size": BATCH}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        ours(task, data)
        plain(features, target.reshape(-1, 1))
        pairs = [(ours(task, data), plain(features, target.reshape(-1, 1))) for _ in range(PAIRS)]
        report[f"threads_{threads}"] = {
            "ours": round(statistics.median(a for a, _ in pairs), 4),
            "plain": round(statistics.median(b for _, b in pairs), 4),
            "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
