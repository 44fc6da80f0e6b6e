"""What was learned, as a short table for a terminal."""

from collections.abc import Sequence

import numpy as np

from ..config.catalogue import Row
from ..data.fidelity import averages
from .metrics import max_abs_error, total_variation
from .readable import shown_label
from .result import Result

MOST_SAMPLES = 20


def learned_table(result: Result, most: int = 20) -> str:
    """What was learned, as a short table; with several runs, means over them, in which errors cancel.

    Args:
        result: of a training.
        most: categories to show; if there are more, the most probable ones and the five that are worst.
    """
    told: str = Row("table", result.source.table).load()(result, most)
    return told


def of_categories(result: Result, most: int) -> str:
    """Of single categories and strings: the probabilities, and how far they are from the target."""
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
        lines.append(_maximum_error(result))
    return "\n".join(lines)


def of_rows(result: Result, most: int) -> str:
    """Of a table: how probable rows are, beside what counting makes of them; how faithful drawn ones are."""
    best = [result.kept_epoch(run) - 1 for run in range(result.runs)]
    runs = np.arange(result.runs)
    means = f", mean of {result.runs} runs" if result.runs > 1 else ""
    lines = []
    if len(result.kept):
        epochs = ", ".join(str(epoch + 1) for epoch in best[:10]) + (", …" if len(best) > 10 else "")
        lines.append(f"kept: epoch {epochs}, by the rows that tell when to stop")
    scored = "held_out" if "held_out_log_likelihood" in result.metrics else "training"
    rows = [(f"log-likelihood of a row, nats{means}", "training", "held out")]
    learned = {
        name: float(result.metrics[name][best, runs].mean())
        for name in ("log_likelihood", "held_out_log_likelihood")
        if name in result.metrics
    }
    error = ""
    if scored == "held_out":
        error = f" ± {result.metrics['held_out_standard_error'][best, runs].mean():.3f}"
    held_out = learned.get("held_out_log_likelihood")
    shown = "" if held_out is None else f"{held_out:.3f}{error}"
    rows.append(("learned", f"{learned['log_likelihood']:.3f}", shown))
    for name, value in result.split.get("counted", {}).items():
        rows.append((name, "", f"{value:.3f}") if scored == "held_out" else (name, f"{value:.3f}", ""))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines += [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}".rstrip() for row in rows]
    worst = min(result.split.get("counted", {}).values(), default=-np.inf)
    if list(learned.values())[-1] < worst:
        lines.append("learned is below what independent columns reach: train longer")
    found = [averages(of_run) for of_run in result.fidelity]
    scores = {
        text: np.mean([of_run[name] for of_run in found])
        for text, name in (
            ("columns (TVComplement)", "tv_complement"),
            ("pairs (ContingencySimilarity)", "contingency_similarity"),
            ("categories drawn (CategoryCoverage)", "category_coverage"),
        )
    }
    lines.append(
        "drawn rows against real ones (1: alike): " + ", ".join(f"{n} {v:.4f}" for n, v in scores.items())
    )
    told = {
        name: float(np.mean([of_run[name] for of_run in result.fidelity]))
        for name in ("new_rows", "closest", "real_closest", "discriminator_auc")
    }
    lines.append(
        f"{told['new_rows']:.1%} of drawn rows are new; on average a drawn row differs from the closest "
        f"training row in {told['closest']:.2f} columns, a real one in {told['real_closest']:.2f} (which "
        "says nothing about privacy)"
    )
    lines.append(
        f"the discriminator ranks a real row above a drawn one {told['discriminator_auc']:.1%} of the time "
        "(50 %: it cannot tell)"
    )
    return "\n".join(lines)


def _categories(result: Result, most: int) -> list[str]:
    labels: Sequence[str]
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
    rows: list[tuple[str, ...]] = [("label", "target", "learned", "error", *list(columns)[2:])]
    for k in order.tolist():
        error = round(learned[k] - target[k], 4) + 0.0  # no minus before a zero
        shown_target, last, *others = (f"{values[k]:.4f}" for values in columns.values())
        rows.append((shown_label(labels[k]), shown_target, last, f"{error:+.4f}", *others))
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:<{width}}  " + "  ".join(f"{cell:>8}" for cell in row[1:]) for row in rows]
    if len(order) > shown:
        lines.insert(1 + shown, "the worst of the others:")
    if len(labels) > len(order):
        lines.append(f"… and {len(labels) - len(order):,} more categories")
    return lines


LATE = 50
"""Epochs at the end, over which an error is averaged: the last one alone may be luck."""


def _maximum_error(result: Result) -> str:
    """The last line."""
    of_epochs = result.metrics["max_abs_error"]  # [E, R]
    errors = of_epochs[-1]
    if len(errors) == 1:
        late = (
            f" (mean of the last {LATE} epochs: {of_epochs[-LATE:].mean():.4f})"
            if len(of_epochs) > LATE
            else ""
        )
        averaged = float(max_abs_error(result.averaged, result.target)[0])
        of_averaged = f", of averaged: {averaged:.4f}" if result.has_average else ""
        return f"maximum error of learned: {errors[0]:.4f}{late}{of_averaged}"
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95])
    band = f"90 % from {low:.4f} to {high:.4f}, " if len(errors) >= 10 else ""
    return (
        f"maximum error of learned, {len(errors)} runs: mean {errors.mean():.4f}, median {median:.4f}, "
        f"{band}best {errors.min():.4f}, worst {errors.max():.4f}"
    )
