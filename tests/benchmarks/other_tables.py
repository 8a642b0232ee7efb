"""Test scores of untouched defaults on tables that are not bundled, against linear models.

``python tests/benchmarks/other_tables.py [--seeds 3] [iris wine ...]`` prints JSON: the mean of R2,
ROC AUC or accuracy (as the target is a value, two classes or more). The linear model (ridge or
logistic regression) is fitted on all rows that are not for the test, encoded by the project's
recipe.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.project.model import Project

METRICS = {"value": "r2", "binary": "roc_auc", "classes": "accuracy"}

Table = tuple[NDArray[np.float64], NDArray[Any]]


def classes(rows: int, width: int, **settings: Any) -> Callable[[], Table]:
    """Return what draws a table of classes from a fixed seed."""
    return lambda: datasets.make_classification(rows, width, random_state=0, **settings)


TABLES: dict[str, Callable[[], Table]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast_cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "friedman_300": lambda: datasets.make_friedman1(300, noise=1.0, random_state=0),
    "friedman_5000": lambda: datasets.make_friedman1(5000, noise=1.0, random_state=0),
    "linear_60": lambda: datasets.make_regression(60, 5, noise=10, random_state=0),
    "linear_400x50": lambda: datasets.make_regression(
        400, 50, n_informative=10, noise=50, random_state=0
    ),
    "moons_500": lambda: datasets.make_moons(500, noise=0.25, random_state=0),
    "classes_60": classes(60, 8, n_informative=4),
    "classes_600x300": classes(600, 300, n_informative=20),
    "classes_2000x20": classes(2000, 20, n_informative=5, flip_y=0.1),
    "rare_2000x20": classes(2000, 20, n_informative=5, weights=[0.93], flip_y=0.02),
}


def write(name: str, folder: Path) -> Path:
    """Write a table as CSV; classes get names."""
    x, y = TABLES[name]()
    target = [f"class {label}" for label in y] if y.dtype.kind == "i" else y
    columns = {f"x{index}": x[:, index] for index in range(x.shape[1])}
    path = folder / f"{name}.csv"
    pl.DataFrame({**columns, "target": target}).write_csv(path)
    return path


def linear_score(project: Project) -> tuple[str, float]:
    """Return the kind of the target and the test score of a linear model."""
    prepared = drain(fit_recipe(project.data))
    target, test = prepared.fitted.target, prepared.test
    name = prepared.fitted.inputs[0].spec.name
    x = np.concatenate([prepared.train.fields[name], prepared.validation.fields[name]])
    y = np.concatenate([prepared.train.scaled, prepared.validation.scaled])
    if target.kind == "value":
        values = target.inverse(Ridge().fit(x, y).predict(test.fields[name]))
        return target.kind, r2_score(test.truth, values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(max_iter=3000).fit(x, y)
    if target.kind == "binary":
        return target.kind, roc_auc_score(test.truth, model.decision_function(test.fields[name]))
    return target.kind, accuracy_score(test.truth, model.predict(test.fields[name]))


def one_seed(path: Path, seed: int) -> tuple[str, float, float]:
    """Return the metric, the score of the defaults, and that of a linear model."""
    project = projects.new_project(path, target="target", split_seed=seed).project
    kind, reference = linear_score(project)
    file = path.with_name(f"{path.stem}-{seed}.mstudio")
    drain(run.train(project, file, Control()))
    evaluation = drain(run.evaluate(file, project, None, "test", intervals=False))
    return METRICS[kind], evaluation.score(METRICS[kind]), reference


def main() -> None:
    """Print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(TABLES))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            path = write(name, Path(folder))
            results = [one_seed(path, seed) for seed in range(options.seeds)]
            score, reference = (statistics.mean(r[i] for r in results) for i in (1, 2))
            report[name] = {
                "metric": results[0][0],
                "mean_score": round(score, 4),
                "mean_linear": round(reference, 4),
                "gain": round(score - reference, 4),
            }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
