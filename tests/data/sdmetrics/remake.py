"""Remakes `values.json`, what SDMetrics says of a made-up table: pip install sdmetrics, then run this."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
SIZES = (2, 4, 3)


def made_up() -> tuple[np.ndarray, np.ndarray]:
    """Real and drawn rows of three columns, of which the drawn ones lack a category."""
    random = np.random.default_rng(0)
    real = np.stack([random.integers(size, size=300) for size in SIZES], axis=1)
    drawn = np.stack([random.binomial(size - 1, 0.4, size=200) for size in SIZES], axis=1)
    drawn[:, 1] = np.minimum(drawn[:, 1], 2)
    return real, drawn


def main() -> None:
    """Write what SDMetrics says."""
    import sdmetrics
    from sdmetrics.column_pairs import ContingencySimilarity
    from sdmetrics.single_column import CategoryCoverage, TVComplement

    tables = [pd.DataFrame(rows.astype(str), columns=list("abc")) for rows in made_up()]
    real, drawn = tables
    told = {
        "version": sdmetrics.__version__,
        "tv_complement": [TVComplement.compute(real[c], drawn[c]) for c in "abc"],
        "category_coverage": [CategoryCoverage.compute(real[c], drawn[c]) for c in "abc"],
        "contingency_similarity": {
            one + other: ContingencySimilarity.compute(real[[one, other]], drawn[[one, other]])
            for one, other in ("ab", "ac", "bc")
        },
    }
    (HERE / "values.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
