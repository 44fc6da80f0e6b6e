"""`python -m gumbel_gan.train`: train a GAN on a stream of categories, and write what it learned."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import yaml

from .cli import ConfigFile, Parser, fail
from .config import Config
from .lock import locked
from .memory import check_fits
from .metrics import total_variation
from .quiet import quiet_import
from .results import (
    SCORES,
    Run,
    begun,
    claim_directory,
    clear,
    config_yaml,
    finished,
    save,
    shown_label,
    stored_config,
    write,
)
from .signals import Signals, heard
from .sources import Feed, Source, open_source


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.train", description="Train a GAN on a stream of categories.")
    options.add_argument("--config", action=ConfigFile, help="YAML file with any of these settings")
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    options.add_argument("--tensorboard", action="store_true", help="write TensorBoard events, too")
    options.add_class_arguments(Config, skip={"overwrite", "diagnostics"})
    options.add_argument(
        "--diagnostics", action="store_true", help="measure the generator's gradient on the way"
    )
    options.add_argument(
        "--overwrite", action="store_true", help="replace the results in the output directory"
    )
    options.add_argument(
        "--resume", action="store_true", help="go on with the run in the output directory, where it stopped"
    )
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, train, write, print. Usage errors are answered before TensorFlow is loaded."""
    options = parser()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    given = options.parse_args(arguments)
    name = os.path.splitext(os.path.basename(str(given.config[-1])))[0] if given.config else "toy"
    with ExitStack() as stack:
        signals = stack.enter_context(heard())
        try:
            if given.resume:
                config = resumed(options, given.output, arguments)
                if finished(config):
                    print(f"{given.output} is finished, after {config.epochs} epochs: nothing to do")
                    return
            else:
                config = _config(options, given)
            if given.tensorboard and find_spec("tensorboard") is None:
                raise ValueError("tensorboard: the package is missing: pip install tensorboard")
            source = open_source(config.data)
            check_fits(config, len(source.labels))
            directory = (
                str(config.output) if given.resume else claim_directory(config.output, name, config.overwrite)
            )
            stack.enter_context(locked(directory))
            if not given.resume:
                clear(directory)
                write(directory, "config.yaml", lambda file: file.write(config_yaml(config)))
        except ValueError as error:
            fail(str(error), status=2)
        except OSError as error:
            fail(f"output: cannot write to {config.output} ({error.strerror})", status=1)
        try:
            status, message = _train(config, source, directory, given.quiet, given.tensorboard, signals)
        except OSError as error:
            reason = error.strerror or " ".join(str(error).split())
            status, message = 1, f"output: cannot write to {directory} ({reason}); what is there is whole"
    if status:
        if not given.resume and not begun(directory):
            os.remove(os.path.join(directory, "config.yaml"))
            if not os.listdir(directory):
                os.rmdir(directory)
        fail(message, status)


def _config(options: Parser, given: Any) -> Config:
    settings = options.instantiate(given)
    config = Config(**{key: settings[key] for key in Config.__dataclass_fields__})
    config.check_one_run()
    return config


def resumed(options: Parser, directory: str | None, arguments: Sequence[str]) -> Config:
    """The configuration of a run that goes on: its own, with a larger number of epochs if one is given.

    Raises:
        ValueError: there is no such run, or a setting that is given differs from the run's own.
    """
    if directory is None:
        raise ValueError("resume: received no directory: give --output DIR, that of the run")
    path = os.path.join(directory, "config.yaml")
    own = stored_config(directory)
    config = replace(_config(options, options.parse_args(["--config", path, *arguments])), output=directory)
    if config.epochs < own.epochs:
        raise ValueError(f"epochs: received {config.epochs}, below the run's own {own.epochs}: give more")
    mine, asked = (yaml.safe_load(config_yaml(one)) for one in (own, replace(config, epochs=own.epochs)))
    for key in mine:
        if mine[key] != asked[key]:
            inner = isinstance(mine[key], dict)
            part = next(k for k in mine[key] if mine[key][k] != asked[key][k]) if inner else None
            received, expected = (one[key][part] if inner else one[key] for one in (asked, mine))
            raise ValueError(
                f"{key}{f'.{part}' if inner else ''}: received {received} to resume a run with {expected}: "
                "leave it out, or train in another directory"
            )
    return config


def _train(
    config: Config, source: Source, directory: str, quiet: bool, tensorboard: bool, signals: Signals
) -> tuple[int, str]:
    """Train and write; the exit status, and what went wrong if it is not 0."""
    if sys.stdout.isatty() and not quiet:
        print("Loading TensorFlow …", end="\r", flush=True)
    with quiet_import(None if config.data.length else config.runs, config.devices):
        import keras

        from . import experiment
        from .callbacks import Progress, Stop
        from .plotting import save_figures

    stop = Stop()

    def stopped() -> None:
        stop.asked = True
        if isinstance(source, Feed):
            source.close()

    signals.on_signal = stopped
    stop.asked = signals.received is not None
    callbacks: list[keras.callbacks.Callback] = [stop] if quiet else [stop, Progress(config.epochs)]
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(os.path.join(directory, "tensorboard")))
    if config.data.path == "-" and not quiet:
        size = config.training.batches * config.training.batch_size
        print(f"Reading standard input: an epoch is {size:,} categories.", flush=True)
    status, message = signals.status, "interrupted before the first epoch"
    try:
        run, gan = experiment.run(config, source, callbacks, directory)
    except ValueError as error:
        return signals.status or 2, message if signals.status else str(error)
    except MemoryError as error:
        return 2, f"runs, training: received sizes that do not fit the memory ({error}): give smaller ones"
    except experiment.Stopped as error:
        status, message = 1, f"training stopped: {error}"
        if error.run is None:
            return status, message
        run, gan = error.run, error.gan
        message += f"; what was learned before is in {directory}"
    save_figures(run, directory)
    save(run, directory, gan)
    epochs = len(run.metrics["max_abs_error"])
    if bad := getattr(source, "error", None):
        status, message = 2, f"{bad}; what was learned before is in {directory}"
    elif signals.status and epochs < config.epochs:
        status = signals.status
        message = (
            f"interrupted after {epochs} of {config.epochs} epochs: to go on, "
            f"python -m gumbel_gan.train --resume --output {directory}"
        )
    if not quiet:
        if getattr(source, "ended", False) and not signals.status:
            print(
                f"The stream ended after {epochs} of {config.epochs} epochs. "
                "If that is too early, keep it in a file: that is drawn from for as long as it takes."
            )
        print(table(run))
        shown = sorted(name for name in os.listdir(directory) if not name.startswith("."))
        print(f"Results in {directory}: {', '.join(shown)}")
    return status, message


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
    if np.array_equal(run.averaged, run.learned):  # ended before the steps that are averaged
        del learned_from["averaged"]
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
