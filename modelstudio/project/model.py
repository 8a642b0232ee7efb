"""The project: everything a person decided, as one immutable value."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self
from uuid import uuid4

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    model_validator,
)

from modelstudio.declaration import Declaration, sentence
from modelstudio.errors import FieldError
from modelstudio.network.graph import Graph
from modelstudio.network.group import GraphField
from modelstudio.project.training import AdamW, Constant, Loss, Optimizer, Schedule
from modelstudio.recipe.augment import Augmentation
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.sources import LongText, Source, Table
from modelstudio.recipe.steps import Step

FORMAT_VERSION = 1
"""Version of the project file; a change of meaning raises it and adds a migration."""


def _reader(family: type[Declaration]) -> PlainValidator:
    def read(value: Any) -> Any:
        if isinstance(value, family):
            return value
        try:
            return family.from_dict(value)
        except FieldError as error:
            raise ValueError(error.message) from None

    return PlainValidator(read)


_writer = PlainSerializer(lambda value: value.to_dict())

SourceField = Annotated[Source, _reader(Source), _writer]
AugmentationField = Annotated[Augmentation, _reader(Augmentation), _writer]
StepField = Annotated[Step, _reader(Step), _writer]
OptimizerField = Annotated[Optimizer, _reader(Optimizer), _writer]
ScheduleField = Annotated[Schedule, _reader(Schedule), _writer]
LossField = Annotated[Loss, _reader(Loss), _writer]


class Frozen(BaseModel):
    """Base of the plain parts of a project."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False
    )

    def changed(self, **values: Any) -> Self:
        """Return a validated copy with some fields replaced; the rest is shared.

        Raises
        ------
        FieldError
            When a value is out of range; the sentence names field and range.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            return type(self)(**{**kept, **values})
        except ValidationError as error:
            raise FieldError(sentence(error, type(self))) from None


class Form(Frozen):
    """How the cells of a column are written, found once: none changes how the others are read.

    Parameters
    ----------
    unit
        What stands behind its numbers; empty for none.
    dates, short
        Order of dates such as 03/04/2021, and of those whose year has two digits; None where there
        are none.
    days
        Its dates are without times.
    truths
        Its words for false and true; None where it has others.
    whole
        Its whole numbers are written like 1.0, which is the category 1.
    """

    column: str
    unit: str = ""
    dates: Literal["day first", "month first"] | None = None
    short: Literal["day first", "month first", "year first", "either"] | None = None
    days: bool = False
    truths: tuple[str, str] | None = None
    whole: bool = False


class CsvOptions(Frozen):
    """How a text table is read; None means that it is worked out from the file.

    ``commas`` are the columns whose numbers have decimal commas and ``forms`` those whose cells are
    written in a way of their own, as they were found when the data was opened. ``header`` is True
    where a person named a column by what stands in the first line.
    """

    delimiter: str | None = Field(None, description="Character between cells; empty finds it.")
    encoding: str | None = Field(None, description="Text encoding; empty finds it.")
    missing: tuple[str, ...] = Field(
        (), description="Words that mean a missing value, besides an empty cell."
    )
    decimals: Literal["point", "comma"] | None = Field(
        None, description="Sign before the decimals of a number; empty finds it."
    )
    dates: Literal["day first", "month first", "year first"] | None = Field(
        None, description="How dates such as 03/04/2021 are meant; empty finds it column by column."
    )

    commas: tuple[str, ...] | None = None
    forms: tuple[Form, ...] | None = None
    header: bool | None = None

    def chosen(self) -> dict[str, Any]:
        """Return what is not left to be found."""
        return {name: value for name, value in self if value}

    def asked(self) -> Self:
        """Return what a person asked for, without what was found in a file."""
        return self.changed(commas=None, forms=None, header=None)

    def edited(self, **values: Any) -> Self:
        """Return other wishes of a person; what they bear on is found anew."""
        of_file = {"forms": None} if values.keys() & {"delimiter", "encoding"} else {}
        return self.changed(**{"commas": None, **of_file, **values})

    def form(self, column: str) -> Form | None:
        """Return how a column is written; None where that was not found out."""
        if self.forms is None:
            return None
        return self._by_column.get(column) or Form(column=column)

    @cached_property
    def _by_column(self) -> dict[str, Form]:
        return {form.column: form for form in self.forms or ()}


class SplitConfig(Frozen):
    """Which rows train, validate and test.

    With ``test_path`` the test rows come from that file, and ``test`` is not used. With ``folds``
    the rows that do not test are dealt into so many folds, one of which validates, and
    ``validation`` is not used. Of the last rows of groups, a share of 0 leaves a part out; its size
    does not matter.
    """

    method: Literal["random", "group", "time", "column", "last"] = Field(
        "random",
        description="Rows at random; whole groups, such as all rows of one customer; the latest "
        "rows for the test; as a column of the data says; or the last row of each group for the "
        "test and the one before for validation.",
    )
    by: str | None = Field(
        None, description="Column of the groups, the times or the parts; empty takes row order."
    )
    times: str | None = Field(
        None, description="Column that tells the last row of a group; empty takes any at random."
    )
    test: float = Field(0.2, ge=0, lt=1, description="Share of rows kept for the final test.")
    validation: float = Field(
        0.15, ge=0, lt=1, description="Share of rows that choose the best epoch."
    )
    folds: int = Field(0, ge=0, le=100, description="Number of folds; 0 takes none.")
    fold: int = Field(0, ge=0, le=99, description="The fold that validates, from 0.")
    seed: int = Field(0, ge=0, lt=2**31, description="Same seed, same rows.")
    stratify: bool = Field(
        True,
        description="Keep the class shares alike in every part; only where rows are drawn at "
        "random. Groups, times, a column or last rows tell the parts without a look at classes.",
    )
    balance: Literal["none", "weights", "oversample", "undersample"] = Field(
        "none",
        title="Class balance",
        description="How rare classes count while training: as they are, more in the loss, drawn "
        "more often, or the others drawn less often. Validation and test stay as they are.",
    )
    test_path: str | None = None

    @model_validator(mode="after")
    def _leave_rows_to_train(self) -> Self:
        tested = 0 if self.test_path else self.test
        validated = 0 if self.folds else self.validation
        if self.method != "column" and tested + validated > 0.95:
            raise ValueError("at least 5 % of the rows must be left for training")
        if self.folds == 1:
            raise ValueError("one fold would leave nothing to train on; take 2 or more, or 0")
        if self.folds and self.fold >= self.folds:
            raise ValueError(f"there are only {self.folds} folds, counted from 0")
        if self.folds and self.method == "last":
            raise ValueError("the last row of each group makes no folds; split in another way")
        if self.method in ("group", "column", "last") and not self.by:
            raise ValueError(f"a split by {self.method} needs to know the column")
        return self


class DataConfig(Frozen):
    """Where the data is and what is done to it.

    ``fields`` and ``fingerprint`` are worked out from the file and kept, so that shapes are known
    when it is missing; they change without an undo entry.
    """

    path: str | None = None
    source: SourceField = Table()
    csv: CsvOptions = CsvOptions()
    columns: tuple[Column, ...] = ()
    recipe: tuple[StepField, ...] = ()
    split: SplitConfig = SplitConfig()
    augment: tuple[AugmentationField, ...] = ()
    target_scaling: Literal["auto", "standardise", "log and standardise", "none"] = Field(
        "auto", description="How a number to predict is scaled while training."
    )
    label_separator: str | None = Field(
        None,
        min_length=1,
        max_length=5,
        description="What stands between the labels of a row in the target; empty takes a cell as "
        "one class.",
    )
    negatives: Negatives | None = Field(
        None, description="How what was not chosen is drawn, where rows tell only what was."
    )
    fields: tuple[FieldSpec, ...] = ()
    fingerprint: str | None = None

    @property
    def target(self) -> Column | None:
        """The column to predict."""
        return next((column for column in self.columns if column.role == "target"), None)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that go into the network, in file order.

        A long text is its own target, and so are items that are chosen.
        """
        if isinstance(self.source, LongText) or self.negatives is not None:
            return tuple(column for column in self.columns if column.role != "ignored")
        return tuple(column for column in self.columns if column.role == "feature")


class TrainConfig(Frozen):
    """How the next run is trained."""

    loss: LossField | None = Field(None, description="Empty takes the usual loss for the target.")
    optimizer: OptimizerField = AdamW()
    schedule: ScheduleField = Constant()
    batch_size: int = Field(64, ge=1, le=1_000_000, description="Rows a step.")
    epochs: int = Field(60, ge=1, le=100_000, description="Passes over the training rows.")
    early_stopping: bool = Field(True, description="Stop when validation no longer gets better.")
    patience: int = Field(
        10, ge=1, le=10_000, description="Epochs without gain before training stops."
    )
    clip_norm: float | None = Field(
        None,
        gt=0,
        title="Clip gradients",
        description="Largest norm of the gradient; empty is off.",
    )
    l1: float = Field(0.0, ge=0, le=10, title="L1", description="Pull of the weights to exactly 0.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="Where the arithmetic happens; auto takes the fastest there is."
    )
    threads: int = Field(
        0, ge=0, le=256, description="Processor threads; 0 measures and takes the faster choice."
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Same seed, same numbers.")


class Project(Frozen):
    """Data choices, network and training choices."""

    id: str = Field(default_factory=lambda: uuid4().hex)
    name: str = "Untitled"
    data: DataConfig = DataConfig()
    network: GraphField = Field(default_factory=Graph)
    training: TrainConfig = TrainConfig()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that a project file holds."""
        return {"format_version": FORMAT_VERSION, **self.model_dump(mode="json")}
