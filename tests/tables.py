"""Small tables for the tests of the data package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelstudio.data import guess, prepare
from modelstudio.data.sources import tabular
from modelstudio.engine.events import drain
from modelstudio.project.model import DataConfig, SplitConfig


def write(path: Path, text: str | bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def people(rows: int = 200, seed: int = 0) -> str:
    """Return a table with numbers, categories, missing cells and a binary target."""
    random = np.random.default_rng(seed)
    lines = ["age,town,income,bought"]
    for number in range(rows):
        age = random.integers(18, 80)
        town = random.choice(["Bonn", "Köln", "Ulm"])
        income = "" if random.random() < 0.1 else f"{random.lognormal(10, 0.8):.2f}"
        bought = "yes" if age + random.normal(0, 8) > 45 else "no"
        lines.append(f"{age}.{number:03},{town},{income},{bought}")
    return "\n".join(lines) + "\n"


def configure(path: Path, target: str | None = None, **split: object) -> DataConfig:
    """Return the guessed configuration of a table."""
    data = DataConfig(path=str(path), split=SplitConfig(**split))
    guessed = guess.guess(tabular.read(data), target)
    return data.changed(columns=guessed.columns, recipe=guessed.recipe)


def prepared(data: DataConfig) -> prepare.Prepared:
    """Prepare a configured table."""
    return drain(prepare.fit_recipe(data))
