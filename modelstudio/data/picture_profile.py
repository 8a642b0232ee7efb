"""Facts about pictures: sizes, colours, classes, faults; which are the same or look the same."""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
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
from modelstudio.data.pictures import in_threads
from modelstudio.data.shaping import Unreadable, open_picture, out_of_reach
from modelstudio.wording import counted, is_or_are

SIDE = 64
"""Side of the mean picture."""

THUMB = 16
"""Side of the grey thumbnails that are compared."""

BITS, BANDS = 64, 4
"""Bits of a perceptual hash; pictures are compared when one of its bands is the same."""

FARTHEST = 10
"""Bits in which the hashes of pictures that look the same may differ."""

ALIKE = 0.993
"""Correlation of the thumbnails of pictures that look the same."""

MOST_SHADE, MOST_COLOUR = 10.0, 12.0
"""Shades, from 0 to 255, by which details and colours of such pictures differ in the mean, but for
their light and contrast."""

LIGHT = np.array([0.299, 0.587, 0.114], np.float32)
"""What red, green and blue add to the shade of a grey picture."""

GREY = 8
"""Shades by which the channels of a grey picture differ at most."""

FLAT = 2.0
"""Standard deviation of shades below which a picture shows nothing that could be compared."""

_ORDER = ("train", "validation", "test", "")
"""Parts, those first whose pictures are kept when one of several is."""

CROWD = 2_000
"""A band that so many pictures share tells nothing."""

Groups = tuple[tuple[int, ...], ...]


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
class _Seen:
    """What one picture shows; ``bits`` is its perceptual hash."""

    size: tuple[int, int]
    colours: str
    format: str
    digest: bytes
    small: NDArray[np.uint8]
    thumb: NDArray[np.float32]
    bits: NDArray[np.bool_]


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
    seen: dict[int, _Seen] = {}
    met: set[bytes] = set()
    yield Looked(0, len(paths), 0, 0)
    for row, found in in_threads(range(len(paths)), lambda row: _look(paths[row])):
        if isinstance(found, str):
            unreadable.append((row, paths[row], found))
        else:
            seen[row] = found
            met.add(found.digest)
            sizes[found.size] += 1
            colours[found.colours] += 1
            formats[found.format] += 1
            whole.add(found.small)
            if labels is not None and (label := labels[row]) is not None:
                sums[label].add(found.small)
        if row % 64 == 63:
            yield Looked(row + 1, len(paths), len(unreadable), len(seen) - len(met))
    yield Looked(len(paths), len(paths), len(unreadable), len(seen) - len(met))
    copies = _groups_of(seen)
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
        lookalikes=_lookalikes(seen, copies),
    )


def _look(path: str) -> _Seen | str:
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
    thumb = np.asarray(plain.resize((THUMB, THUMB), Image.Resampling.BOX), dtype=np.float32)
    centred = thumb - thumb.mean()
    spread = float(centred.std())
    unit = centred.ravel() / (spread * THUMB) if spread > FLAT else np.zeros(THUMB**2, np.float32)
    digest = hashlib.blake2b(content, digest_size=16).digest()
    bits = perceptual_hash(np.asarray(plain, dtype=np.float64))
    return _Seen(size, kind, header.format or "", digest, np.asarray(small), unit, bits)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


_ANGLES = np.pi * (np.arange(32) + 0.5)[None, :] * np.arange(8)[:, None] / 32
_WAVES = np.cos(_ANGLES)
"""The slowest waves of a discrete cosine transform; shape (8, 32)."""


def perceptual_hash(grey: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return a hash that pictures that look alike share; shape (64,).

    Its bits tell which of the slow waves of a grey picture, shape (32, 32), are stronger than the
    median wave.
    """
    waves = (_WAVES @ grey @ _WAVES.T).ravel()
    return np.asarray(waves > np.median(waves[1:]))


def _groups_of(seen: Mapping[int, _Seen]) -> Groups:
    by_content: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, each in seen.items():
        by_content[each.digest].append(row)
    return tuple(tuple(rows) for rows in by_content.values() if len(rows) > 1)


def _lookalikes(seen: Mapping[int, _Seen], copies: Groups) -> Groups:
    """Group rows that look the same; of copies only the first is compared."""
    later = {row for group in copies for row in group[1:]}
    rows = [row for row in seen if row not in later and seen[row].thumb.any()]
    if len(rows) < 2:
        return ()
    bits = np.array([seen[row].bits for row in rows])
    thumbs = np.array([seen[row].thumb for row in rows])
    whole = {group[0]: group for group in copies}
    groups = {at: [at] for at in range(len(rows))}
    details = _Details([seen[row].small for row in rows])
    for left, right in _close(bits, thumbs):
        if groups[left] is not groups[right] and details.match(left, right):
            larger, smaller = sorted((groups[left], groups[right]), key=len, reverse=True)
            larger += smaller
            for at in smaller:
                groups[at] = larger
    found = {id(group): group for group in groups.values() if len(group) > 1}
    return tuple(
        tuple(sorted(row for at in group for row in whole.get(rows[at], (rows[at],))))
        for group in found.values()
    )


class _Details:
    """Compares details and colours of pictures, each worked out once; shape (side, side, 3)."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._pictures = pictures
        self._known: dict[int, tuple[NDArray[np.float32], NDArray[np.float32], bool]] = {}

    def match(self, one: int, other: int) -> bool:
        """Tell whether two pictures differ by their light, contrast, sharpness or noise alone.

        One of them may be grey.
        """
        shades, colours, grey = self._of(one)
        other_shades, other_colours, other_grey = self._of(other)
        if _differ(shades, other_shades) > MOST_SHADE:
            return False
        return grey or other_grey or _differ(colours, other_colours) <= MOST_COLOUR

    def _of(self, at: int) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
        if at not in self._known:
            picture = self._pictures[at].astype(np.float32)
            grey = float(np.ptp(picture, axis=2).max()) < GREY
            shades = _blocks((picture @ LIGHT)[..., None], SIDE // 2)
            self._known[at] = _centred(shades), _centred(_blocks(picture, SIDE // 4)), grey
        return self._known[at]


def _blocks(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Average square blocks so that so many are left beside each other."""
    size = len(picture) // side
    means: NDArray[np.float32] = picture.reshape(side, size, side, size, -1).mean(axis=(1, 3))
    return means


def _centred(shades: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = shades.ravel()
    centred: NDArray[np.float32] = flat - flat.mean()
    return centred


def _differ(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean distance of centred shades when both have the same contrast."""
    squares = float(one @ one), float(other @ other)
    together = float(one @ other) / max(math.sqrt(squares[0] * squares[1]), 1e-9)
    contrast = math.sqrt(squares[0] * squares[1]) / len(one)
    return math.sqrt(contrast * max(0.0, 1 - together**2))


def _close(bits: NDArray[np.bool_], thumbs: NDArray[np.float32]) -> Iterable[tuple[int, int]]:
    """Yield pairs of pictures that look the same."""
    words = np.packbits(bits, axis=1).view(f">u{BITS // BANDS // 8}")
    for band in range(BANDS):
        order = np.argsort(words[:, band], kind="stable")
        cuts = np.flatnonzero(np.diff(words[order, band])) + 1
        for crowd in np.split(order, cuts):
            if not 1 < len(crowd) <= CROWD:
                continue
            alike = thumbs[crowd] @ thumbs[crowd].T > ALIKE
            for one, other in np.argwhere(np.triu(alike, 1)):
                left, right = int(crowd[one]), int(crowd[other])
                if np.count_nonzero(bits[left] != bits[right]) <= FARTHEST:
                    yield left, right


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
