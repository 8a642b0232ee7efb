"""Things declared once as a class: layers, recipe steps, optimizers, losses.

A family (`Layer`, `Step`, ...) subclasses `Declaration` and becomes a registry of its own; each
member is one frozen class whose fields feed the palette, the forms, the checks, the files and the
reference page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from modelstudio.errors import FieldError


class Declaration(BaseModel):
    """Base of every declared family: frozen, validated, tagged by type when saved.

    A direct subclass names a family. A subclass of a family is registered in it under its class
    name and its ``aliases``; ``abstract=True`` leaves a class out.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    registry: ClassVar[dict[str, Any]]
    former_names: ClassVar[dict[str, Any]]
    aliases: ClassVar[tuple[str, ...]] = ()
    label: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Leave the class keywords to `__pydantic_init_subclass__`."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        abstract: bool = False,
        label: str = "",
        aliases: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if Declaration in cls.__bases__:
            cls.registry, cls.former_names = {}, {}
            return
        if abstract:
            return
        cls.label = label or cls.__name__
        cls.aliases = aliases
        if cls.__name__ in cls.registry:
            raise TypeError(f"{cls.__name__} is declared twice")
        cls.registry[cls.__name__] = cls
        cls.former_names.update(dict.fromkeys(aliases, cls))

    @classmethod
    def members(cls) -> Iterator[type[Self]]:
        """Yield the declared classes in order of declaration."""
        yield from cls.registry.values()

    @classmethod
    def find(cls, name: str) -> type[Self] | None:
        """Return the class declared under ``name`` or one of its former names."""
        return cls.registry.get(name) or cls.former_names.get(name)

    @property
    def type_name(self) -> str:
        """Name of the class in files."""
        return type(self).__name__

    @classmethod
    def purpose(cls) -> str:
        """Return the first sentence of the docstring."""
        return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ").strip()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object: ``type`` and every field."""
        return {"type": self.type_name, **self.model_dump(mode="json")}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Build the declared class that ``raw["type"]`` names.

        Raises
        ------
        FieldError
            When the type is unknown or a value is out of range.
        """
        values = dict(raw)
        name = str(values.pop("type", ""))
        declared = cls.find(name)
        if declared is None:
            return cls.unknown(name, dict(raw))
        return declared.build(**values)

    @classmethod
    def unknown(cls, name: str, raw: dict[str, Any]) -> Self:
        """Answer for a type that is not declared; a family with a placeholder returns that."""
        known = ", ".join(sorted(cls.registry))
        raise FieldError(f"{name!r} is not a known {cls.__name__.lower()}.", fix=f"Known: {known}.")

    @classmethod
    def build(cls, **values: Any) -> Self:
        """Validate ``values`` and return the instance; a bad value becomes one sentence."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise FieldError(sentence(error, cls)) from None

    def changed(self, **values: Any) -> Self:
        """Return a validated copy with some fields replaced."""
        return self.build(**{**self.as_values(), **values})

    def as_values(self) -> dict[str, Any]:
        """Return the fields as they are, without copying what they hold."""
        return {name: getattr(self, name) for name in type(self).model_fields}


def sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """Turn the first fault of a validation into a sentence that names field, rule and value."""
    fault = error.errors(include_url=False)[0]
    path = [part for part in fault["loc"] if isinstance(part, str)]
    name = path[-1] if path else model.__name__
    field = model.model_fields.get(name) if len(path) == 1 else None
    title = (field.title if field and field.title else name.replace("_", " ")).strip()
    title = title[:1].upper() + title[1:]
    context = {
        key: f"{value:g}" if isinstance(value, float) else value
        for key, value in fault.get("ctx", {}).items()
    }
    rules = {
        "greater_than_equal": "must be {ge} or more",
        "greater_than": "must be more than {gt}",
        "less_than_equal": "must be {le} or less",
        "less_than": "must be less than {lt}",
        "literal_error": "must be one of {expected}",
        "int_parsing": "must be a whole number",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_parsing": "must be a number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "bool_parsing": "must be yes or no",
        "bool_type": "must be yes or no",
        "missing": "is missing",
        "extra_forbidden": "is not a setting of " + model.__name__,
        "too_short": "needs at least {min_length} values",
        "too_long": "takes at most {max_length} values",
        "string_too_short": "must not be empty",
    }
    kind = fault["type"]
    if kind in rules:
        rule = rules[kind].format(**context)
    elif kind == "value_error":
        reason = str(context.get("error", fault["msg"])).rstrip(".")
        return f"{reason[:1].upper()}{reason[1:]}."
    else:
        rule = fault["msg"].replace("Input should be", "must be")
    if kind == "missing" and len(fault["loc"]) > 1:
        return f"{title} needs more values than {fault['input']!r}."
    if kind in {"missing", "extra_forbidden"}:
        return f"{title} {rule}."
    return f"{title} {rule.rstrip('.')}, not {fault['input']!r}."
