"""What was learned, as a short table for a terminal."""

import numpy as np

from .metrics import total_variation
from .readable import shown_label
from .result import Result

MOST_SAMPLES = 20


def learned_table(result: Result, most: int = 20) -> str:
    """What was learned, as a short table; with several runs, means over them, in which errors cancel.

    Args:
        result: of a training.
        most: categories to show; if there are more, the most probable ones and the five that are worst.
    """
    lines = _categories(result, most)
    if result.runs > 1:
        lines.insert(
            0, f"Means of {result.runs} runs, which hide how runs differ, and keep errors that they share:"
        )
    learned_from = {"learned": result.learned, "averaged": result.averaged, "counted": result.counted}
    if not result.has_average:
        del learned_from["averaged"]
    distances = (f"{name} {total_variation(p, result.target).mean():.4f}" for name, p in learned_from.items())
    of_runs = f", means of {result.runs} runs" if result.runs > 1 else ""
    lines.append(f"total variation from the target{of_runs}: {', '.join(distances)}")
    if scores := {n: result.metrics[n][-1] for n in result.source.scores if n in result.metrics}:
        shares = result.shares if result.samples else {}
        means = (f"{name} {values.mean():.4f}" for name, values in {**scores, **shares}.items())
        lines.append(", ".join(means))
    if result.samples:
        lines.append("samples: " + "  ".join(repr(one) for one in result.samples[0][:MOST_SAMPLES]))
    if "max_abs_error" in result.source.shown:
        lines.append(_maximum_error(result.metrics["max_abs_error"]))
    return "\n".join(lines)


def _categories(result: Result, most: int) -> list[str]:
    if result.classes is not None:
        labels, learned = result.shown_labels, result.probabilities[-1].mean(0)  # [K']
        target, counted = result.targets[-1], result.readable(result.counted).mean(0)
    else:
        labels, learned = result.labels, result.learned.mean(0)  # [K]
        target, counted = result.target, result.counted.mean(0)
    columns = {"target": target, "learned": learned, "averaged": result.averaged.mean(0), "counted": counted}
    if not result.has_average:
        del columns["averaged"]
    order, shown = np.arange(len(labels)), most
    if len(labels) > most:
        shown = most - 5
        order = np.argsort(-target, kind="stable")[:shown]
        worst = np.setdiff1d(np.argsort(-np.abs(learned - target), kind="stable")[:most], order, True)
        errors = np.abs(learned - target)[worst]
        order = np.concatenate([order, worst[np.argsort(-errors, kind="stable")][:5]])
    rows: list[tuple[str, ...]] = [("label", *columns, "error")]
    for k in order:
        error = round(learned[k] - target[k], 4) + 0.0  # no minus before a zero
        rows.append(
            (shown_label(labels[k]), *(f"{values[k]:.4f}" for values in columns.values()), f"{error:+.4f}")
        )
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:<{width}}  " + "  ".join(f"{cell:>8}" for cell in row[1:]) for row in rows]
    if len(order) > shown:
        lines.insert(1 + shown, "the worst of the others:")
    if len(labels) > len(order):
        lines.append(f"… and {len(labels) - len(order):,} more categories")
    return lines


LATE = 50
"""Epochs at the end, over which an error is averaged: the last one alone may be luck."""


def _maximum_error(of_epochs: np.ndarray) -> str:
    """The last line, of errors [E, R]."""
    errors = of_epochs[-1]
    if len(errors) == 1:
        late = (
            f" (mean of the last {LATE} epochs: {of_epochs[-LATE:].mean():.4f})"
            if len(of_epochs) > LATE
            else ""
        )
        return f"maximum error of learned: {errors[0]:.4f}{late}"
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95])
    band = f"90 % from {low:.4f} to {high:.4f}, " if len(errors) >= 10 else ""
    return (
        f"maximum error of learned, {len(errors)} runs: mean {errors.mean():.4f}, median {median:.4f}, "
        f"{band}best {errors.min():.4f}, worst {errors.max():.4f}"
    )
