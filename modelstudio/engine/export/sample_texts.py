"""How a program makes ids of a text, with the vocabulary that the exported file carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelstudio.data.fitted import FittedStep
from modelstudio.engine.export.program import WIDTH, Program

_PLAIN = r"[\w\u0300-\u036f]+|[^\w\s]"
"""Words and signs of scripts that put spaces between words."""

_ANY_SCRIPT = """
# In some scripts there are no spaces between words; each character counts as one.
ALONE = ("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA LETTER", "HALFWIDTH KATAKANA LETTER",
         "IDEOGRAPHIC ITERATION", "THAI", "LAO", "KHMER", "MYANMAR")


def words_of(text):
    words, inside = [], False
    for sign in text:
        letter = sign == "_" or unicodedata.category(sign)[0] in "LMN"
        alone = unicodedata.name(sign, "").startswith(ALONE)
        if inside and letter and not alone:
            words[-1] += sign
        elif not sign.isspace():
            words.append(sign)
        inside = letter and not alone
    return words


"""


def ids(made: Program, step: FittedStep, text: str) -> str:
    """Write how a text becomes a row of ids; return the expression of what the file is given."""
    state = step.state
    made.needs("import json")
    made.add(
        f"""
        recipe = json.loads(model.get_modelmeta().custom_metadata_map["modelstudio.recipe"])
        states = [step["state"] for step in recipe["steps"]]
        tokenise = next(state for state in states if state.get("name") == {state["name"]!r})
        """
    )
    made.lines += _spelt_out(_enough(state, text))
    length = "" if state["length"] is None else f"[:{state['length']}]"
    if state["unit"] == "BPE":
        made.needs("from tokenizers import Tokenizer")
        made.lines.append('tokenizer = Tokenizer.from_str(json.dumps(tokenise["tokenizer"]))')
        made.lines.append(f"ids = tokenizer.encode(text).ids{length} or [1]")
        return "np.array([ids], dtype=np.int64)"
    lower = ".lower()" if state["lower"] else ""
    if state["unit"] == "characters":
        words = f"text{lower}{length}"
    elif _is_plain(state["words"]):
        made.needs("import re")
        words = f"re.findall(r{_PLAIN!r}, text{lower}){length}".replace("\\\\", "\\")
    else:
        made.needs("import unicodedata")
        made.lines = [*_ANY_SCRIPT.strip("\n").splitlines(), "", "", *made.lines]
        words = f"words_of(text{lower}){length}"
    made.add(
        f"""
        known = {{word: number for number, word in enumerate(tokenise["words"], 2)}}
        words = {words}
        ids = [known.get(word, 1) for word in words] or [1]  # 1 stands for the unknown
        """
    )
    return "np.array([ids], dtype=np.int64)"


def _enough(state: Mapping[str, Any], text: str) -> str:
    """Cut a text where no more of it is looked at."""
    if state["length"] is None or state["unit"] == "BPE":
        return text
    if state["unit"] == "characters":
        return text[: state["length"]]
    return " ".join(text.split()[: state["length"]])


def _spelt_out(text: str) -> list[str]:
    """Write a text in lines that can be read."""
    if len(text) <= WIDTH:
        return [f"text = {text!r}"]
    parts = (text[at : at + WIDTH - 8] for at in range(0, len(text), WIDTH - 8))
    return ["text = (", *(f"    {part!r}" for part in parts), ")"]


def spelt(step: FittedStep) -> str:
    """Return the expression of what the id ``likeliest`` stands for."""
    if step.state["unit"] == "BPE":
        return "tokenizer.decode([likeliest])"
    return '["", "?", *tokenise["words"]][likeliest]'


def _is_plain(words: list[str]) -> bool:
    """Tell whether every word is one for a plain pattern too, and of no script without spaces."""
    plain = re.compile(_PLAIN)
    return all(plain.fullmatch(word) and max(word) < "\u0e00" for word in words)
