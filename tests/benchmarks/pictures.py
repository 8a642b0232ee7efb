"""Loading a folder of photographs against a plain Pillow `DataLoader` with two workers.

``python tests/benchmarks/pictures.py [COUNT]`` makes COUNT (10,000) JPEGs of 640 x 480, brings them
to 64 x 64 and prints JSON: seconds of an epoch of loading, the first one (which decodes) and later
ones (which read the kept arrays), and their ratios to the plain loader; and the milliseconds that
augmenting a batch of 64 takes.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from modelstudio.data import pictures
from modelstudio.data.augment import Augmenter
from modelstudio.data.batches import StoredTensor, TensorData
from modelstudio.data.shaping import Shaping
from modelstudio.data.stored import Stored
from modelstudio.engine.events import drain
from modelstudio.engine.train import epoch_order
from modelstudio.recipe.augment import Blur, ColourJitter, Cutout, Flip, Rotate
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import Colours, Resize

BATCH, SIDE, SCENES = 64, 64, 250
SHAPING = Shaping((Colours(), Resize(height=SIDE, width=SIDE)))
IMAGE = FieldSpec(name="image", role="input", kind="image", shape=SHAPING.shape)
TARGET = FieldSpec(
    name="label", role="target", kind="classes", shape=(), dtype="int", classes=("a", "b")
)


def photographs(folder: Path, count: int) -> list[str]:
    """Write pictures with the detail of photographs; some scenes, each many times."""
    random = np.random.default_rng(0)
    scenes = []
    for _ in range(min(SCENES, count)):
        coarse = Image.fromarray(random.integers(0, 256, (15, 20, 3), dtype=np.uint8))
        noise = Image.fromarray(random.integers(0, 256, (480, 640, 3), dtype=np.uint8))
        smooth = coarse.resize((640, 480), Image.Resampling.BICUBIC)
        scene = Image.blend(smooth, noise.filter(ImageFilter.GaussianBlur(1)), 0.3)
        buffer = io.BytesIO()
        scene.save(buffer, "JPEG", quality=85)
        scenes.append(buffer.getvalue())
    paths = [folder / f"{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(scenes[number % len(scenes)])
    return list(map(str, paths))


class Plain(Dataset[Tensor]):
    """What everybody writes first."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> Tensor:
        image = Image.open(self.paths[at]).convert("RGB").resize((SIDE, SIDE))
        return torch.from_numpy(np.asarray(image).transpose(2, 0, 1) / np.float32(255))


def plain(paths: list[str]) -> float:
    """Return the seconds of an epoch of the plain loader."""
    loader = DataLoader(Plain(paths), batch_size=BATCH, shuffle=True, num_workers=2)
    began = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - began


def epoch(stored: Stored, number: int) -> float:
    """Return the seconds of gathering every batch of decoded pictures."""
    labels = torch.zeros(len(stored), dtype=torch.int64)
    images = StoredTensor(stored, torch.device("cpu"), torch.float32)
    tensors = TensorData({"label": labels}, {"image": images})
    began = time.perf_counter()
    for _ in tensors.batches(epoch_order(len(stored), BATCH, 0, number), BATCH):
        pass
    return time.perf_counter() - began


def augmenting(stored: Stored) -> float:
    """Return the milliseconds that five augmentations of a batch take."""
    augmenter = Augmenter([Flip(), Rotate(), ColourJitter(), Blur(), Cutout()], [IMAGE, TARGET])
    batch = torch.from_numpy(stored[:BATCH].read()).to(torch.float32)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        augmenter.raw("image", batch)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def main(count: int) -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MODELSTUDIO_HOME"] = str(Path(folder) / "home")
        (Path(folder) / "photographs").mkdir()
        paths = photographs(Path(folder) / "photographs", count)
        plain(paths[: 4 * BATCH])
        usual = plain(paths)
        began = time.perf_counter()
        found = drain(pictures.load(paths, SHAPING))
        decoding = time.perf_counter() - began
        stored = Stored(found.pixels.array, found.pixels.index, (127.5,) * 3, (1 / 64,) * 3)
        first = decoding + epoch(stored, 0)
        later = statistics.median(epoch(stored, number) for number in (1, 2, 3))
        report = {
            "pictures": count,
            "plain_seconds": round(usual, 2),
            "first_epoch_seconds": round(first, 2),
            "later_epoch_seconds": round(later, 3),
            "first_epoch_ratio": round(first / usual, 3),
            "later_epoch_ratio": round(later / usual, 4),
            "augmenting_a_batch_ms": round(augmenting(stored), 2),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
