"""The builder that layers are lowered with; this one works out shapes and costs only.

The graph back end (`modelstudio.engine.compile`) and the Python printer
(`modelstudio.engine.codegen`) are subclasses that also write down each operation, so that what is
drawn, trained, exported and printed are the same.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

from modelstudio.network.analysis import FieldLike, Shape
from modelstudio.network.graph import Node
from modelstudio.network.layer import Order
from modelstudio.network.mismatch import Mismatch, NotYet, Repair, Unfixed
from modelstudio.network.rules import RULES, Outcome

Weights = tuple[str, tuple[tuple[str, Any], ...]]
"""How first weights are drawn: a function of ``torch.nn.init`` and its settings."""

Made = tuple[str, dict[str, Any], Weights | None]
"""How a module was made: target, settings, first weights."""

Fallback = Callable[[str, Sequence["Value"], Mapping[str, Any]], Outcome]
"""Works out an operation that has no rule."""

RESERVED = frozenset(
    """self torch nn x T_destination add_module apply bfloat16 buffers call_super_init children
    compile cpu cuda double dump_patches eval extra_repr float forward get_buffer get_extra_state
    get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers named_children
    named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    graph code recompile to_folder add_submodule delete_submodule delete_all_unused_submodules
    print_readable graph_copy input output meta shape_env""".split()
)
"""Names that a module has already; a block of such a name is written with an underscore."""


@dataclass(frozen=True, slots=True)
class Value:
    """What flows along a wire while a network is lowered.

    Parameters
    ----------
    shape
        The batch first.
    dtype
        ``"float"`` or ``"int"`` (ids).
    ref
        What a back end knows it by; None here.
    vocabulary
        Number of different ids, when they are ids.
    order
        What comes first in rows of numbers, where that is known.
    """

    shape: Shape
    dtype: Literal["float", "int"] = "float"
    ref: Any = None
    vocabulary: int | None = None
    order: Order = ""

    @property
    def rank(self) -> int:
        """Number of dimensions, the batch included."""
        return len(self.shape)

    def size(self, axis: int, what: str) -> int:
        """Return one size as a number.

        Raises
        ------
        Mismatch
            When it is a symbol; ``what`` names it.
        """
        dim = self.shape[axis]
        if isinstance(dim, int):
            return dim
        raise Unfixed(what, self.shape)


def identifier(name: str) -> str:
    """Return a name that may stand for an attribute of a module and a variable."""
    name = unicodedata.normalize("NFKC", name)
    spoken = "".join(char if char.isalnum() else "_" for char in name)
    spoken = spoken if spoken[:1] != "_" and spoken.isidentifier() else f"n_{spoken}"
    return f"{spoken}_" if keyword.iskeyword(spoken) or spoken in RESERVED else spoken


class Place(NamedTuple):
    """A block on the walk: its id, its name, and which repeat of a group, if it has ``several``."""

    node_id: str
    name: str
    repeat: int = 0
    several: bool = False


Path = tuple[Place, ...]
"""From the outermost group to a block."""


class Builder:
    """Lowers layers to torch operations and adds up what they cost.

    Parameters
    ----------
    fields
        Fields of the data, by name.
    fallback
        Asked for operations without a rule.

    Attributes
    ----------
    results
        Values given as answers, by target.
    frozen
        Names of modules of frozen blocks, in order.
    """

    unrolls: ClassVar[bool] = False
    """Whether every repeat of a group is lowered, though it is like the one before."""

    def __init__(self, fields: Mapping[str, FieldLike], fallback: Fallback | None = None) -> None:
        self.fields = fields
        self.fallback = fallback
        self.parameters = 0
        self.macs = 0
        self.results: dict[str, Value] = {}
        self.path: Path = ()
        self.frozen: dict[str, None] = {}
        self._owner: Path | None = None
        self._freezes = False
        self._names: dict[tuple[str, ...], str] = {}
        self._taken: dict[str, set[str]] = {}
        self._modules: dict[str, Made] = {}

    # What layers call

    def module(
        self,
        target: str,
        *values: Value,
        part: str = "",
        weights: Weights | None = None,
        call: Mapping[str, Any] | None = None,
        pick: tuple[int, ...] = (),
        **settings: Any,
    ) -> Value:
        """Apply a module with weights or settings of its own.

        Parameters
        ----------
        part
            Tells several modules of one layer apart.
        weights
            How its first weights are drawn; None leaves that to torch.
        call
            Keywords of the call: values, or constants.
        pick
            Which of several results is meant: ``(1, 0)`` is the first of the second.
        """
        picked = {"pick": pick} if pick else {}
        outcome = self._outcome(target, values, settings, picked)
        name = self.module_name(part)
        made = (target, settings, weights)
        known = self._modules.setdefault(name, made)
        if self._freezes:
            self.frozen[name] = None
        self.macs += outcome.macs
        refs = [value.ref for value in values]
        if known[0] != target:
            check_tied(known, made)
            return self._value(outcome, values, self.write_tied(name, refs))
        if known is made:
            self.write_module(name, target, settings, weights)
            self.parameters += outcome.parameters
        elif known != made:
            raise Mismatch("shares weights with a block of another size or other settings")
        keywords = {key: _ref(value) for key, value in (call or {}).items()}
        return self._value(outcome, values, self.write_call(name, refs, keywords, pick))

    def function(self, target: str, *values: Any, part: str = "", **settings: Any) -> Value:
        """Apply a function; a list of values is passed on as a list.

        ``part`` names the result where it does not go straight on to the next operation.
        """
        flat = [v for v in _flat(values) if isinstance(v, Value)]
        outcome = self._outcome(target, flat, settings)
        self.macs += outcome.macs
        ref = self.write_function(target, _ref(values), settings, part)
        return self._value(outcome, flat, ref)

    def input(self, name: str) -> Value:
        """Return the value of an input field.

        Raises
        ------
        Mismatch
            When the data has no such field.
        """
        field = self.fields.get(name)
        if field is None or field.role != "input":
            offered = [other.name for other in self.fields.values() if other.role == "input"]
            if not offered:
                raise Mismatch("has no data yet. Open a file on the Data page")
            raise Mismatch(
                f"asks for the field {name!r}, but the data offers {', '.join(offered)}",
                None,
                *(Repair(f"Read {other}", settings=(("field", other),)) for other in offered[:3]),
            )
        shape: Shape = ("B", *field.shape)
        ref = self.write_input(name)
        told: Order = "steps" if field.kind == "window" else ""
        return Value(shape, field.dtype, ref, field.vocabulary, order_of(shape, told))

    def output(self, name: str, value: Value) -> None:
        """Make a value the answer for a target."""
        if name in self.results:
            raise Mismatch("stands for a target that another Output has already")
        self.results[name] = value

    # What back ends write

    def write_input(self, field: str) -> Any:
        """Write an argument of the network and return its reference."""

    def write_module(
        self, name: str, target: str, settings: Mapping[str, Any], weights: Weights | None
    ) -> None:
        """Write the making of a module."""

    def write_call(
        self, name: str, refs: Sequence[Any], keywords: Mapping[str, Any], pick: Sequence[int]
    ) -> Any:
        """Write the call of a module and return the reference of what is picked of its result."""

    def write_tied(self, name: str, refs: Sequence[Any]) -> Any:
        """Write a product with the matrix of an embedding and return its reference."""

    def write_function(
        self, target: str, refs: Sequence[Any], settings: Mapping[str, Any], part: str
    ) -> Any:
        """Write the call of a function and return its reference."""

    # Where the walk is

    @contextmanager
    def within(self, node: Node, repeat: int = 0, owner: Path | None = None) -> Iterator[None]:
        """Lower a node; inside a group, its nodes follow with longer paths.

        ``owner`` is the path of the block whose weights it shares.
        """
        before = self.path, self._owner, self._freezes
        several = getattr(node.layer, "repeat", 1) > 1
        self.path = (*self.path, Place(node.id, node.name, repeat, several))
        self._owner, self._freezes = owner, self._freezes or node.frozen
        try:
            yield
        finally:
            self.path, self._owner, self._freezes = before

    @property
    def address(self) -> str:
        """Ids from the outermost group to the block, joined by ``/``."""
        return "/".join(place.node_id for place in self.path)

    def group(
        self,
        node: Node,
        count: int,
        taken: Sequence[Value],
        once: Callable[[Sequence[Value], int], Sequence[Value]],
    ) -> Sequence[Value]:
        """Run a group ``count`` times in a row; ``once`` lowers what is inside, for one repeat.

        A repeat after the first that gives what it was given costs what each one after it costs.
        """
        for repeat in range(count):
            parameters, macs = self.parameters, self.macs
            with self.within(node, repeat):
                results = once(taken, repeat)
            if repeat and not self.unrolls and list(map(plain, results)) == list(map(plain, taken)):
                left = count - repeat - 1
                self.parameters += left * (self.parameters - parameters)
                self.macs += left * (self.macs - macs)
                return results
            taken = results
        return taken

    def module_name(self, part: str = "") -> str:
        """Return the name of a module of this block, behind those of its groups: ``stage.1.fc``."""
        return self._named(self._owner or self.path, part)

    def _named(self, path: Path, part: str = "") -> str:
        *groups, last = path
        inside = f"{self._named(tuple(groups))}." if groups else ""
        key = (inside, last.node_id, part)
        if key not in self._names:
            stem = identifier("_".join([last.name, part]) if part else last.name)
            self._names[key] = inside + free(stem, self._taken.setdefault(inside, set()))
        return self._names[key] + (f".{last.repeat}" if last.several else "")

    def _outcome(
        self,
        target: str,
        values: Sequence[Value],
        settings: Mapping[str, Any],
        picked: Mapping[str, Any] = MappingProxyType({}),
    ) -> Outcome:
        rule = RULES.get(target)
        if rule is not None:
            return rule([value.shape for value in values], {**settings, **picked})
        if self.fallback is not None:
            return self.fallback(target, values, settings)
        raise NotYet("has no known shape until torch is loaded")

    def _value(self, outcome: Outcome, values: Sequence[Value], ref: Any) -> Value:
        if not values:
            return Value(outcome.shape, "float", ref)
        dtype: Any = outcome.dtype or values[0].dtype
        ids = dtype == "int" and len(values) == 1
        known: Order = next((value.order for value in values if value.order), "")
        if outcome.order == "turned":
            known = TURNED[known]
        elif outcome.order is not None:
            known = outcome.order
        order = order_of(outcome.shape, known)
        return Value(outcome.shape, dtype, ref, values[0].vocabulary if ids else None, order)


TURNED: Mapping[Order, Order] = {"": "", "steps": "channels", "channels": "steps"}


def order_of(shape: Shape, told: Order) -> Order:
    """Return what comes first in rows of numbers: a free length is one of steps."""
    if len(shape) != 3:
        return ""
    first, second = (isinstance(size, str) for size in shape[1:])
    return told if first == second else "steps" if first else "channels"


def check_tied(known: Made, made: Made) -> None:
    """Refuse to make one module with the weights of another, but for an embedding read backwards.

    A Linear without a bias may use the matrix of an Embedding: a score for each of its ids.
    """
    owner, own = known[1], made[1]
    if (known[0], made[0]) != ("torch.nn.Embedding", "torch.nn.Linear"):
        raise Mismatch("shares weights with a block of another type")
    wide, ids = owner["embedding_dim"], owner["num_embeddings"]
    if own["in_features"] != wide:
        raise Mismatch(f"shares a table of vectors of {wide}, so it needs rows of {wide}", 0)
    if own["out_features"] != ids or own["bias"]:
        raise Mismatch(
            f"shares a table of {ids} vectors, so it needs {ids} outputs and no bias",
            None,
            Repair(
                f"Set {ids} outputs without a bias",
                settings=(("out_features", ids), ("bias", False)),
            ),
        )


def free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, and take it."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield value


def _ref(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_ref(item) for item in value]
    return value.ref if isinstance(value, Value) else value


def plain(value: Value) -> Value:
    """Return a value without what a back end knows it by."""
    return replace(value, ref=None)
