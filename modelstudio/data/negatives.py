"""Items that were not chosen, drawn for users of whom only what they chose is known.

What a user chose in the training part is known to the draw and never drawn; what stands in the
other parts is not, as it will not be known either when the network is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.fitted import Encoded, FittedRecipe
from modelstudio.errors import DataError

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Names of the fields of the two ids in a row."""

    user: str
    item: str


def pair_of(fitted: FittedRecipe) -> Pair:
    """Tell the field of the users from that of the items.

    Raises
    ------
    DataError
        When the network is given anything else: what belongs to the item of a row would give away
        that another was put in its place.
    """
    item = fitted.target.column
    single = {
        field.columns[0]: field.spec.name
        for field in fitted.inputs
        if field.spec.kind == "ids" and not field.spec.shape
    }
    others = [column.name for column in fitted.columns if column.name != item]
    if len(others) == 1 and len(single) == len(fitted.inputs) == 2 and item in single:
        return Pair(single[others[0]], single[item])
    told = f"beside {item} there are {', '.join(others[:5])}" if others else f"there is only {item}"
    raise DataError(
        f"What is chosen is learnt from one column of users and one of items, but {told}.",
        where=item,
        fix="Leave one other column a feature, and let Index number both.",
    )


class Positives:
    """What each user chose in the training part, and items drawn from all the rest.

    Parameters
    ----------
    users, items
        Ids of the training rows, from 1; 0 is an unknown one and never drawn. Shape (rows,).
    catalogue
        Number of items; their ids end there.
    """

    def __init__(self, users: Ids, items: Ids, catalogue: int) -> None:
        self._catalogue = catalogue
        pairs = np.unique(users[items > 0] * (catalogue + 1) + items[items > 0])
        users, items = np.divmod(pairs, catalogue + 1)
        self._pairs = pairs
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(users))])
        # For the j-th smallest item p of a user, p - 1 - j items below it were not chosen.
        below = items - 1 - (np.arange(len(items)) - self._starts[users])
        self._below = users * catalogue + below

    def free(self, users: Ids) -> Ids:
        """Return how many items each user can be given; shape (rows,)."""
        return self._catalogue - self._chosen(users)

    def holds(self, users: Ids, items: Ids) -> NDArray[np.bool_]:
        """Tell which pairs stand in the training part; shape (rows,)."""
        keys = users * (self._catalogue + 1) + items
        return np.isin(keys, self._pairs)

    def draw(self, users: Ids, lots: NDArray[np.float64], beside: Ids | None = None) -> Ids:
        """Return an item for each user that the user did not choose in the training part.

        Each of them is as likely. One search in a sorted array finds them all, and none has to be
        drawn again.

        Parameters
        ----------
        lots
            Numbers from 0 to 1, without 1; shape (rows,).
        beside
            An item for each user that is not drawn either, chosen or not.

        Returns
        -------
        Ids
            Shape (rows,); 0 for a user who has no item left.
        """
        room = self.free(users)
        if beside is None:
            place = (lots * room).astype(np.int64)
        else:
            own, fresh = self._place(users, beside)
            room = room - fresh
            place = (lots * room).astype(np.int64)
            place += fresh & (place >= own)
        passed = _passed(self._below, users * self._catalogue + place)
        found = place + 1 + passed - self._first(users)
        return np.where(room > 0, found, 0)

    def _place(self, users: Ids, items: Ids) -> tuple[Ids, NDArray[np.bool_]]:
        """Return how many items below each are free, and whether it is free itself."""
        keys = users * (self._catalogue + 1) + items
        at = _passed(self._pairs, keys - 1)
        chosen = self._pairs[np.minimum(at, len(self._pairs) - 1)] == keys
        return items - 1 - (at - self._first(users)), ~chosen & (items > 0)

    def _first(self, users: Ids) -> Ids:
        return self._starts[np.minimum(users, len(self._starts) - 1)]

    def _chosen(self, users: Ids) -> Ids:
        return self._starts[np.minimum(users + 1, len(self._starts) - 1)] - self._first(users)


def _passed(ascending: Ids, keys: Ids) -> Ids:
    """Return how many of ascending numbers are not above each key.

    The keys are looked up in order, which is four times as fast as it keeps near what was read.
    """
    order = np.argsort(keys)
    found = np.empty(len(keys), dtype=np.int64)
    found[order] = np.searchsorted(ascending, keys[order], side="right")
    return found


def positives_of(fitted: FittedRecipe, train: Encoded) -> Positives:
    """Return what the users chose in the training part.

    Raises
    ------
    DataError
        When Index numbers none of the items.
    """
    pair = pair_of(fitted)
    items = _ids(train, pair.item)
    if not items.any():
        raise DataError(
            f"Index gives no {fitted.target.column} of the training rows a number of its own.",
            where=fitted.target.column,
            fix="Let it number items of fewer rows.",
        )
    return Positives(_ids(train, pair.user), items, _catalogue(fitted))


def with_room(encoded: Encoded, fitted: FittedRecipe, positives: Positives) -> Encoded:
    """Leave out the rows of users who chose every other item, for whom there is none to draw."""
    pair = pair_of(fitted)
    items = _ids(encoded, pair.item)
    keep = positives.draw(_ids(encoded, pair.user), np.zeros(len(items)), items) > 0
    if keep.all():
        return encoded
    reason = f"{pair.user} has every {pair.item} in the training rows"
    unscored = {**encoded.unscored, reason: int((~keep).sum())}
    return replace(encoded.take(keep), unscored=unscored)


def repeats(encoded: Encoded, fitted: FittedRecipe, positives: Positives) -> int:
    """Count the rows whose user has a training row with their item."""
    pair = pair_of(fitted)
    return int(positives.holds(_ids(encoded, pair.user), _ids(encoded, pair.item)).sum())


def candidates(
    encoded: Encoded, fitted: FittedRecipe, positives: Positives, count: int, seed: Sequence[int]
) -> Encoded:
    """Put items that were not chosen behind the rows: all the first ones, then all the second ones.

    The same rows and seed give the same.
    """
    pair = pair_of(fitted)
    users, items = _ids(encoded, pair.user), _ids(encoded, pair.item)
    lots = np.random.default_rng(seed).random(len(users) * count)
    others = positives.draw(np.tile(users, count), lots, np.tile(items, count))
    truth = np.concatenate([np.ones(len(items)), np.zeros(len(others))]).astype(np.int64)
    fields: Mapping[str, Any] = {
        pair.user: np.tile(users, count + 1),
        pair.item: np.concatenate([items, others]),
    }
    return replace(
        encoded, fields=fields, truth=truth, scaled=truth, rows=np.tile(encoded.rows, count + 1)
    )


def popularity(fitted: FittedRecipe, train: Encoded) -> NDArray[np.float64]:
    """Return how many training rows each item has, by id; an unknown one has none."""
    items = _ids(train, pair_of(fitted).item)
    counts = np.bincount(items, minlength=_catalogue(fitted) + 1).astype(np.float64)
    counts[0] = 0.0
    return counts


def _catalogue(fitted: FittedRecipe) -> int:
    """Return how many items there are; id 0 is none."""
    name = pair_of(fitted).item
    return next((field.vocabulary or 1) - 1 for field in fitted.fields if field.name == name)


def _ids(encoded: Encoded, name: str) -> Ids:
    ids = encoded.fields[name]
    assert isinstance(ids, np.ndarray)
    return ids
