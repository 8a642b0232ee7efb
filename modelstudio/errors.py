"""Errors that a person can mend: what happened, where, and what to do."""

from __future__ import annotations


class StudioError(Exception):
    """A problem told in plain sentences.

    Parameters
    ----------
    message
        What is wrong, as a full sentence.
    where
        The file, column or block concerned, if the message does not name it.
    fix
        What to do about it, as a full sentence.
    """

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def lines(self) -> list[str]:
        """Give one to three lines for a terminal or a dialog."""
        parts = [self.message]
        if self.where:
            parts.append(f"Where: {self.where}")
        if self.fix:
            parts.append(self.fix)
        return parts

    def __str__(self) -> str:
        return " ".join([self.message, *([self.fix] if self.fix else [])])

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.where, self.fix)


def _rebuild(
    kind: type[StudioError], message: str, where: str | None, fix: str | None
) -> StudioError:
    return kind(message, where=where, fix=fix)


class FieldError(StudioError):
    """A setting of a block or a step has a value it cannot take."""


class NetworkError(StudioError):
    """The network cannot be built as drawn; ``where`` is the address of the block."""


class DataError(StudioError):
    """The data cannot be read or used as asked; ``step`` is the place of a recipe step at fault."""

    step: int | None = None


class DataMoved(DataError):
    """The data of a project is not where it was; ``where`` is the place that was looked at."""


class ProjectError(StudioError):
    """A project file cannot be read or written."""


class TrainingError(StudioError):
    """Training cannot start or go on."""


class RunError(StudioError):
    """A run is missing, unfinished or owned by another process."""


class ExportError(StudioError):
    """The model cannot be exported as asked."""


class ImportFailed(StudioError):
    """A foreign network cannot be read, or nothing of it can be used."""
