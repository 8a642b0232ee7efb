"""The undo stack against a plain list of values."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelstudio.project.undo import UndoStack

LIMIT = 5


class Undoing(RuleBasedStateMachine):
    """Edits in any order; the model keeps every value and where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = UndoStack(0, limit=LIMIT)
        self.values = [0]
        self.at = 0
        self.saved: int | None = 0
        self.next = 0

    @rule()
    def push(self) -> None:
        self.next += 1
        self.stack.push(self.next, f"edit {self.next}")
        self.values = [*self.values[: self.at + 1], self.next][-LIMIT - 1 :]
        self.at = len(self.values) - 1

    @rule()
    def undo(self) -> None:
        self.at = max(0, self.at - 1)
        assert self.stack.undo() == self.values[self.at]

    @rule()
    def redo(self) -> None:
        self.at = min(len(self.values) - 1, self.at + 1)
        assert self.stack.redo() == self.values[self.at]

    @rule()
    def save(self) -> None:
        self.stack.mark_clean()
        self.saved = self.values[self.at]

    @precondition(lambda self: self.values[self.at] != self.saved)
    @rule()
    def amend(self) -> None:
        self.next += 1
        self.stack.amend(self.next)
        self.values[self.at] = self.next

    @rule()
    def recover(self) -> None:
        self.stack.mark_dirty()
        self.saved = None

    @invariant()
    def agrees(self) -> None:
        assert self.stack.value == self.values[self.at]
        assert self.stack.clean == (self.saved == self.values[self.at])
        assert (self.stack.undo_label is None) == (self.at == 0)
        assert (self.stack.redo_label is None) == (self.at == len(self.values) - 1)


TestUndoing = Undoing.TestCase
TestUndoing.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_edits_with_the_same_key_are_one_undo() -> None:
    stack = UndoStack("")
    for text in ("r", "re", "rel"):
        stack.push(text, "Rename", merge_key="name")
    assert stack.undo_label == "Rename"
    assert stack.undo() == ""
    assert stack.redo() == "rel"


def test_another_key_an_undo_or_a_save_ends_merging() -> None:
    stack = UndoStack(0)
    stack.push(1, "Move", merge_key="move")
    stack.push(2, "Size", merge_key="size")
    assert stack.undo() == 1
    stack.push(3, "Move", merge_key="move")
    assert stack.undo() == 1
    stack.redo()
    stack.mark_clean()
    stack.push(4, "Move", merge_key="move")
    assert not stack.clean
    assert stack.undo() == 3
    assert stack.clean


def test_a_saved_value_that_is_edited_away_is_never_clean_again() -> None:
    stack = UndoStack(0)
    stack.push(1, "One")
    stack.mark_clean()
    stack.undo()
    stack.push(2, "Two")
    assert not stack.clean
    assert stack.undo() == 0
    assert not stack.clean
