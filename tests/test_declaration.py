"""The mechanism behind layers, steps, optimizers and losses."""

from __future__ import annotations

import pickle

import pytest
from pydantic import Field

from modelstudio.declaration import Declaration
from modelstudio.errors import FieldError, StudioError
from modelstudio.project.training import Adam, AdamW, Optimizer


class Fruit(Declaration):
    """A family of this test."""


class Apple(Fruit, aliases=("Pome",), label="An apple"):
    """A round fruit.

    More about it.
    """

    weight: float = Field(0.2, gt=0, le=3, description="Kilograms.")
    pips: int = Field(5, ge=0, title="Number of pips", description="Seeds inside.")


def test_a_family_is_a_registry_of_its_own() -> None:
    assert list(Fruit.members()) == [Apple]
    assert Apple not in list(Optimizer.members())
    assert Apple.label == "An apple"
    assert Apple.purpose() == "A round fruit."


def test_round_trip_and_former_names() -> None:
    apple = Apple(weight=0.5, pips=7)
    assert Fruit.from_dict(apple.to_dict()) == apple
    assert Fruit.from_dict({"type": "Pome", "pips": 1}) == Apple(pips=1)


def test_a_name_is_declared_once() -> None:
    with pytest.raises(TypeError, match="twice"):
        type("Apple", (Fruit,), {"__module__": __name__, "__doc__": "Again."})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weight": 0}, "Weight must be more than 0"),
        ({"weight": 4}, "Weight must be 3 or less"),
        ({"weight": "heavy"}, "Weight must be a number"),
        ({"weight": float("nan")}, "Weight must be a finite number"),
        ({"pips": 1.5}, "Number of pips must be a whole number"),
        ({"pips": -1}, "Number of pips must be 0 or more"),
        ({"colour": "red"}, "Colour is not a setting of Apple"),
    ],
)
def test_bad_values_become_sentences(values: dict[str, object], said: str) -> None:
    with pytest.raises(FieldError, match=said):
        Apple().changed(**values)


def test_unknown_types_name_the_known_ones() -> None:
    with pytest.raises(FieldError, match="AdamW"):
        Optimizer.from_dict({"type": "Sgdd"})
    assert Optimizer.from_dict({"type": "Adam"}) == Adam()
    assert Adam() != AdamW()


def test_errors_cross_process_borders_whole() -> None:
    error = pickle.loads(pickle.dumps(FieldError("Wrong.", where="fc1", fix="Mend it.")))
    assert isinstance(error, FieldError)
    assert isinstance(error, StudioError)
    assert error.lines() == ["Wrong.", "Where: fc1", "Mend it."]
