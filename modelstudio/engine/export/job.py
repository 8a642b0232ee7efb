"""An export from run to checked file; made to run in a process of its own."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from modelstudio.data import prepare
from modelstudio.data.batches import TensorData
from modelstudio.engine.evaluate import predictions
from modelstudio.engine.events import Progress, drain
from modelstudio.engine.export import onnx, replay, tensors
from modelstudio.engine.export.beginning import begin, reaches_back
from modelstudio.engine.export.takes import gives, takes
from modelstudio.engine.forward import run_module
from modelstudio.engine.results import ExportReport
from modelstudio.engine.runs import RunStore
from modelstudio.engine.trained import Trained, load
from modelstudio.project.model import DataConfig

PASSAGES = 16
"""Passages of a long text that a file is checked on."""


def export_run(
    folder: Path, run_id: str | None, data: DataConfig | None, out: Path
) -> Generator[Progress, None, ExportReport]:
    """Write a run as ONNX and replay the file on the test rows.

    Parameters
    ----------
    folder
        Where the run store lies.
    run_id
        None takes the last finished run.
    data
        Data of the run with paths that lead somewhere from here; None when they lead nowhere, and
        then no row is checked.
    """
    yield Progress("Loading the run", 0, 4)
    trained = load(RunStore(folder), run_id, device="cpu")
    yield Progress("Writing the model", 1, 4)
    if trained.fitted.given:
        return (yield from _as_it_came(trained, out))
    model = onnx.build(
        trained.compiled,
        trained.fitted,
        threshold=trained.decision.threshold,
        run=trained.run.id,
    )
    agreement = replay.Agreement(0, 0, 0.0, 0.0)
    with onnx.saving(model, out) as written:
        yield Progress("Checking it on test rows", 2, 4)
        if data is not None:
            agreement = _checked(replay.read_model(written.path), trained, data)
    yield Progress("Done", 4, 4)
    begun = begin(trained.fitted)
    report = _report(out, onnx.opset_of(model), written.size, agreement)
    return replace(
        report,
        needs_first=begun.needs_first,
        takes=takes(begun),
        gives=gives(trained.fitted),
    )


def _checked(model: replay.OnnxModel, trained: Trained, data: DataConfig) -> replay.Agreement:
    """Compare the file with PyTorch on test rows, or on passages of a text."""
    prepared = drain(prepare.fit_recipe(data))
    parts = ("test", "validation", "train")
    part = next(part for part in parts if prepared.frame(part).height)
    encoded = prepared.encoded(part, trained.fitted)
    frame = prepared.around(part) if reaches_back(trained.fitted) else prepared.frame(part)
    if trained.fitted.target.kind == "tokens":
        some = encoded.take(np.arange(min(PASSAGES, len(encoded.rows))))
        passages = TensorData.from_encoded(some, trained.fitted.fields, trained.device)
        with torch.no_grad():
            logits = run_module(trained.task, passages)[0]
        said = torch.softmax(logits.double(), dim=-1)
        return replay.compare_tokens(model, some.fields, said.cpu().numpy())
    expected = predictions(trained.task, encoded, trained.fitted, trained.device)
    samples = encoded if reaches_back(trained.fitted) else None
    return replay.compare(model, frame, expected, samples)


def _as_it_came(trained: Trained, out: Path) -> Generator[Progress, None, ExportReport]:
    """Write an imported network: it takes tensors, as no table feeds it."""
    fields = trained.fitted.given
    network = tensors.as_drawn(trained.compiled, trained.project.network, fields)
    model = tensors.build(network, fields, run=trained.run.id)
    yield Progress("Checking it on random numbers", 2, 4)
    agreement = tensors.check(model, network, fields)
    size = onnx.save(model, out)
    yield Progress("Done", 4, 4)
    return _report(out, onnx.opset_of(model), size, agreement)


def _report(out: Path, opset: int, size: int, agreement: replay.Agreement) -> ExportReport:
    return ExportReport(
        path=out,
        opset=opset,
        size_bytes=size,
        rows_checked=agreement.rows,
        rows_agreeing=agreement.agreeing,
        max_abs_diff=agreement.max_abs_diff,
        seconds_per_row=agreement.seconds_per_row,
    )
