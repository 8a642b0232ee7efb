"""The undo stack against a plain list of what a person has done."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modelstudio.project.undo import UndoStack


class Editing(RuleBasedStateMachine):
    """Drive a stack and a model of it: values with labels, a place, and the saved value.

    Every pushed value is new, so that the saved state is known by its value alone.
    """

    @initialize(limit=st.integers(1, 6))
    def open(self, limit: int) -> None:
        self.stack = UndoStack(0, limit)
        self.limit = limit
        self.steps: list[tuple[int, str, str | None]] = [(0, "", None)]
        self.place = 0
        self.saved: int | None = 0
        self.mergeable = False
        self.next = 1

    @rule(label=st.sampled_from(["Move", "Type"]), key=st.sampled_from([None, "a", "b"]))
    def push(self, label: str, key: str | None) -> None:
        value, self.next = self.next, self.next + 1
        current = self.steps[self.place]
        merges = (
            self.mergeable and key is not None and key == current[2] and current[0] != self.saved
        )
        kept = self.steps[: self.place + (not merges)]
        self.steps = [*kept, (value, label, key)][-self.limit - 1 :]
        self.place = len(self.steps) - 1
        self.mergeable = True
        self.stack.push(value, label, key)

    @rule()
    def undo(self) -> None:
        self.place = max(0, self.place - 1)
        self.mergeable = False
        assert self.stack.undo() == self.steps[self.place][0]

    @rule()
    def redo(self) -> None:
        self.place = min(len(self.steps) - 1, self.place + 1)
        self.mergeable = False
        assert self.stack.redo() == self.steps[self.place][0]

    @rule()
    def save(self) -> None:
        self.saved = self.steps[self.place][0]
        self.mergeable = False
        self.stack.mark_clean()

    @rule()
    def recover(self) -> None:
        self.saved = None
        self.stack.mark_dirty()

    @precondition(lambda self: self.saved is not None)
    @rule()
    def amend(self) -> None:
        value, self.next = self.next, self.next + 1
        old, label, key = self.steps[self.place]
        self.saved = value if old == self.saved else self.saved
        self.steps[self.place] = (value, label, key)
        self.stack.amend(value)

    @invariant()
    def agrees(self) -> None:
        value, label, _ = self.steps[self.place]
        ahead = self.steps[self.place + 1 :]
        assert self.stack.value == value
        assert self.stack.clean == (value == self.saved)
        assert self.stack.undo_label == (label if self.place else None)
        assert self.stack.redo_label == (ahead[0][1] if ahead else None)


Editing.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestEditing = Editing.TestCase


@pytest.fixture
def stack() -> UndoStack[str]:
    return UndoStack("empty")


def test_a_drag_is_one_undo(stack: UndoStack[str]) -> None:
    for place in "123":
        stack.push(place, "Move fc1", "move fc1")
    assert stack.value == "3"
    assert stack.undo() == "empty"
    assert stack.redo_label == "Move fc1"
    assert stack.redo() == "3"


def test_another_edit_ends_a_drag(stack: UndoStack[str]) -> None:
    stack.push("1", "Move fc1", "move fc1")
    stack.push("2", "Rename fc1")
    stack.push("3", "Move fc1", "move fc1")
    assert [stack.undo(), stack.undo(), stack.undo()] == ["2", "1", "empty"]


def test_what_was_saved_can_be_reached_again(stack: UndoStack[str]) -> None:
    stack.push("1", "Type", "units")
    stack.mark_clean()
    stack.push("2", "Type", "units")
    assert not stack.clean
    assert stack.undo() == "1"
    assert stack.clean


def test_a_saved_value_that_is_cut_off_is_never_clean_again(stack: UndoStack[str]) -> None:
    stack.push("1", "Add fc1")
    stack.mark_clean()
    stack.undo()
    stack.push("2", "Add fc2")
    assert not stack.clean
    assert stack.undo() == "empty"
    assert not stack.clean


def test_no_edit_is_no_undo(stack: UndoStack[str]) -> None:
    assert (stack.undo_label, stack.redo_label) == (None, None)
    assert stack.undo() == stack.redo() == "empty"
    assert stack.clean


def test_the_oldest_edits_are_dropped() -> None:
    stack = UndoStack(0, limit=3)
    for value in range(1, 6):
        stack.push(value, f"Edit {value}")
    reached = [stack.undo() for _ in range(5)]
    assert reached == [4, 3, 2, 2, 2]
    assert not stack.clean
