"""Test scores of untouched defaults on text, beside plain references.

``python tests/benchmarks/texts.py TABLE.csv LONG.txt [--seeds 3]`` prints JSON: the accuracy on a
table with a column of text beside TF-IDF with logistic regression on the same rows, and the loss a
token on a long text beside a trigram model of the same tokens.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.project.model import Project


def trained(data: Path, seed: int, score: str) -> tuple[Project, float, float]:
    """Make a project, train it, and return its test score and the seconds it took."""
    began = time.perf_counter()
    project = projects.new_project(data, split_seed=seed).project
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"text{seed}.mstudio"
        drain(run.train(project, path, Control()))
        evaluation = drain(run.evaluate(path, project, None, "test", intervals=False))
    return project, evaluation.score(score), time.perf_counter() - began


def tfidf(project: Project) -> float:
    """Return the test accuracy of logistic regression on TF-IDF, fitted on all other rows."""
    prepared = drain(fit_recipe(project.data))
    texts = [column.name for column in project.data.features if column.kind == "text"]

    def given(*parts: str) -> tuple[list[str], pl.Series]:
        frame = pl.concat([prepared.frame(part) for part in parts])
        joined = frame.select(pl.concat_str(texts, separator=" ", ignore_nulls=True)).to_series()
        return joined.fill_null("").to_list(), frame.get_column(prepared.fitted.target.column)

    words, answers = given("train", "validation")
    table = TfidfVectorizer(min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=2000).fit(table.fit_transform(words), answers)
    words, answers = given("test")
    return float(model.score(table.transform(words), answers))


def trigram(project: Project) -> float:
    """Return the loss a token of counts of three tokens, smoothed by those of two and one."""
    prepared = drain(fit_recipe(project.data))
    size = prepared.fitted.target.vocabulary or 0

    def tokens(part: str) -> NDArray[np.int64]:
        frame = prepared.fitted.encode(prepared.frame(part))
        return frame.to_series().explode().to_numpy()

    seen, asked = tokens("train"), tokens("test")
    threes = np.zeros((size, size, size))
    np.add.at(threes, (seen[:-2], seen[1:-1], seen[2:]), 1)
    twos = threes.sum(0)
    one = (twos.sum(0) + 0.1) / (twos.sum() + 0.1 * size)
    two = (twos + 2 * one) / (twos.sum(1, keepdims=True) + 2)
    before, last, told = asked[:-2], asked[1:-1], asked[2:]
    chance = threes[before, last, told] + 3 * two[last, told]
    return float(-np.log(chance / (threes[before, last].sum(-1) + 3)).mean())


def main() -> None:
    """Print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("long", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    runs = [trained(given.table, seed, "accuracy") for seed in range(given.seeds)]
    project, loss, seconds = trained(given.long, 0, "loss")
    print(
        json.dumps(
            {
                "accuracy": statistics.mean(score for _, score, _ in runs),
                "tfidf_accuracy": statistics.mean(tfidf(each) for each, _, _ in runs),
                "seconds": statistics.mean(took for _, _, took in runs),
                "loss": loss,
                "trigram_loss": trigram(project),
                "loss_seconds": seconds,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
