"""Items that were not chosen, drawn for the batches of a million choices, against a plain loop.

``python tests/benchmarks/negatives.py`` prints JSON: the seconds of a batch of 2,048 rows with 4
items each on both sides, the smallest of 20, and their ratio. The loop tries items until one is not
in a set of pairs.
"""

from __future__ import annotations

import json
import random
import time

import numpy as np

from modelstudio.data.negatives import Positives

ROWS, USERS, ITEMS = 1_000_000, 50_000, 20_000
DRAWN = 4 * 2_048
REPEATS = 20


def main() -> None:
    """Measure and print."""
    generator = np.random.default_rng(0)
    users = generator.integers(1, USERS + 1, ROWS)
    items = (ITEMS * generator.random(ROWS) ** 2).astype(np.int64) + 1
    positives, known = Positives(users, items, ITEMS), set(zip(users, items, strict=True))
    ours, plain = [], []
    for _ in range(REPEATS):
        asked, lots = generator.choice(users, DRAWN), generator.random(DRAWN)
        began = time.perf_counter()
        positives.draw(asked, lots)
        between = time.perf_counter()
        for user in asked.tolist():
            while (user, random.randint(1, ITEMS)) in known:
                pass
        ours.append(between - began)
        plain.append(time.perf_counter() - between)
    result = {"draw": min(ours), "loop": min(plain), "ratio": min(ours) / min(plain)}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
