"""Trust is kept by the hash of the text, and only in the person's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelstudio.errors import StudioError
from modelstudio.trust import forget, number, trust, trusted

CODE = "class Double:\n    ...\n"


def test_only_the_very_same_text_is_trusted(own_home: Path) -> None:
    assert not trusted(CODE)
    trust(CODE)
    assert trusted(CODE)
    assert not trusted(CODE + "\n")
    assert "Double" not in (own_home / "trusted.json").read_text()


def test_trust_is_taken_back_singly_or_wholly() -> None:
    trust(CODE)
    trust("other")
    assert number() == 2
    forget(CODE)
    assert not trusted(CODE)
    assert trusted("other")
    assert number() == 1
    forget()
    assert not trusted("other")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 3}', '{"sha256": [1]}', "[" * 90_000])
def test_a_broken_file_trusts_nothing_and_is_replaced(own_home: Path, text: str) -> None:
    (own_home / "trusted.json").write_text(text)
    assert not trusted(CODE)
    trust(CODE)
    assert trusted(CODE)


def test_bytes_that_are_no_text_trust_nothing(own_home: Path) -> None:
    (own_home / "trusted.json").write_bytes(b"\xff\xfe\x00")
    assert not trusted(CODE)


def test_what_cannot_be_written_is_said(own_home: Path) -> None:
    (own_home / "trusted.json").mkdir()
    with pytest.raises(StudioError, match="could not be remembered"):
        trust(CODE)
    assert sorted(path.name for path in own_home.iterdir()) == ["trusted.json"]
