"""Output shape, parameters and multiply-accumulates of each torch operation, in plain Python.

One rule an operation, not a layer: several layers may be lowered to the same ones. Costs are for
one sample; a symbolic size (a sequence length) counts as one. Importing this package registers
every rule.
"""

from modelstudio.network.rules import normalise, pointwise, products, sequence, shape, windows
from modelstudio.network.rules.registry import RULES, Outcome, Rule, Settings, count, number, rule

__all__ = [
    "RULES",
    "Outcome",
    "Rule",
    "Settings",
    "count",
    "normalise",
    "number",
    "pointwise",
    "products",
    "rule",
    "sequence",
    "shape",
    "windows",
]
