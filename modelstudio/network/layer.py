"""The base of every layer type and the placeholder for unknown ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from modelstudio.declaration import Declaration

if TYPE_CHECKING:
    from modelstudio.network.mismatch import Mismatch
    from modelstudio.network.shapes import Builder, Value

Category = Literal[
    "Input and output",
    "Convolution",
    "Linear",
    "Normalise",
    "Activation",
    "Pooling",
    "Recurrent",
    "Attention",
    "Regularise",
    "Merge and shape",
    "Heads",
    "Python",
    "Group",
]
"""Palette categories in palette order; each has a hue in the tokens."""

Order = Literal["", "steps", "channels"]
"""What comes first in rows of numbers, where it is known."""


@dataclass(frozen=True, slots=True)
class Port:
    """A place on a block where a wire ends or begins.

    Parameters
    ----------
    name
        Unique among the inputs (or outputs) of a layer.
    rank
        Number of dimensions it takes, the batch included; several are allowed, None takes any.
    dtype
        ``"float"``, ``"int"`` (ids) or ``"any"``.
    variadic
        Takes one or more wires, kept in order.
    optional
        May be left open.
    order
        How it reads rows of numbers: ``"steps"`` (steps x width) or ``"channels"`` (channels x
        length); empty for either.
    """

    name: str
    rank: int | tuple[int, ...] | None = None
    dtype: Literal["float", "int", "any"] = "float"
    variadic: bool = False
    optional: bool = False
    order: Order = ""

    @property
    def ranks(self) -> tuple[int, ...]:
        """Allowed ranks; empty when any will do."""
        if self.rank is None:
            return ()
        return (self.rank,) if isinstance(self.rank, int) else self.rank


class Layer(Declaration):
    """One layer type; its fields are what a person can set.

    Subclasses give ``inputs``, ``outputs`` and `lower`, and name their palette category. ``stem``
    begins the names of new blocks (``conv1``; the name of the type if none is given); ``answers``
    marks what gives the answer for a target; ``probability`` what turns logits into probabilities,
    which training leaves out in front of an answer; ``never`` says which numbers it never
    gives, though an answer may need them; ``ties`` names other types whose weights it can use,
    besides its own; ``outside`` marks what depends on more than values and settings: on the fields
    of the data, on trust; ``keywords`` are other words by which people look for it, added to those
    of its bases.
    """

    category: ClassVar[Category] = "Linear"
    stem: ClassVar[str] = ""
    keywords: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[bool] = False
    probability: ClassVar[bool] = False
    never: ClassVar[str] = ""
    ties: ClassVar[tuple[str, ...]] = ()
    outside: ClassVar[bool] = False
    inputs: ClassVar[tuple[Port, ...]] = (Port("x"),)
    outputs: ClassVar[tuple[Port, ...]] = (Port("y", dtype="any"),)

    @classmethod
    def __pydantic_init_subclass__(cls, *, category: Category | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if category is not None:
            cls.category = category
        said = (word for base in cls.__mro__ for word in base.__dict__.get("keywords", ()))
        cls.keywords = tuple(dict.fromkeys(said))
        if not cls.stem and not kwargs.get("abstract"):
            cls.stem = cls.__name__.lower()

    def lower(self, b: Builder, *values: Any, **_: Any) -> Value | tuple[Value, ...]:
        """Write the layer with the builder's operations; one value for each output port.

        A variadic port arrives as all its values in order.
        """
        raise TypeError(f"{self.type_name} does not say how it is lowered")

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        """Yield what is worth knowing of settings that run, for given values in port order."""
        yield from ()

    def summary(self) -> str:
        """Return the main parameter, as short as a block shows it."""
        return self.label

    def input_ports(self) -> tuple[Port, ...]:
        """Return the input ports; a group has those of its graph."""
        return self.inputs

    def output_ports(self) -> tuple[Port, ...]:
        """Return the output ports; a group has those of its graph."""
        return self.outputs

    @classmethod
    def unknown(cls, name: str, raw: dict[str, Any]) -> UnknownLayer:
        """Keep a layer this version does not know."""
        return UnknownLayer(raw=tuple(sorted(raw.items(), key=lambda item: item[0])))


class UnknownLayer(Layer, abstract=True):
    """A layer that this version does not know; it is shown, kept and saved back unchanged."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    category: ClassVar[Category] = "Merge and shape"
    stem: ClassVar[str] = "unknownlayer"
    label: ClassVar[str] = "Unknown"
    inputs: ClassVar[tuple[Port, ...]] = (Port("x", dtype="any", variadic=True, optional=True),)

    raw: tuple[tuple[str, Any], ...]

    def __hash__(self) -> int:
        return hash(self.type_name)

    @property
    def type_name(self) -> str:
        """Name of the type in the file it came from."""
        return str(dict(self.raw).get("type", "nameless"))

    @property
    def reason(self) -> str:
        """Why there is no block for it, as a sentence; empty but for what was imported."""
        return str(dict(self.raw).get("reason", ""))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object as it was read."""
        return dict(self.raw)

    def summary(self) -> str:
        """Return the name of the unknown type."""
        return self.type_name
