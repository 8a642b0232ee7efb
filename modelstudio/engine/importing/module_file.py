"""Load a module from a Python file, and find what it takes."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import itertools
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from modelstudio.errors import ImportFailed

SIDES = (224, 32, 28, 64, 96, 128, 16, 48, 256, 299)
"""Sides of pictures that are tried, the usual ones first."""

LENGTHS = (16, 32, 64, 128, 256)
"""Lengths of sequences and signals that are tried."""

MOST_TRIALS = 100
MOST_CHOICES = 10_000

EXAMPLES = ("example_input_array", "example_inputs")
"""Where a class may say what it takes."""

Sample = tuple[tuple[int, ...], int]
"""Shape of one sample, and the number of different ids, 0 for numbers."""


def load(path: Path, name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Run the file and make the module; only for files that are trusted.

    Raises
    ------
    ImportFailed
        When the code fails, or the class is no module.
    """
    spec = importlib.util.spec_from_file_location(f"imported_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportFailed(f"{path.name} cannot be loaded as Python.", where=str(path))
    holder = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = holder
    sys.path.insert(0, str(path.parent))
    torch.manual_seed(0)
    with quiet():
        try:
            spec.loader.exec_module(holder)
        except BaseException as error:
            raise _failed(error, path, "stopped while it was loaded") from None
        found = getattr(holder, name, None)
        if not (isinstance(found, type) and issubclass(found, nn.Module)):
            raise ImportFailed(
                f"{name} in {path.name} is not a torch.nn.Module.",
                where=str(path),
                fix="Name a class of modules.",
            )
        try:
            return settled(found(**arguments).eval())
        except TypeError as error:
            needs = str(inspect.signature(found))
            raise ImportFailed(
                f"{name} cannot be made with these arguments: {error}.",
                where=str(path),
                fix=f"It takes {needs}. Give them as JSON with --args.",
            ) from None
        except BaseException as error:
            raise _failed(error, path, f"stopped while it made {name}") from None


def settled(module: nn.Module) -> nn.Module:
    """Return a module whose weights are plain: what norms or masks give is what they are now."""
    for part in module.modules():
        if parametrize.is_parametrized(part):
            for name in list(part.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(part, name)
        for hook in list(part._forward_pre_hooks.values()):
            if isinstance(hook, WeightNorm):
                nn.utils.remove_weight_norm(part, hook.name)
            elif isinstance(hook, SpectralNorm):
                nn.utils.remove_spectral_norm(part, hook.name)
            elif isinstance(hook, prune.BasePruningMethod):
                prune.remove(part, hook._tensor_name)  # type: ignore[no-untyped-call]
    return module


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the code prints, and what torch tells of it, away from the results."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _failed(error: BaseException, path: Path, what: str) -> ImportFailed:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
    line = f" in line {frames[-1].lineno}" if frames else ""
    reason = next(iter(str(error).strip().splitlines()), "")
    reason = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    return ImportFailed(
        f"{path.name} {what}{line} ({reason[:200]}).",
        where=str(path),
        fix="Mend the file, and import it again.",
    )


# What it takes


def arguments_of(module: nn.Module) -> list[str]:
    """Return the names of the values that a call needs."""
    parameters = inspect.signature(module.forward).parameters.values()
    return [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]


def find_samples(
    module: nn.Module, traced: fx.GraphModule | None, shapes: Sequence[Sequence[int]]
) -> list[Sample]:
    """Return what each argument takes: as told, as the class says, or as its first layers need.

    Raises
    ------
    ImportFailed
        When nothing that was tried runs.
    """
    names = arguments_of(module)
    told = _told(module)
    if told is not None and not shapes:
        return told
    options = [_options(module, traced, name) for name in names]
    for index, shape in enumerate(shapes[: len(names)]):
        rows = {vocabulary for _, vocabulary in options[index]} or {0}
        options[index] = [(tuple(shape), vocabulary) for vocabulary in sorted(rows, reverse=True)]
    places = itertools.islice(itertools.product(*map(range, map(len, options))), MOST_CHOICES)
    likely = sorted(places, key=lambda chosen: (len(set(chosen)) > 1, sum(chosen)))
    tries = ([o[place] for o, place in zip(options, chosen, strict=True)] for chosen in likely)
    reason = ""
    for samples in itertools.islice(tries, MOST_TRIALS):
        try:
            run(module, samples, 2)
        except Exception as error:
            reason = reason or next(iter(str(error).strip().splitlines()), "")
        else:
            return samples
    listed = ", ".join(names) or "nothing"
    because = f" ({reason[:200]})" if reason else ""
    raise ImportFailed(
        f"It cannot be found out what shapes {type(module).__name__} takes for {listed}{because}.",
        fix="Give the shape of one sample for each with --shape, such as --shape 3,224,224.",
    )


def other_numbers(module: nn.Module) -> bool:
    """Tell whether some of the weights are no float32."""
    kinds = {weight.dtype for weight in module.parameters() if weight.is_floating_point()}
    return bool(kinds - {torch.float32})


def _told(module: nn.Module) -> list[Sample] | None:
    for name in EXAMPLES:
        found = getattr(module, name, None)
        found = [found] if isinstance(found, Tensor) else found
        if isinstance(found, list | tuple) and found and all(torch.is_tensor(t) for t in found):
            return [
                (tuple(t.shape[1:]), 0 if t.is_floating_point() else int(t.max()) + 1)
                for t in found
            ]
    return None


def _options(module: nn.Module, traced: fx.GraphModule | None, name: str) -> list[Sample]:
    """Return what an argument may take, going by the first layer that it reaches."""
    first = _first_layer(module, traced, name)
    if isinstance(first, nn.Embedding | nn.EmbeddingBag):
        rows = first.num_embeddings
        several = [((length,), rows) for length in LENGTHS]
        return [several[0], ((), rows), *several[1:]]
    if isinstance(first, nn.Linear | nn.Bilinear):
        wide = int(getattr(first, "in_features", 0) or getattr(first, "in1_features", 0))
        row: list[Sample] = [((wide,), 0)]
        steps: list[Sample] = [((length, wide), 0) for length in LENGTHS]
        likely = steps + row if any(map(_reads_steps, module.modules())) else row + steps
        return [*likely, *_rows(module)]
    if isinstance(first, nn.LSTM | nn.GRU | nn.RNN):
        return [((length, first.input_size), 0) for length in LENGTHS]
    channels = getattr(first, "in_channels", None) or getattr(first, "num_features", None)
    kind = type(first).__name__
    if channels and kind.endswith("3d"):
        return [((channels, side, side, side), 0) for side in (16, 32, 64)]
    if channels and kind.endswith("2d"):
        return [((channels, side, side), 0) for side in SIDES]
    if channels and kind.endswith("1d"):
        row = [((channels,), 0)] if isinstance(first, nn.BatchNorm1d) else []
        return [*row, *(((channels, length), 0) for length in LENGTHS)]
    wide = _width(first)
    if wide:
        return [*(((length, wide), 0) for length in LENGTHS), ((wide,), 0)]
    pictures = [((c, side, side), 0) for side in SIDES[:3] for c in (3, 1)]
    return [*_rows(module), *pictures]


def _rows(module: nn.Module) -> list[Sample]:
    """Return rows as wide as any of the weights."""
    weights = [w for w in (*module.parameters(), *module.buffers()) if not is_lazy(w) and w.ndim]
    return [((width,), 0) for width in dict.fromkeys(int(weight.shape[-1]) for weight in weights)]


def takes_steps_first(module: nn.Module) -> bool:
    """Tell whether something in a module takes sequences the steps first, as torch's usually do."""
    return any(getattr(part, "batch_first", True) is False for part in module.modules())


def _reads_steps(module: nn.Module) -> bool:
    """Tell whether a module takes sequences, though it may take a single one without a batch."""
    kinds = (nn.RNNBase, nn.MultiheadAttention, nn.TransformerEncoderLayer)
    return isinstance(module, kinds)


def _width(module: nn.Module | None) -> int:
    if isinstance(module, nn.LayerNorm):
        return int(module.normalized_shape[-1])
    if isinstance(module, nn.TransformerEncoder):
        module = module.layers[0]
    attention = getattr(module, "self_attn", module)
    return int(getattr(attention, "embed_dim", 0) or getattr(module, "d_model", 0))


def _first_layer(module: nn.Module, traced: fx.GraphModule | None, name: str) -> nn.Module | None:
    if traced is None:
        return next((m for m in module.modules() if not list(m.children())), None)
    reached = {
        node for node in traced.graph.nodes if node.op == "placeholder" and node.target == name
    }
    for node in traced.graph.nodes:
        if reached.intersection(node.all_input_nodes):
            if node.op == "call_module":
                found = traced.get_submodule(node.target)
                if any(True for _ in found.parameters()):
                    return found
            reached.add(node)
    return None


# Running


def drawn(samples: Sequence[Sample], batch: int, *, longer: int = 0) -> list[Tensor]:
    """Return a batch of numbers drawn at random; ids are one step ``longer`` where told so."""
    generator = torch.Generator().manual_seed(batch)
    found = []
    for shape, rows in samples:
        if rows:
            shape = (shape[0] + longer, *shape[1:]) if shape else shape
            ids = torch.randint(min(1, rows - 1), rows, (batch, *shape), generator=generator)
            if ids.ndim == 2 and ids.shape[1] > 1:
                ids[-1, -1] = 0  # padding, as most texts have it
            found.append(ids)
        else:
            if longer and len(shape) == 2:
                shape = (shape[0] + longer, shape[1])
            found.append(torch.randn(batch, *shape, generator=generator))
    return found


def run(module: nn.Module, samples: Sequence[Sample], batch: int) -> Any:
    """Return what the module says of a batch drawn at random."""
    with quiet(), torch.no_grad():
        return module(*drawn(samples, batch))
