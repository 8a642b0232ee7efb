"""Facts about pictures: sizes, colours, classes, faults; which are the same or look the same."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modelstudio.data.findings.finding import (
    MOST_LEFT_OUT,
    Finding,
    LeaveFilesOut,
    Severity,
    first_rows,
)
from modelstudio.data.picture_likeness import SIDE, Groups, Seen, lookalikes
from modelstudio.data.pictures import in_threads
from modelstudio.data.shaping import Unreadable, open_picture, out_of_reach
from modelstudio.wording import counted, is_or_are

_ORDER = ("train", "validation", "test", "")
"""Parts, those first whose pictures are kept when one of several is."""


class Looked(NamedTuple):
    """How far it is, and how many files that cannot be used and copies were met on the way."""

    done: int
    total: int
    unreadable: int
    copies: int


@dataclass(frozen=True, slots=True, eq=False)
class PictureProfile:
    """Facts about the pictures of a column; rows are counted from 0 in the source.

    Parameters
    ----------
    sizes
        Pictures of each width and height, the most frequent first; so are ``colours``, ``formats``
        and ``classes``.
    mean
        The mean picture; uint8, shape (side, side, 3). ``class_means`` has one for each class.
    unreadable
        Row, path, and why it cannot be used, to follow "it".
    copies
        Groups of rows whose files are equal byte by byte.
    lookalikes
        Groups of rows whose pictures look the same and are no copies: another size, another
        compression, slightly other light.
    """

    rows: int
    sizes: Mapping[tuple[int, int], int]
    colours: Mapping[str, int]
    formats: Mapping[str, int]
    classes: Mapping[str, int]
    mean: NDArray[np.uint8] | None
    class_means: Mapping[str, NDArray[np.uint8]]
    unreadable: tuple[tuple[int, str, str], ...]
    copies: Groups
    lookalikes: Groups

    def without(self, rows: Collection[int]) -> PictureProfile:
        """Return what is wrong with the others when some rows are left out; sums stay."""
        return replace(
            self,
            unreadable=tuple(each for each in self.unreadable if each[0] not in rows),
            copies=_without(self.copies, rows),
            lookalikes=_without(self.lookalikes, rows),
        )


def _without(groups: Groups, rows: Collection[int]) -> Groups:
    left = (tuple(row for row in group if row not in rows) for group in groups)
    return tuple(group for group in left if len(group) > 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What is known of one picture."""

    size: tuple[int, int]
    colours: str
    format: str
    digest: bytes
    seen: Seen


@dataclass
class _Sum:
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros((SIDE, SIDE, 3)))
    count: int = 0

    def add(self, picture: NDArray[np.uint8]) -> None:
        self.total += picture
        self.count += 1

    def mean(self) -> NDArray[np.uint8]:
        return (self.total / self.count).round().astype(np.uint8)


def profile(
    paths: Sequence[str], labels: Sequence[str | None] | None = None
) -> Generator[Looked, None, PictureProfile]:
    """Look at every picture once; yields how far it is.

    Parameters
    ----------
    labels
        Class of each picture, where that is known.
    """
    sizes, colours, formats = Counter[tuple[int, int]](), Counter[str](), Counter[str]()
    sums: defaultdict[str | None, _Sum] = defaultdict(_Sum)
    whole, unreadable = _Sum(), []
    seen: dict[int, Seen] = {}
    digests: dict[int, bytes] = {}
    met: set[bytes] = set()
    yield Looked(0, len(paths), 0, 0)
    for row, found in in_threads(range(len(paths)), lambda row: _look(paths[row])):
        if isinstance(found, str):
            unreadable.append((row, paths[row], found))
        else:
            seen[row], digests[row] = found.seen, found.digest
            met.add(found.digest)
            sizes[found.size] += 1
            colours[found.colours] += 1
            formats[found.format] += 1
            whole.add(found.seen.small)
            if labels is not None and (label := labels[row]) is not None:
                sums[label].add(found.seen.small)
        if row % 64 == 63:
            yield Looked(row + 1, len(paths), len(unreadable), len(seen) - len(met))
    all_seen = Looked(len(paths), len(paths), len(unreadable), len(seen) - len(met))
    yield all_seen
    copies = _groups_of(digests)
    alike = yield from lookalikes(seen, copies, all_seen)
    return PictureProfile(
        rows=len(paths),
        sizes=dict(sizes.most_common()),
        colours=dict(colours.most_common()),
        formats=dict(formats.most_common()),
        classes=dict(Counter(label for label in labels or () if label is not None).most_common()),
        mean=whole.mean() if whole.count else None,
        class_means={str(label): sums[label].mean() for label in sorted(map(str, sums))},
        unreadable=tuple(unreadable),
        copies=copies,
        lookalikes=alike,
    )


def _look(path: str) -> _Facts | str:
    """Read one picture, or say why that cannot be done."""
    try:
        content = Path(path).read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = Image.open(io.BytesIO(content))
        image = open_picture(io.BytesIO(content), (2 * SIDE, 2 * SIDE))
    except Unreadable as fault:
        return str(fault)
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        return str(out_of_reach(error) or "is no picture")
    turned = header.getexif().get(0x0112, 1) >= 5  # lies on its side, says its EXIF orientation
    size = header.size[::-1] if turned else header.size
    grey = header.mode in ("1", "L", "LA", "F") or header.mode.startswith("I")
    clear = header.mode in ("RGBA", "LA", "PA") or "transparency" in header.info
    kind = ("grey" if grey else "colour") + (" and transparency" if clear else "")
    opaque = _on_white(image)
    small = opaque.resize((SIDE, SIDE), Image.Resampling.BOX if min(size) > SIDE else None)
    plain = opaque.convert("L").resize((32, 32), Image.Resampling.BILINEAR)
    digest = hashlib.blake2b(content, digest_size=16).digest()
    seen = Seen(np.asarray(small), np.asarray(plain, dtype=np.float32))
    return _Facts(size, kind, header.format or "", digest, seen)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _groups_of(digests: Mapping[int, bytes]) -> Groups:
    by_content: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, digest in digests.items():
        by_content[digest].append(row)
    return tuple(tuple(rows) for rows in by_content.values() if len(rows) > 1)


def picture_findings(
    facts: PictureProfile,
    column: str,
    labels: Sequence[str | None] | None = None,
    parts: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> tuple[Finding, ...]:
    """Return what deserves a look before training, the gravest first.

    Parameters
    ----------
    column
        The column of the pictures.
    labels, parts
        Class and part (``"train"``, ``"validation"``, ``"test"`` or empty) of each row.
    names
        How the project names the files, so that a fix can name those to leave out.
    """
    found = []

    def tell(
        kind: str,
        severity: Severity,
        text: str,
        rows: Sequence[int] = (),
        spare: Sequence[int] = (),
    ) -> None:
        fix = None
        if names is not None and 0 < len(spare) <= MOST_LEFT_OUT:
            fix = LeaveFilesOut(tuple(names[row] for row in sorted(set(spare))))
        found.append(Finding(kind, severity, text, (column,), fix, first_rows(rows), len(rows)))

    if facts.unreadable:
        _, path, why = facts.unreadable[0]
        rows = [row for row, _, _ in facts.unreadable]
        text = f"{counted(len(rows), 'picture')} cannot be used: {Path(path).name} {why}"
        tell("corrupt_file", "error", text, rows, rows)
    same = (*facts.copies, *facts.lookalikes)
    if parts is not None and (rows := [row for group in same for row in _leaked(group, parts)]):
        count = len(set(rows))
        what = f"{counted(count, 'picture')} of validation or test"
        text = f"{what} {is_or_are(count)} in another part too"
        tell("split_overlap", "error", text, sorted(set(rows)), rows)
    if labels is not None:
        torn = [group for group in same if len({labels[row] for row in group}) > 1]
        if torn:
            text = f"{counted(len(torn), 'picture')} {is_or_are(len(torn))} in several classes"
            rows = [row for group in torn for row in group]
            tell("label_conflict", "warning", text, rows, rows)
    if facts.copies:
        rows = [row for group in facts.copies for row in _spare(group, parts)]
        text = f"{len(rows):,} pictures are copies of others"
        text = text if len(rows) > 1 else "1 picture is a copy of another"
        both = [row for group in facts.copies for row in group]
        tell("duplicate_rows", "warning", text, both, rows)
    if facts.lookalikes:
        rows = [row for group in facts.lookalikes for row in group]
        text = f"{counted(len(rows), 'picture')} look nearly the same as others"
        spare = [row for group in facts.lookalikes for row in _spare(group, parts)]
        tell("near_duplicates", "warning", text, rows, spare)
    if len(facts.sizes) > 1:
        (w, h), *_, (wide, high) = sorted(facts.sizes, key=lambda size: (size[0] * size[1], size))
        ends = f"from {w} x {h} to {wide} x {high}"
        if len(facts.sizes) == 2:
            ends = f"{w} x {h} and {wide} x {high}"
        tell("sizes", "info", f"{len(facts.sizes):,} different sizes, {ends}")
    return tuple(found)


def _leaked(group: Sequence[int], parts: Sequence[str]) -> list[int]:
    """Return the rows of a group that judge by what another part of it has shown already."""
    ranks = {row: _ORDER.index(parts[row]) for row in group if parts[row]}
    return [row for row, rank in ranks.items() if rank > min(ranks.values())]


def _spare(group: Sequence[int], parts: Sequence[str] | None) -> list[int]:
    """Return the rows of a group but one: the first of the part that learns, if one does."""
    ranks = [0 if parts is None else _ORDER.index(parts[row]) for row in group]
    kept = ranks.index(min(ranks))
    return [*group[:kept], *group[kept + 1 :]]
