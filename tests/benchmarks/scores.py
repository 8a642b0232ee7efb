"""Test scores of untouched defaults, as means over split seeds.

``python tests/benchmarks/scores.py [--seeds 10] [churn penguins diamonds]`` prints JSON. Logistic
regression is fitted on all rows that are not for the test, encoded by the project's own recipe.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.project.model import Project
from modelstudio.resources import sample

WANTED = {"churn": "roc_auc", "penguins": "accuracy", "diamonds": "r2"}
TARGETS = {"churn": "churn", "penguins": "species", "diamonds": "price"}


def logistic_regression(project: Project) -> float:
    """Return the test ROC AUC of logistic regression on the same rows and features."""
    prepared = drain(fit_recipe(project.data))
    x = np.concatenate([prepared.train.fields["features"], prepared.validation.fields["features"]])
    y = np.concatenate([prepared.train.truth, prepared.validation.truth])
    model = LogisticRegression(max_iter=5000).fit(x, y)
    return roc_auc_score(
        prepared.test.truth, model.decision_function(prepared.test.fields["features"])
    )


def one_seed(name: str, seed: int, folder: Path) -> dict[str, float]:
    """Make, train and score one project."""
    began = time.perf_counter()
    project = projects.new_project(
        sample(f"{name}.csv"), target=TARGETS[name], split_seed=seed
    ).project
    path = folder / f"{name}-{seed}.mstudio"
    drain(run.train(project, path, Control()))
    evaluation = drain(run.evaluate(path, project, None, "test", intervals=False))
    result = {"score": evaluation.score(WANTED[name]), "seconds": time.perf_counter() - began}
    if name == "churn":
        result["reference"] = logistic_regression(project)
    return result


def main() -> None:
    """Print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(WANTED))
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            results = [one_seed(name, seed, Path(folder)) for seed in range(options.seeds)]
            report[name] = {
                "metric": WANTED[name],
                **{
                    f"mean_{key}": round(statistics.mean(r[key] for r in results), 4)
                    for key in results[0]
                },
                "lowest": round(min(r["score"] for r in results), 4),
                "seeds": options.seeds,
            }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
