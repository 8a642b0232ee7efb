"""Random changes to training batches: what each does, that it repeats, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from picture_files import class_folders, quick_project
from torch import Tensor

from modelstudio.data.augment import Augmenter
from modelstudio.data.augment_samples import samples
from modelstudio.data.origins import origins
from modelstudio.data.prepare import fit_recipe
from modelstudio.engine.events import drain
from modelstudio.engine.losses import build_loss
from modelstudio.errors import FieldError
from modelstudio.project.model import DataConfig
from modelstudio.project.training import CrossEntropy
from modelstudio.recipe.augment import (
    Augmentation,
    Blur,
    ColourJitter,
    CutMix,
    Cutout,
    Flip,
    MixUp,
    Move,
    Noise,
    PixelChange,
    RandomCrop,
    Rotate,
    Shift,
    SwapNoise,
    WordDropout,
)
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import Index, OneHot, Rename

CLASSES = FieldSpec(
    name="y", role="target", kind="classes", shape=(), dtype="int", classes=("a", "b", "c")
)
IMAGE = FieldSpec(name="image", role="input", kind="image", shape=(3, 12, 16))
WORDS = FieldSpec(name="text", role="input", kind="ids", shape=("T",), dtype="int", vocabulary=50)
NUMBERS = FieldSpec(name="features", role="input", kind="features", shape=(4,))


def pictures(rows: int = 32, channels: int = 3) -> Tensor:
    torch.manual_seed(1)
    return torch.randint(0, 256, (rows, channels, 12, 16)).float()


def on_pictures(*steps: Augmentation, seed: int = 0, rows: int = 32, channels: int = 3) -> Tensor:
    given = pictures(rows, channels)
    torch.manual_seed(seed)
    return Augmenter(steps, [IMAGE, CLASSES]).raw("image", given)


@pytest.mark.parametrize("kind", list(Augmentation.members()), ids=lambda kind: kind.__name__)
def test_every_augmentation_changes_its_batches_and_repeats(kind: type[Augmentation]) -> None:
    fields = [IMAGE, WORDS, NUMBERS, CLASSES]

    def batch(seed: int) -> dict[str, Tensor]:
        given = {
            "image": pictures(),
            "text": torch.randint(1, 50, (32, 9)),
            "features": torch.randn(32, 4),
            "y": torch.arange(32) % 3,
        }
        augmenter = Augmenter([kind()], fields)
        assert augmenter
        torch.manual_seed(seed)
        given["image"] = augmenter.raw("image", given["image"])
        return augmenter.batch(given)

    once, again, other = batch(3), batch(3), batch(4)
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert any(not torch.equal(once[name], other[name]) for name in once)
    assert once["image"].min() >= 0
    assert once["image"].max() <= 255.001
    assert not Augmenter([kind(enabled=False)], fields)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in Augmentation.members() if issubclass(kind, Move | PixelChange)],
    ids=lambda kind: kind.__name__,
)
@pytest.mark.parametrize("channels", [1, 4])
def test_pictures_of_any_channels(kind: type[Augmentation], channels: int) -> None:
    changed = on_pictures(kind(share=1.0), channels=channels)
    assert changed.shape == (32, channels, 12, 16)
    assert not torch.equal(changed, pictures(channels=channels))


def test_flips_mirror_about_half_of_the_pictures() -> None:
    given, flipped = pictures(200), on_pictures(Flip(), rows=200)
    mirrored = (flipped - given.flip(3)).abs().amax(dim=(1, 2, 3)) < 0.01
    as_before = (flipped - given).abs().amax(dim=(1, 2, 3)) < 0.01
    assert (mirrored | as_before).all()
    assert 70 < mirrored.sum() < 130


def test_shifts_are_whole_pixels_and_leave_the_middle_sharp() -> None:
    given, shifted = pictures(), on_pictures(Shift(amount=0.1))
    inner = shifted[:, :, 2:-2, 3:-3]
    windows = [
        given[:, :, 2 + down : 10 + down, 3 + right : 13 + right]
        for down in (-1, 0, 1)
        for right in (-2, -1, 0, 1, 2)
    ]
    nearest = torch.stack([(inner - each).abs().amax(dim=(1, 2, 3)) for each in windows])
    assert (nearest.amin(dim=0) < 0.01).all()
    assert len(nearest.argmin(dim=0).unique()) > 5


def test_turned_pictures_keep_their_distances_whatever_their_proportions() -> None:
    down, right = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(61.0) - 30, indexing="ij")
    dot = torch.exp(-((down - 10) ** 2 + right**2) / 8)
    field = FieldSpec(name="image", role="input", kind="image", shape=(1, 41, 61))
    torch.manual_seed(0)
    turned = Augmenter([Rotate(degrees=180)], [field]).raw("image", dot.repeat(40, 1, 1, 1))
    seen = turned[:, 0] * (down**2 + right**2 < 15**2)  # without the mirrored edges
    weights = seen / seen.sum(dim=(1, 2), keepdim=True)
    places = torch.stack([(weights * down).sum(dim=(1, 2)), (weights * right).sum(dim=(1, 2))])
    assert torch.allclose(places.norm(dim=0), torch.tensor(10.0), atol=0.2)
    assert places.std(dim=1).min() > 4


def test_grey_and_equal_channels_stay_grey_under_a_turn_of_hue() -> None:
    grey = pictures(channels=1).repeat(1, 3, 1, 1)
    steps = [ColourJitter(brightness=0, contrast=0, saturation=0.5, hue=0.3)]
    torch.manual_seed(0)
    changed = Augmenter(steps, [IMAGE, CLASSES]).raw("image", grey)
    assert torch.allclose(changed, grey, atol=0.01)
    with pytest.raises(FieldError, match="more than 0"):
        ColourJitter.build(brightness=0, contrast=0, saturation=0, hue=0)


def test_blur_keeps_the_mean_and_cutout_covers_a_square() -> None:
    even = torch.full((8, 1, 12, 16), 100.0)
    field = FieldSpec(name="image", role="input", kind="image", shape=(1, 12, 16))
    assert torch.allclose(Augmenter([Blur(share=1)], [field]).raw("image", even), even, atol=1e-3)
    torch.manual_seed(0)
    covered = on_pictures(Cutout(share=1.0, size=0.5)) != pictures()
    areas = covered.any(dim=1).sum(dim=(1, 2))
    assert areas.max() <= 36
    assert areas.min() >= 6
    assert on_pictures(Noise(share=1.0, amount=1.0)).std() > pictures().std()


@pytest.mark.parametrize("step", [MixUp(alpha=1.0), CutMix(share=1.0)])
def test_mixing_makes_shares_that_fit_the_pixels(step: Augmentation) -> None:
    given = torch.zeros(64, 3, 12, 16)
    given[1::2] = 255.0
    target = torch.arange(64) % 2
    augmenter = Augmenter([step], [IMAGE, CLASSES])
    torch.manual_seed(0)
    batch = augmenter.batch({"image": given, "y": target})
    light = batch["image"].mean(dim=(1, 2, 3)) / 255
    assert torch.allclose(light, batch["y"][:, 1], atol=1e-4)
    assert torch.allclose(batch["y"].sum(dim=1), torch.ones(64))
    assert ((light > 0.05) & (light < 0.95)).sum() > 10


def test_a_sample_keeps_the_larger_share_of_itself() -> None:
    augmenter = Augmenter([MixUp(alpha=2.0)], [IMAGE, CLASSES])
    target = torch.arange(60) % 3
    batch = augmenter.batch({"image": pictures(60), "y": target})
    assert torch.equal(batch["y"].argmax(dim=1), target)


def test_the_loss_of_shares_is_that_of_indices_where_nothing_is_mixed() -> None:
    torch.manual_seed(0)
    output, target = torch.randn(20, 3), torch.randint(0, 3, (20,))
    shares = torch.nn.functional.one_hot(target, 3).float()
    for weights in ((), (0.5, 2.0, 1.0)):
        loss = build_loss(CrossEntropy(), CLASSES, weights)
        assert torch.allclose(loss(output, shares), loss(output, target), atol=1e-6)


def test_words_are_left_out_and_padding_stays_at_the_right() -> None:
    tokens = torch.tensor([[3, 4, 5, 6, 7, 8, 0, 0], [9, 0, 0, 0, 0, 0, 0, 0], [0] * 8] * 50)
    torch.manual_seed(0)
    augmenter = Augmenter([WordDropout(amount=0.5)], [WORDS, CLASSES])
    dropped = augmenter.batch({"text": tokens, "y": torch.zeros(150, dtype=torch.int64)})["text"]
    lengths = (dropped != 0).sum(dim=1)
    assert all((row[:length] != 0).all() for row, length in zip(dropped, lengths, strict=True))
    assert lengths[0::3].float().mean().item() == pytest.approx(3, abs=0.5)
    assert (lengths[1::3] == 1).all()
    assert (lengths[2::3] == 0).all()
    assert all(row[row != 0].diff().gt(0).all() for row in dropped[0::3])


def test_swapped_cells_come_from_the_same_column() -> None:
    columns = torch.arange(4.0) * 1000
    values = columns + torch.arange(100.0)[:, None]
    torch.manual_seed(0)
    augmenter = Augmenter([SwapNoise(amount=0.2)], [NUMBERS, CLASSES])
    swapped = augmenter.batch({"features": values, "y": torch.zeros(100, dtype=torch.int64)})
    found = swapped["features"]
    assert torch.equal((found / 1000).floor() * 1000, columns.expand(100, 4))
    assert 0.1 < (found != values).float().mean() < 0.3


def test_a_cell_is_swapped_with_all_that_is_made_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = (f"{'abcd'[at % 4]},{at % 4},{at},{at % 2}\n" for at in range(80))
    path.write_text("kind,town,size,y\n" + "".join(rows))
    kinds = {"kind": "category", "town": "category", "size": "number", "y": "category"}
    columns = [
        Column(name=name, kind=kind, role="target" if name == "y" else "feature")
        for name, kind in kinds.items()
    ]
    recipe = (Rename(column="kind", name="sort"), OneHot(columns=("sort",)), Index())
    prepared = drain(fit_recipe(DataConfig(path=str(path), columns=columns, recipe=recipe)))
    fitted = prepared.fitted
    assert origins(fitted, prepared.clean) == {
        "features": ("kind",) * 4 + ("size",),
        "town": ("town",),
    }
    batch = {
        "features": torch.tensor(prepared.train.fields["features"]).float(),
        "town": torch.tensor(prepared.train.fields["town"]),
        "y": torch.zeros(len(prepared.train.rows)),
    }
    before = {name: values.clone() for name, values in batch.items()}
    torch.manual_seed(0)
    augmenter = Augmenter(
        [SwapNoise(amount=0.3)], fitted.fields, lambda: origins(fitted, prepared.clean)
    )
    after = augmenter.batch(batch)
    assert (after["features"][:, :4].sum(1) == 1).all()
    for name in ("features", "town"):
        assert not torch.equal(after[name], before[name])


def test_users_and_items_are_never_swapped() -> None:
    user, item = (
        FieldSpec(name=name, role="input", kind="ids", shape=(), dtype="int", vocabulary=50)
        for name in ("user", "item")
    )
    assert not Augmenter(
        [SwapNoise()], [user, item, FieldSpec(name="y", role="target", kind="ranking", shape=())]
    )


def test_words_are_not_swapped_and_categories_are_not_dropped() -> None:
    category = FieldSpec(name="town", role="input", kind="ids", shape=(), dtype="int", vocabulary=9)
    given = torch.arange(200) % 9
    for step, acts, still in (
        (SwapNoise(amount=0.9), category, WORDS),
        (WordDropout(amount=0.9), WORDS, category),
    ):
        assert not Augmenter([step], [still, CLASSES])
        fields = {"town": given, "text": given.view(20, 10) + 1}
        before = {name: values.clone() for name, values in fields.items()}
        changed = Augmenter([step], [category, WORDS]).batch(fields)
        assert not torch.equal(changed[acts.name], before[acts.name])
        assert torch.equal(changed[still.name], before[still.name])


def test_tokens_to_predict_are_never_mixed() -> None:
    next_word = FieldSpec(name="next", role="target", kind="tokens", shape=("T",), vocabulary=9)
    assert not Augmenter([MixUp()], [NUMBERS, next_word])


def test_samples_of_one_picture_say_what_changed_them(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "bars", each=6)
    one, other = folder / "across/000.png", folder / "upright/000.png"
    project = quick_project(folder, Flip(share=0.5), RandomCrop(share=0.5), CutMix(share=1.0))
    found = samples(project, one, 8, seed=2)
    assert found.pictures.shape == (8, *found.original.shape)
    assert {label for labels in found.changed for label in labels} == {"Flip", "Random crop"}
    for version, labels in zip(found.pictures, found.changed, strict=True):
        assert np.array_equal(version, found.original) == (not labels)
    again = samples(project, one, 8, seed=2)
    assert np.array_equal(again.pictures, found.pictures)
    mixed = samples(project, one, 4, others=[other])
    assert any("CutMix" in labels for labels in mixed.changed)
