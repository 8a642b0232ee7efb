"""How a layer refuses a value: what it needs, and which repair would help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelstudio.network.analysis import Shape


@dataclass(frozen=True, slots=True)
class Repair:
    """An edit that would mend a mismatch.

    With ``insert`` a layer of that type and those ``settings`` is put into the wire; with
    ``become`` the layer that refused turns into one of that type; with ``wire``, the names of
    two ports, the second is given the ids that the sequence at the first is made of; with
    ``remove`` it goes; otherwise its settings change, or with ``source`` those of the block before.
    ``at`` is the place of the value that is meant, where it is not the one that was refused.
    """

    label: str
    insert: str | None = None
    become: str | None = None
    wire: tuple[str, str] | None = None
    settings: tuple[tuple[str, Any], ...] = ()
    source: bool = False
    remove: bool = False
    at: int | None = None


REMOVE = Repair("Remove it", remove=True)
PERMUTE = Repair("Insert Permute", "Permute")
LAST_AXIS = Repair("Use the last dimension", settings=(("axis", -1),))


class Mismatch(Exception):
    """A layer cannot take a value.

    Parameters
    ----------
    needs
        Ends a sentence that begins with the name of the block: ``"needs a row of numbers"``.
    given
        Which of its values is meant; its source and shape finish the sentence. None leaves both
        out.
    repairs
        Edits that would help, best first.
    """

    def __init__(self, needs: str, given: int | None = None, *repairs: Repair) -> None:
        super().__init__(needs)
        self.needs = needs
        self.given = given
        self.repairs = repairs


class Unfixed(Mismatch):
    """A layer needs a size as a number, but it is a symbol."""

    def __init__(self, what: str, shape: Shape) -> None:
        super().__init__(f"needs {what} to be a fixed number")
        self.shape = shape


class NotYet(Mismatch):
    """Nothing is wrong, but the shape cannot be known before torch is loaded."""


class Untrusted(NotYet):
    """The shape cannot be known because nobody has said that the code of a block may run."""

    def __init__(self, source: str) -> None:
        super().__init__("runs Python that you have not trusted, so it was not run")
        self.source = source


RANK_WORDS = {
    1: "one number for each sample",
    2: "a row of numbers for each sample",
    3: "rows of numbers",
    4: "maps (channels x height x width)",
    5: "volumes (channels x depth x height x width)",
}
"""What a value of a rank is called; the batch counts as one dimension."""


ORDER_WORDS = {
    "steps": "a sequence (steps x width)",
    "channels": "rows of numbers (channels x length)",
}
"""What rows of numbers are called where their order is known."""


def rank_text(ranks: Iterable[int], words: Mapping[int, str] = RANK_WORDS) -> str:
    """Say what values of some ranks are called: ``a sequence or maps``."""
    return " or ".join(words.get(rank, f"{rank} dimensions") for rank in ranks)


def describe(shape: Shape, dtype: str) -> str:
    """Say in words what a value is: ``64 maps of 7 x 7``."""
    dims = shape[1:]
    if dtype == "int":
        if not dims:
            return "one id for each sample"
        several = "" if dims == (1,) else "s"
        return f"{' x '.join(map(str, dims))} id{several} for each sample"
    if not dims:
        return "one number for each sample"
    if len(dims) == 1:
        return f"a row of {dims[0]} numbers" if dims[0] != 1 else "one number"
    kind = {2: "row", 3: "map", 4: "volume"}.get(len(dims), "block")
    several = "" if dims[0] == 1 else "s"
    return f"{dims[0]} {kind}{several} of {' x '.join(map(str, dims[1:]))}"
