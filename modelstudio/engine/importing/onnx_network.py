"""An ONNX file as blocks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

from modelstudio.engine.events import Progress
from modelstudio.engine.importing import onnx_functions  # noqa: F401  registers what draws them
from modelstudio.engine.importing.attention import fuse_attention
from modelstudio.engine.importing.conclude import (
    Entry,
    Imported,
    conclude,
    draw_inputs,
    draw_outputs,
)
from modelstudio.engine.importing.drawing import (
    NOT_UNDERSTOOD,
    ODDITIES,
    Drawing,
    Unmapped,
    Wire,
)
from modelstudio.engine.importing.fusing import fuse
from modelstudio.engine.importing.onnx_file import Foreign, Op, read
from modelstudio.engine.importing.onnx_ops import HANDLERS, Sheet
from modelstudio.engine.importing.onnx_trial import tried
from modelstudio.engine.importing.phrases import Ref, straight
from modelstudio.engine.importing.recurrent import untangle
from modelstudio.engine.importing.shaping import SAMPLES_FIRST
from modelstudio.engine.importing.ties import Origin, origins
from modelstudio.errors import ImportFailed

STEPS = 200
"""Operations between two events."""


_RENAMED = frozenset(["Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze"])
"""Operations behind an ArgMax that leave its choice as it is."""


def import_onnx(
    path: Path, shapes: Sequence[Sequence[int]] = (), *, steps_first: bool = False
) -> Generator[Progress, None, Imported]:
    """Draw a file with blocks; where a free length is in the way, it is held fixed.

    Inputs that the file takes the steps first are taken the batch first.

    Parameters
    ----------
    steps_first
        Whether that is so; otherwise it is found out.

    Raises
    ------
    ImportFailed
        When it is no network.
    """
    yield Progress(f"Reading {path.name}")
    foreign = tried(read(path, steps_first=steps_first), path, shapes)
    imported = yield from _drawn(foreign)
    free = any("T" in shape for shape in foreign.shapes.values())
    if free and (imported.placeholders or imported.problem):
        yield Progress("Trying again with a fixed length")
        again = read(path, steps_first=steps_first)
        fixed = yield from _drawn(tried(again, path, shapes, fixed_length=True))
        imported = better(imported, fixed)
    if any(lost.reason == SAMPLES_FIRST for lost in imported.placeholders):
        yield Progress("Trying again with the steps of sequences first")
        turned = yield from _drawn(tried(read(path, steps_first=True), path, shapes))
        imported = better(imported, turned, turned=True)
    return imported


@overload
def better(old: Imported, new: Imported | None, *, turned: bool = False) -> Imported: ...
@overload
def better(
    old: Imported | None, new: Imported | None, *, turned: bool = False
) -> Imported | None: ...
def better(old: Imported | None, new: Imported | None, *, turned: bool = False) -> Imported | None:
    """Return the drawing with fewer placeholders, the old one if in doubt.

    Parameters
    ----------
    turned
        The new one takes the samples first, where the original takes the steps.
    """
    if new is None or (old is not None and _rank(old) <= _rank(new)):
        return old
    return replace(new, turned=turned or new.turned)


def _rank(imported: Imported) -> tuple[int, bool]:
    return len(imported.placeholders), bool(imported.problem)


def _drawn(foreign: Foreign) -> Generator[Progress, None, Imported]:
    _leave_decisions_out(foreign)
    known = origins(foreign.ops, foreign.constants)
    made_from: dict[str, Origin] = {}
    apart = {"", *foreign.apart, *foreign.constants}
    foreign.ops = [op for op in foreign.ops if not apart.issuperset(op.results)]
    foreign.drop_unused()
    untangle(foreign)
    fuse(foreign)
    fuse_attention(foreign)
    foreign.drop_unused()
    drawing = Drawing()
    sheet = Sheet(foreign, drawing)
    entries = [
        Entry(name, shape, dtype, foreign.trial[name])
        for name, (shape, dtype) in foreign.inputs.items()
    ]
    entries = [_as_numbers(foreign, entry) for entry in entries]
    sheet.refs.update(draw_inputs(drawing, entries))
    for number, op in enumerate(foreign.ops):
        if number % STEPS == 0:
            yield Progress("Mapping operations to blocks", number, len(foreign.ops))
        for block in _draw(sheet, op):
            made_from[block] = tuple(known[name] for name in op.sources if name in known)
    answers: dict[str, Wire] = {}
    drawing.scope, drawing.stem = (), ""
    for name in foreign.outputs:
        if name in sheet.refs:
            answers[name], axes = sheet.draw.answer(sheet.refs[name])
            if name in foreign.answers:
                foreign.answers[name] = foreign.answers[name].transpose(axes)
    if not answers:
        raise ImportFailed(
            "None of the file's outputs depends on its inputs.", fix="Export it again."
        )
    yield Progress("Comparing with the original")
    targets = draw_outputs(drawing, answers)
    return conclude(drawing, entries, targets, foreign.answers, made_from)


def _leave_decisions_out(foreign: Foreign) -> None:
    """Let a network that says which number is the largest answer with the numbers themselves.

    Other names of classes beside numbers, such as scikit-learn's labels, are left out.
    """
    chosen: set[str] = set()
    for op in foreign.ops:
        if op.kind == "ArgMax" or chosen.intersection(op.sources):
            chosen.update(op.results)
    numbers = [
        name
        for name in foreign.outputs
        if (
            foreign.answers[name].dtype.kind == "f"
            if name in foreign.answers
            else name not in chosen
        )
    ]
    if not numbers:
        made_by = {name: op for op in foreign.ops for name in op.results}
        for name in foreign.outputs:
            while name in made_by and made_by[name].kind in _RENAMED:
                name = made_by[name].sources[0]
            maker = made_by.get(name)
            if maker is not None and maker.kind == "ArgMax" and maker.sources[0] in foreign.values:
                numbers.append(maker.sources[0])
                foreign.answers[maker.sources[0]] = foreign.values[maker.sources[0]]
    if numbers:
        foreign.outputs = list(dict.fromkeys(numbers))
        foreign.drop_unused()


def _as_numbers(foreign: Foreign, entry: Entry) -> Entry:
    """Return an input of whole numbers as one of numbers, where the first step makes them that."""
    takers = [op for op in foreign.ops if entry.name in op.sources]
    if entry.dtype != "int" or any(op.kind != "Cast" or _makes_ids(op) for op in takers):
        return entry
    return Entry(entry.name, entry.shape, "float", entry.trial)


def _makes_ids(op: Op) -> bool:
    return op.attributes.get("to") not in (1, 10, 11, 16)


def _draw(sheet: Sheet, op: Op) -> list[str]:
    """Draw one operation, or a placeholder where the palette has no block for it.

    Returns the ids of its blocks that hold weights.
    """
    drawing, foreign = sheet.drawing, sheet.foreign
    drawing.scope, drawing.stem = op.scope, ""
    handler = HANDLERS.get(op.kind)
    before = len(drawing.blocks)
    found: Ref | Sequence[Ref | None]
    try:
        if handler is None:
            raise Unmapped(f"The palette has no block for {op.kind}.")
        found = handler(sheet, op)
    except ODDITIES as error:
        reason = error if isinstance(error, Unmapped) else NOT_UNDERSTOOD
        drawing.undo_to(before)
        sources = [sheet.refs[name].wire for name in op.sources if name in sheet.refs]
        kind = op.kind if "." in op.kind else f"onnx.{op.kind}"
        wire = drawing.placeholder(kind, str(reason), op.attributes, sources)
        shapes = [foreign.shapes.get(name, ("B",)) for name in op.results]
        found = [Ref(wire, shape, straight(shape)) for shape in shapes]
    if isinstance(found, Ref):
        found = [found]
    weighty = [block for block in list(drawing.blocks.values())[before:] if block.weights]
    for block in weighty:
        block.name = op.stem or block.name
    for name, ref in zip(op.results, found, strict=False):
        if name and ref is not None:
            sheet.refs[name] = ref
    return [block.id for block in weighty]
