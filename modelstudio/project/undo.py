"""Undo as a stack of labelled snapshots; values share what did not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value and the edit that led to it."""

    value: T
    label: str
    merge_key: str | None = None


class UndoStack(Generic[T]):
    """Past and future values of a document, with a mark at the saved one.

    Parameters
    ----------
    value
        The first value; it counts as saved.
    limit
        Greatest number of edits kept.
    """

    def __init__(self, value: T, limit: int = 1000) -> None:
        self._entries: list[Entry[T]] = [Entry(value, "")]
        self._index = 0
        self._clean: int | None = 0
        self._merging = True
        self.limit = limit

    @property
    def value(self) -> T:
        """The current value."""
        return self._entries[self._index].value

    @property
    def clean(self) -> bool:
        """True when the current value is the saved one."""
        return self._clean == self._index

    @property
    def undo_label(self) -> str | None:
        """Name of the edit that undo takes back."""
        return self._entries[self._index].label if self._index else None

    @property
    def redo_label(self) -> str | None:
        """Name of the edit that redo brings back."""
        ahead = self._index + 1
        return self._entries[ahead].label if ahead < len(self._entries) else None

    def push(self, value: T, label: str, merge_key: str | None = None) -> None:
        """Add an edit.

        One with the same merge key as the last takes its place, so that a drag or a typed number is
        one undo; a saved value is never merged away.
        """
        current = self._entries[self._index]
        merge = (
            merge_key is not None
            and merge_key == current.merge_key
            and self._merging
            and self._index > 0
            and not self.clean
        )
        if self._clean is not None and self._clean > self._index:
            self._clean = None
        del self._entries[self._index + 1 :]
        if merge:
            self._entries.pop()
            self._index -= 1
        self._entries.append(Entry(value, label, merge_key))
        self._index += 1
        self._merging = True
        if len(self._entries) > self.limit + 1:
            dropped = len(self._entries) - self.limit - 1
            del self._entries[:dropped]
            self._index -= dropped
            if self._clean is not None:
                self._clean = self._clean - dropped if self._clean >= dropped else None

    def amend(self, value: T) -> None:
        """Replace the current value without an undo entry."""
        entry = self._entries[self._index]
        self._entries[self._index] = Entry(value, entry.label, entry.merge_key)

    def undo(self) -> T:
        """Step back and return the value; at the beginning nothing happens."""
        self._index = max(0, self._index - 1)
        self._merging = False
        return self.value

    def redo(self) -> T:
        """Step forward and return the value; at the end nothing happens."""
        self._index = min(len(self._entries) - 1, self._index + 1)
        self._merging = False
        return self.value

    def mark_clean(self) -> None:
        """Note that the current value is saved."""
        self._clean = self._index
        self._merging = False

    def mark_dirty(self) -> None:
        """Note that no value here is saved, as after a recovery."""
        self._clean = None
