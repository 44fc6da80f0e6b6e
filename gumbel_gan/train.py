"""`python -m gumbel_gan.train`: train a GAN on a stream of categories, and write what it learned."""

import os
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config.checks import one_line
from .config.config import Config
from .live.writing import check_installed, write_page
from .quiet import loading
from .results.directory import abandon, begun, claim_directory, clear, config_yaml, finished, run_name
from .terminal.messages import fail, show_warnings
from .terminal.parser import ConfigFile, Parser, configured, load_own, rehearse_own
from .terminal.progress import Progress, shown
from .terminal.signals import Signals, heard
from .terminal.streams import say, steady

if TYPE_CHECKING:
    from .data.source import Source


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.train", description="Train a GAN on a stream of categories.")
    options.add_argument("--config", action=ConfigFile, help="YAML file with any of these settings")
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    options.add_argument("--tensorboard", action="store_true", help="write TensorBoard events, too")
    options.add_argument(
        "--open", action="store_true", help="write a page that shows the result, and open it in a browser"
    )
    options.add_settings(skip={"overwrite", "diagnostics"})
    options.add_argument(
        "--diagnostics", action="store_true", help="measure the generator's gradient on the way"
    )
    options.add_argument(
        "--overwrite", action="store_true", help="replace the results in the output directory"
    )
    options.add_argument(
        "--resume", action="store_true", help="go on with the run in the output directory, where it stopped"
    )
    options.arrange()
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, train, write, print. Usage errors are answered before TensorFlow is loaded."""
    steady()
    options, arguments = parser(), list(sys.argv[1:] if arguments is None else arguments)
    show_warnings()
    given = options.parse_args(arguments)
    with ExitStack() as stack:
        signals = stack.enter_context(heard())
        try:
            if given.tensorboard and find_spec("tensorboard") is None:
                raise ValueError("tensorboard: the package is missing: pip install tensorboard")
            if given.open:
                check_installed("open")
            config = configured(options, given, arguments)
            if given.resume and finished(config):
                say(f"{given.output} is finished, after {config.epochs} epochs: nothing to do")
                if given.open:
                    _open(given.output, given.quiet)
                return
            # NumPy and the like are imported here: a mistake in the options costs less without them.
            from .data.opening import open_source
            from .results.files import write
            from .results.lock import locked
            from .training.memory import WORTH_SAYING, check_fits

            load_own(config.own_parts(), *config.side_by_side)
            source = open_source(config.data)
            takes = check_fits(config, len(source.labels), source.sizes)
            rehearse_own(config, source)
            directory = _directory(config, given)
            stack.enter_context(locked(directory))
            if not given.resume:
                clear(directory)
                write(directory, "config.yaml", lambda file: file.write(config_yaml(config)))
        except ValueError as error:
            fail(str(error), status=2)
        except OSError as error:
            fail(f"output: cannot write to {config.output} ({one_line(error)})", status=1)
        progress = stack.enter_context(shown("epoch", given.quiet))
        if takes > WORTH_SAYING:
            progress.say(f"This takes about {takes / 1e9:.1f} GB of memory, beside TensorFlow's own.")
        try:
            status, message = _train(config, source, directory, given, signals, progress)
        except BaseException:  # a mistake in a part of the user's own, say, which its own message tells best
            if not given.resume and not begun(directory):
                abandon(directory)
            raise
    if status:
        if not given.resume and not begun(directory):
            abandon(directory)
        fail(message, status)
    if given.open:
        _open(directory, given.quiet)


def _open(directory: str, quiet: bool) -> None:
    """Write the page of a finished training, and open it."""
    try:
        with shown("epoch", quiet) as progress:
            path = write_page(directory, progress)
    except (OSError, ValueError) as error:
        fail(f"open: cannot write the page ({one_line(error)}); the results are in {directory}", status=1)
    webbrowser.open(Path(path).absolute().as_uri())


def _directory(config: Config, given: Any) -> str:
    if given.resume:
        return str(config.output)
    config_file = str(given.config[-1]) if given.config else None
    return claim_directory(config.output, run_name(config.data, config_file), config.overwrite)


def _train(
    config: Config, source: "Source", directory: str, given: Any, signals: Signals, progress: Progress
) -> tuple[int, str]:
    """Train and write, and print what was learned; the exit status, and what went wrong if it is not 0."""
    progress(0, config.epochs, "loading TensorFlow")
    with loading(*config.side_by_side, len(source.labels)):
        import keras

        from .figures.training import pictures
        from .results.tables import learned_table
        from .training.keeping import train_and_keep
        from .training.place import place_of

    signals.on_signal = source.close
    if signals.received is not None:
        source.close()
    try:
        place = place_of(config, source)
    except ValueError as error:
        return 2, str(error)
    # As it begins to train: until then a mistake may be found, which is all that is to be said.
    callbacks = [keras.callbacks.LambdaCallback(on_train_begin=lambda logs: progress.say(str(place)))]
    if given.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(os.path.join(directory, "tensorboard")))
    if not source.replayable:
        size = config.training.batches * config.training.batch_size
        progress.say(
            f"Reading standard input: an epoch is {size:,} items, and {config.epochs} epochs are "
            f"{config.epochs * size:,}."
        )
    ending = train_and_keep(config, source, directory, pictures, callbacks, progress, signals.stopping)
    progress.close()
    if (result := ending.result) is None:
        interrupted = (signals.status, "interrupted before the first epoch")
        return interrupted if signals.status else (ending.status, ending.message)
    epochs = result.trained_epochs
    too_short = 10 * epochs < config.epochs
    if source.ended and source.error is None and not signals.status and not too_short:
        progress.say(f"The stream ended after {epochs} of {config.epochs} epochs.")
    progress.say(learned_table(result))
    written = sorted(name for name in os.listdir(directory) if not name.startswith("."))
    progress.say(f"Results in {directory}: {', '.join(written)}")
    if source.ended and not signals.status and not ending.status and too_short:
        size = config.training.batches * config.training.batch_size
        return 3, (
            f"the stream ended after {epochs} of {config.epochs} epochs, too early for the GAN to have "
            f"learned it: {config.epochs * size:,} items were needed. Keep it in a file, which is drawn from "
            f"for as long as it takes; what was learned is in {directory}"
        )
    if ending.status or not signals.status or epochs == config.epochs:
        return ending.status, ending.message
    return signals.status, (
        f"interrupted after {epochs} of {config.epochs} epochs: to go on, "
        f"python -m gumbel_gan.train --resume --output {directory}"
        + "".join(f" --{key} {name}" for key, name in config.own_parts())
    )


if __name__ == "__main__":
    main()
