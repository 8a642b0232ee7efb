"""Pictures that look the same: of another size, compression or light, turned, mirrored, cropped.

Two photographs hardly ever look the same by chance, two pictures of one plain shape may. So what
is plain, turned or cropped counts only when it is nearer than the other pictures lead to expect.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

SIDE, GREY_SIDE, THUMB = 64, 32, 16
"""Sides of the small pictures, of the grey ones and of the thumbnails that are compared."""

BITS, BANDS = 64, 4
"""Bits of a perceptual hash; pictures are compared when one of its bands is the same."""

FARTHEST = 10
"""Bits in which the hashes of pictures that look the same may differ."""

ALIKE, CROPPED_ALIKE = 0.993, 0.97
"""Correlation of the thumbnails of pictures that look the same, and of one with a crop of it."""

MOST_SHADE, MOST_COLOUR = 10.0, 12.0
"""Shades, from 0 to 255, by which details and colours of such pictures differ in the mean, but for
their light and contrast."""

LIGHT = np.array([0.299, 0.587, 0.114], np.float32)
"""What red, green and blue add to the shade of a grey picture."""

GREY = 8
"""Shades by which the channels of a grey picture differ at most."""

FLAT = 2.0
"""Standard deviation of shades below which a picture shows nothing that could be compared."""

EVEN, PLAIN = 16.0, 0.75
"""Shades by which neighbouring blocks differ where a picture is even, and the even share of one
that is plain."""

AREA, SHADES, FEW_AREAS = 6, 32, 2
"""Even blocks of the same colour that make an area, shades that are the same then, and areas of a
plain picture that tells too little to be known again: a shape on a ground."""

ROUGH, LITTLE = 24, 70
"""Shades to which a thumbnail is rounded, and bytes, compressed, up to which it may well be another
one turned round."""

CROWD = 2_000
"""A band that so many pictures share tells nothing."""

CHANCE, REFERENCE = 1e-4, 800
"""Chance of a pair so near from which it counts, and pictures whose distances tell it."""

NEARER, NEAREST = 0.6, (10, 30, 90)
"""How much nearer such a pair is at least, and the next pairs, that tell how fast nearer ones get
rare."""

MOST_TURNED = 20_000
"""Pictures up to which turned and cropped ones are looked for."""

T = TypeVar("T")

Pair = tuple[int, int]
Shades = NDArray[np.float32]
Distances = NDArray[np.float64]
_Prints = tuple[NDArray[np.bool_], Shades]
Groups = tuple[tuple[int, ...], ...]


class Seen(NamedTuple):
    """What one picture shows: ``small`` in colour, shape (64, 64, 3), and ``grey``, (32, 32)."""

    small: NDArray[np.uint8]
    grey: Shades


@dataclass(frozen=True, slots=True)
class _Way:
    """How a copy was made: transposed or not, and from where to where it shows the sides."""

    transposed: bool = False
    rows: tuple[float, float] = (0.0, 1.0)
    columns: tuple[float, float] = (0.0, 1.0)

    @property
    def is_crop(self) -> bool:
        return any(abs(high - low) < 1 for low, high in (self.rows, self.columns))

    def applied(self, pictures: Shades) -> Shades:
        """Return pictures made in this way; shape (..., side, side)."""
        side = pictures.shape[-1]
        if self.transposed:
            pictures = pictures.swapaxes(-1, -2)
        rows, columns = _taking(*self.rows, side), _taking(*self.columns, side)
        return np.asarray(rows @ pictures @ columns.T, np.float32)


def _taking(low: float, high: float, side: int) -> Shades:
    """Return the matrix that takes a stretch of a side; turned round where it ends lower."""
    at = np.clip((low + (high - low) * (np.arange(side) + 0.5) / side) * side - 0.5, 0, side - 1)
    return np.asarray(np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(side))), np.float32)


AS_IT_IS = _Way()

_ENDS = ((0.0, 1.0), (1.0, 0.0))
_TURNS = tuple(
    way
    for way in (_Way(*each) for each in product((False, True), _ENDS, _ENDS))
    if way not in (AS_IT_IS, _Way(True, *_ENDS))  # turned left is the other turned right
)
_CROPS = tuple(
    _Way(False, *each)
    for each in (
        *(((low, 1 - low), (low, 1 - low)) for low in (0.05, 0.1)),
        *product(((0.0, 0.9), (0.1, 1.0)), repeat=2),
    )
)


_ANGLES = np.pi * (np.arange(GREY_SIDE) + 0.5)[None, :] * np.arange(8)[:, None] / GREY_SIDE
_WAVES = np.cos(_ANGLES).astype(np.float32)
"""The slowest waves of a discrete cosine transform; shape (8, 32)."""


def perceptual_hashes(grey: Shades) -> NDArray[np.bool_]:
    """Return hashes that pictures that look alike share; shape (pictures, 64).

    Their bits tell which of the slow waves of grey pictures, shape (pictures, 32, 32), are
    stronger than the median wave.
    """
    waves = (_WAVES @ grey @ _WAVES.T).reshape(len(grey), -1)
    return np.asarray(waves > np.median(waves[:, 1:], axis=1, keepdims=True))


def lookalikes(seen: Mapping[int, Seen], copies: Groups, sign: T) -> Generator[T, None, Groups]:
    """Group rows that look the same; of copies only the first is compared.

    Yields a sign of life now and then, and may be closed.
    """
    later = {row for group in copies for row in group[1:]}
    rows = [row for row in seen if row not in later and float(seen[row].grey.std()) > FLAT]
    if len(rows) < 2:
        return ()
    grey = np.stack([seen[row].grey for row in rows])
    there, details = _prints(grey), _Details([seen[row].small for row in rows], AS_IT_IS)
    whole = {group[0]: group for group in copies}
    groups = {at: [at] for at in range(len(rows))}
    alike: set[Pair] = set()
    for way in (AS_IT_IS, *(_TURNS + _CROPS if len(rows) <= MOST_TURNED else ())):
        yield sign
        for left, right in _pairs(grey, there, details, way, alike):
            alike |= {(left, right), (right, left)}
            if groups[left] is not groups[right]:
                larger, smaller = sorted((groups[left], groups[right]), key=len, reverse=True)
                larger += smaller
                for at in smaller:
                    groups[at] = larger
    found = {id(group): group for group in groups.values() if len(group) > 1}
    return tuple(
        tuple(sorted(row for at in group for row in whole.get(rows[at], (rows[at],))))
        for group in found.values()
    )


class _Detail(NamedTuple):
    """Centred shades, shades of blocks and colours of a picture, and whether it is grey."""

    shades: Shades
    light: Shades
    colours: Shades
    grey: bool


class _Details:
    """Details of pictures as they look when made in some way, each worked out once."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], way: _Way) -> None:
        self.pictures, self.way = pictures, way
        self._known: dict[int, _Detail] = {}

    def __getitem__(self, at: int) -> _Detail:
        if at not in self._known:
            picture = self.pictures[at].astype(np.float32)
            grey = float(np.ptp(picture, axis=2).max()) < GREY
            if self.way is not AS_IT_IS:
                picture = np.moveaxis(self.way.applied(np.moveaxis(picture, 2, 0)), 0, 2)
            shades = (picture @ LIGHT)[..., None]
            self._known[at] = _Detail(
                shades=_centred(_blocks(shades, GREY_SIDE)),
                light=_centred(_blocks(shades, THUMB)),
                colours=_centred(_blocks(picture, THUMB)),
                grey=grey,
            )
        return self._known[at]

    def even(self, at: int) -> tuple[float, int]:
        """Return which share of a picture is even, and how many areas of one colour that makes."""
        blocks = self[at].colours.reshape(THUMB, THUMB, 3)
        down, across = (np.abs(np.diff(blocks, axis=axis)).max(axis=2) < EVEN for axis in (0, 1))
        colours = np.round(blocks[:-1, :-1][down[:, :-1] & across[:-1]] / SHADES)
        sizes = np.unique(colours, axis=0, return_counts=True)[1]
        return float(down.mean() + across.mean()) / 2, int((sizes >= AREA).sum())

    def tells(self, at: int, way: _Way) -> bool:
        """Tell whether a picture shows enough to be known again when it is made in some way."""
        share, areas = self.even(at)
        if share > PLAIN and areas <= FEW_AREAS:
            return False
        shown = self[at].light if self[at].grey else self[at].colours
        rough = np.round(shown / ROUGH).astype(np.int8)
        return way is AS_IT_IS or len(zlib.compress(rough.tobytes())) > LITTLE


def _blocks(picture: Shades, side: int) -> Shades:
    """Average square blocks so that so many are left beside each other."""
    size = len(picture) // side
    means: Shades = picture.reshape(side, size, side, size, -1).mean(axis=(1, 3))
    return means


def _centred(shades: Shades) -> Shades:
    flat = shades.ravel()
    centred: Shades = flat - flat.mean()
    return centred


def _unit(shades: Shades) -> Shades:
    length = np.sqrt((shades**2).sum(axis=-1, keepdims=True))
    unit: Shades = shades / np.maximum(length, 1e-6)
    return unit


def _pairs(
    grey: Shades, there: _Prints, details: _Details, way: _Way, alike: Collection[Pair]
) -> list[Pair]:
    """Pair pictures of which the one, made in some way, looks like the other.

    Two photographs hardly do by chance; what is plain or turned counts when it is nearer than the
    others lead to expect. Those known to be ``alike`` do not tell that, nor are they paired again.
    """
    made, here = details, there
    if way is not AS_IT_IS:
        made, here = _Details(details.pictures, way), _prints(way.applied(grey))
    sure: list[Pair] = []
    doubtful: list[Pair] = []
    for left, right in set(_close(*here, *there, CROPPED_ALIKE if way.is_crop else ALIKE)):
        if left == right or (left, right) in alike or (way is AS_IT_IS and left > right):
            continue
        if not _match(made[left], details[right]):
            continue
        if details.tells(left, way) and details.tells(right, way):
            even = min(details.even(at)[0] for at in (left, right))
            (sure if way is AS_IT_IS and even <= PLAIN else doubtful).append((left, right))
    return sure + _unexpected(doubtful, made, details, [*alike, *sure])


def _prints(grey: Shades) -> _Prints:
    """Return the hashes of grey pictures and their thumbnails, shape (pictures, 256)."""
    rows = grey[:, ::2] + grey[:, 1::2]
    blocks = (rows[..., ::2] + rows[..., 1::2]).reshape(len(grey), -1)
    return perceptual_hashes(grey), _unit(blocks - blocks.mean(axis=1, keepdims=True))


def _close(
    bits: NDArray[np.bool_],
    thumbs: Shades,
    other_bits: NDArray[np.bool_],
    other_thumbs: Shades,
    least: float,
) -> Iterator[Pair]:
    """Yield pairs of pictures whose hashes and thumbnails are nearly the same."""
    words, others = (
        np.packbits(each, axis=1).view(f">u{BITS // BANDS // 8}") for each in (bits, other_bits)
    )
    for band in range(BANDS):
        order, places = (np.argsort(each[:, band], kind="stable") for each in (words, others))
        held, start, count = np.unique(words[order, band], return_index=True, return_counts=True)
        first = np.searchsorted(others[places, band], held, side="left")
        last = np.searchsorted(others[places, band], held, side="right")
        told = (last > first) & (count <= CROWD) & (last - first <= CROWD)
        for at in np.flatnonzero(told):
            crowd = order[start[at] : start[at] + count[at]]
            crowd_there = places[first[at] : last[at]]
            alike = thumbs[crowd] @ other_thumbs[crowd_there].T > least
            for one, other in np.argwhere(alike):
                left, right = int(crowd[one]), int(crowd_there[other])
                if np.count_nonzero(bits[left] != other_bits[right]) <= FARTHEST:
                    yield left, right


def _match(one: _Detail, other: _Detail) -> bool:
    """Tell whether two pictures differ by their light, contrast, sharpness or noise alone.

    One of them may be grey.
    """
    if _differ(one.shades, other.shades) > MOST_SHADE:
        return False
    return one.grey or other.grey or _differ(one.colours, other.colours) <= MOST_COLOUR


def _differ(one: Shades, other: Shades) -> float:
    """Return the mean distance of centred shades when both have the same contrast."""
    squares = float(one @ one), float(other @ other)
    together = float(one @ other) / max(math.sqrt(squares[0] * squares[1]), 1e-9)
    contrast = math.sqrt(squares[0] * squares[1]) / len(one)
    return math.sqrt(contrast * max(0.0, 1 - together**2))


def _unexpected(
    pairs: Sequence[Pair], made: _Details, details: _Details, alike: Sequence[Pair]
) -> list[Pair]:
    """Return the pairs that are nearer than pictures lead to expect that are not alike."""
    if not pairs:
        return []
    count = len(details.pictures)
    some = range(0, count, -(-count // REFERENCE))
    chosen = [at for at in some if details.tells(at, made.way)]
    apart = _distances([made[at] for at in chosen], [details[at] for at in chosen])
    same = np.eye(len(chosen), dtype=bool)
    places = {at: place for place, at in enumerate(chosen)}
    for pair in (*pairs, *alike):
        if all(at in places for at in pair):
            left, right = (places[at] for at in pair)
            same[left, right] = same[right, left] = True
    others = np.sort(apart[~same])[: 2 * NEAREST[-1]]
    near = [_distances([made[left]], [details[right]]).item() for left, right in pairs]
    most = _nearer_than_chance(np.sort(near), others, count / len(some))
    return [pair for pair, distance in zip(pairs, near, strict=True) if distance <= most]


def _distances(left: Sequence[_Detail], right: Sequence[_Detail]) -> Distances:
    """Return how far apart pictures are, from 0 to 2, where one is grey by their light alone."""
    light, colours = (
        _unit(np.stack([getattr(each, name) for each in left]))
        @ _unit(np.stack([getattr(each, name) for each in right])).T
        for name in ("light", "colours")
    )
    grey = np.logical_or.outer([each.grey for each in left], [each.grey for each in right])
    together = np.where(grey, light, colours).astype(np.float64)
    return np.asarray(np.sqrt(np.maximum(0.0, 2 - 2 * together)))


def _nearer_than_chance(found: Distances, others: Distances, share: float) -> float:
    """Return the distance up to which pairs are no chance; less than 0 if there are none.

    How likely pictures lie within some distance by chance falls off as a power of it; the pairs
    next to those that look the same tell which.

    Parameters
    ----------
    found
        Distances of pairs that look the same, ascending.
    others
        Distances of the nearest pairs that do not.
    share
        How many times more pictures there are than those that ``others`` are of.
    """
    for at in range(len(found) - 1, -1, -1):
        beyond = np.sort(np.concatenate([found[at + 1 :], others]))
        if len(beyond) <= NEAREST[0] or found[at] >= NEARER * beyond[0]:
            continue
        power = min(
            (count - 1) / float(np.log(beyond[count] / beyond[:count]).sum())
            for count in NEAREST
            if count < len(beyond)
        )
        chance = (float(found[at] / beyond[0])) ** power * share**2
        if chance < CHANCE or (at and chance**2 < CHANCE):  # two together prove more
            return float(found[at])
    return -1.0
