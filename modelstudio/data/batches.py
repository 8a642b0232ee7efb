"""Tensors that stay on the device and are gathered by index, batch after batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from modelstudio.recipe.fields import FieldSpec

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded


class TensorData:
    """All rows of a part as tensors, by field; the first dimension of each is the rows."""

    def __init__(self, fields: Mapping[str, Tensor]) -> None:
        self.fields = dict(fields)
        first = next(iter(self.fields.values()))
        self.rows = len(first)
        self.device = first.device

    @classmethod
    def from_encoded(
        cls,
        encoded: Encoded,
        fields: Sequence[FieldSpec],
        device: torch.device | str = "cpu",
        floats: torch.dtype = torch.float32,
    ) -> TensorData:
        """Put encoded rows on a device: inputs and values as ``floats``, ids and classes int64."""
        tensors = {}
        for field in fields:
            array = encoded.fields[field.name] if field.role == "input" else encoded.scaled
            dtype = torch.int64 if field.dtype == "int" else floats
            tensors[field.name] = torch.tensor(array, dtype=dtype, device=device)
        return cls(tensors)

    def batches(self, order: Tensor, size: int, skip: int = 0) -> Iterator[dict[str, Tensor]]:
        """Yield batches of rows in a given order.

        Parameters
        ----------
        order
            Row numbers, int64.
        size
            Rows a batch; the last may be smaller.
        skip
            Batches left out at the beginning, as when a run goes on in the middle of an epoch.
        """
        order = order.to(self.device)
        for start in range(skip * size, len(order), size):
            index = order[start : start + size]
            yield {name: values.index_select(0, index) for name, values in self.fields.items()}
