"""How numbers are written in the window."""

from __future__ import annotations

from modelstudio.engine.results import FoldScore
from modelstudio.ui import figures


def test_numbers_are_written_with_what_they_count() -> None:
    assert [figures.epochs_text(count) for count in (0, 1, 1200)] == [
        "0 epochs",
        "1 epoch",
        "1,200 epochs",
    ]
    assert figures.spread_text(FoldScore("accuracy", (0.8, 0.9), 0.85, 0.05)) == "85.0 ± 5.0 %"
    assert figures.spread_text(FoldScore("r2", (0.8,), 0.8, 0.0)) == "0.800"
    assert [figures.number_text(value) for value in (0.1642, 2431.2, 3.1e-7)] == [
        "0.164",
        "2,431",
        "3.1e-07",
    ]
