"""`python -m gumbel_gan.train`: train a GAN on a stream of categories, and write what it learned."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from .cli import Parser, fail
from .config import Config
from .memory import check_fits
from .metrics import total_variation
from .quiet import quiet_import
from .results import SCORES, Run, claim_directory, save, shown_label
from .sources import Source, open_source


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.train", description="Train a GAN on a stream of categories.")
    options.add_argument("--config", action="config", help="YAML file with any of these settings")
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    options.add_argument("--tensorboard", action="store_true", help="write TensorBoard events, too")
    options.add_class_arguments(Config, skip={"overwrite", "diagnostics"})
    options.add_argument(
        "--diagnostics", action="store_true", help="measure the generator's gradient on the way"
    )
    options.add_argument(
        "--overwrite", action="store_true", help="replace the results in the output directory"
    )
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, train, write, print. Usage errors are answered before TensorFlow is loaded."""
    options = parser()
    given = options.parse_args(arguments)
    name = os.path.splitext(os.path.basename(str(given.config[-1])))[0] if given.config else "toy"
    try:
        settings = options.instantiate(given)
        config = Config(**{key: settings[key] for key in Config.__dataclass_fields__})
        config.check_one_run()
        if given.tensorboard and find_spec("tensorboard") is None:
            raise ValueError("tensorboard: the package is missing: pip install tensorboard")
        source = open_source(config.data)
        check_fits(config, len(source.labels))
        directory = claim_directory(config.output, name, config.overwrite)
    except ValueError as error:
        fail(str(error), status=2)
    try:
        status, message = _train(config, source, directory, given.quiet, given.tensorboard)
    except KeyboardInterrupt:
        status, message = 130, "interrupted before the first epoch"
    if status:
        if not os.listdir(directory):
            os.rmdir(directory)
        fail(message, status)


def _train(config: Config, source: Source, directory: str, quiet: bool, tensorboard: bool) -> tuple[int, str]:
    """Train and write; the exit status, and what went wrong if it is not 0."""
    if sys.stdout.isatty() and not quiet:
        print("Loading TensorFlow …", end="\r", flush=True)
    with quiet_import(None if config.data.length else config.runs):
        import keras

        from . import experiment
        from .callbacks import Progress
        from .plotting import (
            MAX_ROWS,
            categories_scatter,
            error_heatmap,
            save_figure,
            sequence_lengths,
            sequence_training,
        )

    callbacks: list[keras.callbacks.Callback] = [] if quiet else [Progress(config.epochs)]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(os.path.join(directory, "tensorboard")))
    if config.data.path == "-" and not quiet:
        size = config.training.batches * config.training.batch_size
        print(f"Reading standard input: an epoch is {size:,} categories.", flush=True)
    status, message = 0, ""
    try:
        run, gan = experiment.run(config, source, callbacks)
    except ValueError as error:
        return 2, str(error)
    except MemoryError as error:
        return 2, f"runs, training: received sizes that do not fit the memory ({error}): give smaller ones"
    except experiment.Stopped as error:
        status, message = (
            (130, str(error))
            if isinstance(error, experiment.Interrupted)
            else (1, f"training stopped: {error}")
        )
        if error.run is None:
            return status, message
        run, gan = error.run, error.gan
    save(run, directory, gan)
    save_figure(error_heatmap(run), directory, "error_heatmap.png")
    if len(run.labels) > MAX_ROWS and not run.samples:
        save_figure(categories_scatter(run), directory, "scatter.png")
    if run.samples:
        save_figure(sequence_training(run), directory, "training.png")
        save_figure(sequence_lengths(run), directory, "lengths.png")
    if bad := getattr(source, "error", None):
        status, message = 2, str(bad)
    if not quiet:
        if getattr(source, "ended", False):
            epochs = len(run.metrics["max_abs_error"])
            print(f"The stream ended after {epochs} epoch{'s' if epochs > 1 else ''}.")
        print(table(run))
        print(f"Results in {directory}: {', '.join(sorted(os.listdir(directory)))}")
    return status, f"{message}; what was learned before is in {directory}"


def table(run: Run, most: int = 20) -> str:
    """What was learned, as a short table; with several runs, means over them.

    Args:
        run: a training.
        most: categories to show; if there are more, the most probable ones and the five that are worst.
    """
    if run.config.data.length:  # strings, by their lengths
        labels, learned, target = run.shown_labels, run.probabilities[-1].mean(0), run.targets[-1]  # [K']
        counted = run.readable(run.counted).mean(0)
    else:
        labels, learned, target = run.labels, run.learned.mean(0), run.target  # [K]
        counted = run.counted.mean(0)
    order, shown = np.arange(len(labels)), most
    if len(labels) > most:
        shown = most - 5
        order = np.argsort(-target, kind="stable")[:shown]
        worst = np.setdiff1d(np.argsort(-np.abs(learned - target), kind="stable")[:most], order, True)
        errors = np.abs(learned - target)[worst]
        order = np.concatenate([order, worst[np.argsort(-errors, kind="stable")][:5]])
    rows: list[tuple[str, ...]] = [("label", "target", "learned", "counted", "error")]
    for k in order:
        numbers = (f"{values[k]:.4f}" for values in (target, learned, counted))
        rows.append((shown_label(labels[k]), *numbers, f"{learned[k] - target[k]:+.4f}"))
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:<{width}}  " + "  ".join(f"{cell:>7}" for cell in row[1:]) for row in rows]
    if len(order) > shown:
        lines.insert(1 + shown, "the worst of the others:")
    if len(labels) > len(order):
        lines.append(f"… and {len(labels) - len(order):,} more categories")
    learned_from = {"learned": run.learned, "averaged": run.averaged, "counted": run.counted}
    distances = (f"{name} {total_variation(p, run.target).mean():.4f}" for name, p in learned_from.items())
    lines.append(f"total variation: {', '.join(distances)}")
    errors = run.metrics["max_abs_error"][-1]  # [R]
    if run.samples:
        scores = (f"{name} {run.metrics[name][-1].mean():.4f}" for name in SCORES if name in run.metrics)
        lines.append(", ".join([*scores, *(f"{name} {share:.3f}" for name, share in run.shares.items())]))
        lines.append("samples: " + "  ".join(repr(sample) for sample in run.samples[:20]))
    elif len(errors) == 1:
        lines.append(f"maximum error {errors[0]:.4f}")
    else:
        low, median, high = np.quantile(errors, [0.05, 0.5, 0.95])
        lines.append(
            f"maximum error of {len(errors)} runs: mean {errors.mean():.4f}, median {median:.4f}, "
            f"90 % from {low:.4f} to {high:.4f}, worst {errors.max():.4f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
