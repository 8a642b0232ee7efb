"""Tensors that are gathered by index, batch after batch; what fits stays on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from modelstudio.data.augment import Augmenter
from modelstudio.data.negatives import Pair, Positives
from modelstudio.data.stored import Ragged, Stored
from modelstudio.recipe.fields import FieldSpec

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded


UNKNOWN = 0.02
"""Share of the ids in training batches that count as unknown."""


class StoredTensor:
    """Rows of a stored array as tensors: read, scaled and put on the device a batch at a time.

    ``steps`` is the length of the rows where they are sequences of ids, else 1. With a device of
    its own memory the rows are moved there as they are when they take less than half of what is
    free.
    """

    def __init__(self, stored: Stored, device: torch.device, dtype: torch.dtype) -> None:
        array = stored.array
        self._array = array if isinstance(array, Ragged) else torch.from_numpy(array)
        self._index = torch.from_numpy(stored.index)
        self.device, self._dtype = device, dtype
        self.steps = stored.shape[1] if dtype == torch.int64 else 1
        shape = (-1, *[1] * (array.ndim - 2))
        self._shift, self._factor = (
            torch.tensor(numbers, dtype=dtype, device=device).view(shape) if numbers else None
            for numbers in (stored.shift, stored.factor)
        )
        if isinstance(self._array, Ragged):
            return
        size = self._index.numel() * self._array[0].nbytes if len(self._array) else 0
        if device.type == "cuda" and 2 * size < torch.cuda.mem_get_info(device)[0]:
            self._array = self._array.index_select(0, self._index).to(device)
            self._index = torch.arange(len(self._index), device=device)

    def __len__(self) -> int:
        return len(self._index)

    def at(self, rows: Tensor, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Return rows by number, changed and then scaled; shape (rows, ...)."""
        index = self._index.index_select(0, rows.to(self._index.device))
        if isinstance(self._array, Ragged):
            values = torch.from_numpy(self._array[index.numpy()])
        else:
            values = self._array.index_select(0, index)
        values = values.to(self.device, self._dtype)
        if change is not None:
            values = change(values)
        if self._shift is not None:
            values -= self._shift
        if self._factor is not None:
            values *= self._factor
        return values


def without_padding(ids: Tensor) -> Tensor:
    """Cut off the places at the right that are padding in every row (rows, length)."""
    used = ids.any(dim=0).nonzero()
    return ids[:, : int(used[-1]) + 1] if len(used) else ids[:, :1]


def _partly_unknown(ids: Tensor) -> Tensor:
    return ids * (torch.rand(len(ids)) >= UNKNOWN).to(ids.device)


class NegativeDraw:
    """Puts items that were not chosen behind a batch, drawn by the generator that training keeps.

    All the first ones come behind the rows, then all the second ones, as in `candidates`.

    Parameters
    ----------
    target
        Name of the target: 1 for the rows, 0 for what is drawn.
    count
        Items a row.
    """

    def __init__(self, positives: Positives, pair: Pair, target: str, count: int) -> None:
        self._positives, self._pair = positives, pair
        self._target, self._count = target, count

    def behind(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return a batch of ``1 + count`` times as many rows."""
        users, items = batch[self._pair.user], batch[self._pair.item]
        repeated = users.repeat(self._count)
        lots = torch.rand(len(repeated), dtype=torch.float64)
        drawn = self._positives.draw(repeated.cpu().numpy(), lots.numpy())
        truth = batch[self._target]
        return {
            self._pair.user: torch.cat([users, repeated]),
            self._pair.item: torch.cat([items, torch.from_numpy(drawn).to(items.device)]),
            self._target: torch.cat([truth, truth.new_zeros(len(drawn))]),
        }


class TensorData:
    """All rows of a part by field; the first dimension of each is the rows.

    Parameters
    ----------
    fields
        What stays on the device.
    stored
        What is read batch by batch.
    augmenter
        What changes batches at random; for rows that train only.
    negatives
        What puts other rows behind a batch; for rows that train only.
    """

    def __init__(
        self,
        fields: Mapping[str, Tensor],
        stored: Mapping[str, StoredTensor] | None = None,
        augmenter: Augmenter | None = None,
        negatives: NegativeDraw | None = None,
    ) -> None:
        self.fields = dict(fields)
        self.stored = dict(stored or {})
        self._augmenter, self._negatives = augmenter, negatives
        self._cut: tuple[str, ...] = ()
        self._hidden: tuple[str, ...] = ()
        held: list[Tensor | StoredTensor] = [*self.fields.values(), *self.stored.values()]
        self.rows = len(held[0])
        self.device = held[0].device

    @classmethod
    def from_encoded(
        cls,
        encoded: Encoded,
        fields: Sequence[FieldSpec],
        device: torch.device | str = "cpu",
        floats: torch.dtype = torch.float32,
        augmenter: Augmenter | None = None,
        negatives: NegativeDraw | None = None,
    ) -> TensorData:
        """Put encoded rows on a device: inputs and values as ``floats``, ids and classes int64."""
        tensors, stored = {}, {}
        for field in fields:
            array = encoded.fields[field.name] if field.role == "input" else encoded.scaled
            dtype = torch.int64 if field.dtype == "int" else floats
            if not isinstance(array, Stored) and array.dtype.kind == "i" and array.ndim > 1:
                array = Stored(array, np.arange(len(array)))  # ids of many places, maybe views
            if isinstance(array, Stored):
                stored[field.name] = StoredTensor(array, torch.device(device), dtype)
            else:
                made = torch.as_tensor if isinstance(array, np.memmap) else torch.tensor
                tensors[field.name] = made(array, dtype=dtype, device=device)
        return cls(tensors, stored, augmenter, negatives)

    @property
    def steps(self) -> int:
        """Length of the longest sequences of ids, 1 without any."""
        return max((values.steps for values in self.stored.values()), default=1)

    def leave_padding_out(self, names: Sequence[str]) -> None:
        """Cut batches of some fields of ids to their longest sequence from now on."""
        self._cut = tuple(names)

    def hide_ids(self, names: Sequence[str]) -> None:
        """Let a few ids of some fields be 0 from now on, others in every batch.

        What a network says of an id it has never met is then learnt; it is near the mean.
        """
        self._hidden = tuple(names)

    def gather(self, rows: Tensor) -> dict[str, Tensor]:
        """Return some rows of every field; ``rows`` are int64 on the device."""
        batch = {name: values.index_select(0, rows) for name, values in self.fields.items()}
        augmenter = self._augmenter
        for name, values in self.stored.items():
            change = partial(augmenter.raw, name) if augmenter is not None else None
            batch[name] = values.at(rows, change)
        batch = batch if augmenter is None else augmenter.batch(batch)
        batch |= {name: without_padding(batch[name]) for name in self._cut}
        batch = batch if self._negatives is None else self._negatives.behind(batch)
        return batch | {name: _partly_unknown(batch[name]) for name in self._hidden}

    def portions(self, order: Tensor, size: int, skip: int = 0) -> Iterator[Tensor]:
        """Yield row numbers batch by batch, for `gather`.

        Parameters
        ----------
        order
            Row numbers, int32 or int64.
        size
            Rows a batch; the last may be smaller.
        skip
            Batches left out at the beginning, as when a run goes on in the middle of an epoch.
        """
        order = order.to(self.device)
        for start in range(skip * size, len(order), size):
            yield order[start : start + size].long()

    def batches(self, order: Tensor, size: int) -> Iterator[dict[str, Tensor]]:
        """Yield batches of rows in a given order; ``size`` rows each, the last may be smaller."""
        return map(self.gather, self.portions(order, size))
