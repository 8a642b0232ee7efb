"""Steps that clean text."""

from __future__ import annotations

from pydantic import Field

from modelstudio.recipe.steps.step import ColumnStep


class CleanText(ColumnStep, label="Clean text"):
    """Take out of a text what carries no meaning; a text of which nothing is left is missing."""

    kinds = ("text", "category")
    onnx = "none"

    lower: bool = Field(True, title="Lower case", description="Write everything in small letters.")
    html: bool = Field(
        True, title="Strip HTML", description="Take out tags and read &amp; and the like."
    )
    urls: bool = Field(
        True, title="Strip addresses", description="Take out web and e-mail addresses."
    )
    accents: bool = Field(
        False, title="Strip accents", description="Write é as e, and letters of full width plainly."
    )
    punctuation: bool = Field(
        False, title="Strip punctuation", description="Put a space where a sign stands."
    )
    digits: bool = Field(
        False, title="Strip digits", description="Put a space where a digit stands."
    )
    whitespace: bool = Field(
        True, title="Tidy spaces", description="Join spaces and line breaks into one space."
    )
