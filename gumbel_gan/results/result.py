"""What a training has found."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..config.catalogue import SAMPLED, SOURCES, Row, SourceRow
from ..config.checks import check_count, one_line, seed_of
from ..config.config import Config
from ..data.columns import Column
from ..data.rows import encode
from ..data.source import Distribution
from .readable import Readable
from .rows import Drawn, as_table, draw, framed, marginal

OLD_NETWORKS = ("SequenceGenerator", "SequenceDiscriminator")
"""Classes whose networks of version 0.1 had no runs axis."""


@dataclass(repr=False)
class Result:
    """A training and what it learned.

    Attributes:
        config: its settings.
        labels: K names of the categories.
        target_is: "given", "frequencies" or "counted".
        epochs: int [E'], the epochs (1, 2, ...) after which `probabilities` were recorded.
        probabilities: [E', R, K'], learned; K' is K up to 10,000 categories, else they are the 1,000 most
            probable and the others together.
        targets: [E', K'], what they should be.
        metrics: name to [E, R], after every epoch.
        learned: [R, K], after the last epoch.
        averaged: [R, K], mean over every generator step from `training.average_from` on.
        counted: [R, K], by plain counting of the very integers that each run consumed.
        target: [K].
        optimizer_steps: of one run.
        compile_seconds: tracing, compiling and running the first epoch.
        train_seconds: all later epochs.
        directory: where it was loaded from, if it was.
        versions: of the main packages.
        samples: of generators of strings, those of each run; empty for single categories.
        kind: of the source, a name of the catalogue's.
        classes: K names of the groups that tables show in place of categories, if they do.
        warning: one line about what could hardly be learned of the data; None if there is nothing to say.
        gan: the trained GAN; None of a result that was loaded.
        wrap: makes a container like that of the values that were learned, of labels.
        columns: of a table, with their categories; empty of all else.
        fidelity: of each run of a table, how faithful drawn rows are; see `fidelity.fidelity`.
        kept: int [R], the epoch whose weights each run has kept, where `training.patience` chose; else empty.
        place: the kind of device it was trained on, CPU or GPU, and why there; empty if nobody knows.
        split: of a table, how many rows each of its three parts has, and a digest of all of them.

    Example:
        >>> import gumbel_gan as gg
        >>> result, gan = gg.run(gg.Config(epochs=2, runs=3, seed=0))
        >>> result.learned.shape, result.metrics["max_abs_error"].shape
        ((3, 5), (2, 3))
        >>> print(result.target, result.counted[0].round(1))
        [0.  0.  0.1 0.3 0.6] [0.  0.  0.1 0.3 0.6]
    """

    config: Config
    labels: Sequence[str]
    target_is: str
    epochs: np.ndarray
    probabilities: np.ndarray
    targets: np.ndarray
    metrics: dict[str, np.ndarray]
    learned: np.ndarray
    averaged: np.ndarray
    counted: np.ndarray
    target: np.ndarray
    optimizer_steps: int
    compile_seconds: float
    train_seconds: float
    directory: str | None = None
    versions: dict[str, str] | None = None
    samples: tuple[tuple[str, ...], ...] = ()
    kind: str = "distribution"
    classes: tuple[str, ...] | None = None
    warning: str | None = None
    gan: Any = None
    wrap: Callable[[Any], Any] | None = None
    columns: tuple[Column, ...] = ()
    fidelity: tuple[dict[str, Any], ...] = ()
    kept: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    split: dict[str, Any] = field(default_factory=dict)
    place: tuple[str, str] = ("", "")

    def __repr__(self) -> str:
        """Short: its arrays hold thousands of numbers."""
        place = f", {self.directory}" if self.directory else ""
        counts = f"{self.runs} runs, {self.trained_epochs} epochs, {len(self.labels)} categories"
        return f"<Result of {counts}{place}>"

    @property
    def runs(self) -> int:
        """R, the runs side by side."""
        return len(self.learned)

    @property
    def trained_epochs(self) -> int:
        """E, the epochs that were finished."""
        return len(next(iter(self.metrics.values())))

    @property
    def source(self) -> SourceRow:
        """The catalogue's row of its source: what scores and figures it has beside those of all."""
        return SOURCES[self.kind]

    @cached_property
    def generator(self) -> Any:
        """The trained generator; loading it loads TensorFlow."""
        return self._network("generator.keras")

    @cached_property
    def discriminator(self) -> Any:
        """The trained discriminator; loading it loads TensorFlow."""
        return self._network("discriminator.keras")

    def _network(self, name: str) -> Any:
        if self.gan is not None:
            return getattr(self.gan, name.removesuffix(".keras"))
        if self.directory is None:
            raise AttributeError("this result has neither a GAN nor a directory")
        path = os.path.join(self.directory, name)
        try:
            check_version(path)
            import keras

            from ..gan import registered  # noqa: F401  (so that Keras finds the classes)

            return keras.models.load_model(path)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({one_line(error)}): train again") from None

    @property
    def default_of(self) -> str:
        """What `sample` draws from by default.

        The last step swings about the target; the average over the late steps does not. It means nothing of a
        target that moves, and of strings the average is that of the weights, if there is one.
        """
        return "averaged" if self.has_average else "last"

    @property
    def has_average(self) -> bool:
        """Whether `averaged` means something.

        It does not where the target moves, of strings, or in a training that ended before the steps that are
        averaged, whose `averaged` is what was learned last.
        """
        return self.source.averages and not np.array_equal(self.averaged, self.learned)

    def probabilities_of(self, of: str | None = None) -> np.ndarray:
        """The learned probabilities to draw from, [R, K].

        Args:
            of: averaged, over the late steps, or last; by default `default_of`.

        Raises:
            ValueError: it is neither, or averaged of strings.
        """
        of = of or self.default_of
        SAMPLED.check("of", of)
        found: np.ndarray = SAMPLED.load(of)(self)
        return found

    def sample(
        self,
        n: int,
        of: str | None = None,
        run: int = 0,
        seed: int | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draw from what was learned.

        Args:
            n: how many.
            of: averaged, over the late steps, or last; by default the average, but of strings, of tables and
                of targets that move.
            run: of which run.
            seed: of the draws; by default one draw of Python's `random`.
            given: of tables: categories by the names of columns, which all rows have.

        Returns:
            Labels [n]: a container like that of the values that were learned, or else an array of text. Of a
            table rows: a DataFrame like the one that was learned, or of pandas, or a dictionary of columns
            where there is none.

        Raises:
            ValueError: a number would not do, there is no such run, or what is given cannot happen.

        Example:
            >>> import gumbel_gan as gg
            >>> source = gg.from_values(["sun", "rain", "sun", "snow", "sun"])
            >>> result, gan = gg.run(gg.Config(epochs=2, seed=0), source)
            >>> sorted(set(result.sample(1000, seed=0).tolist()))
            ['rain', 'snow', 'sun']
        """
        check_count("n", n, least=0)
        self._check_run(run)
        seed = seed_of(seed)
        if self.columns:
            self._check_of(of)
            return as_table(self.columns, self.draw_rows(n, given or {}, run, seed).codes, self.wrap)
        if given:
            raise ValueError("given: received for single values, which have no columns: leave it out")
        probabilities = self.probabilities_of(of)[run]
        if self.source.stream == "sequences":
            drawn = self.generator.sample(max(n, 1), seed=(seed % 2**31, 0)).numpy()[run]
            labels = self.generator.names(drawn, self.labels)[:n]
        else:
            codes = Distribution(probabilities / probabilities.sum()).draw(np.random.default_rng(seed), n)
            labels = [self.labels[code] for code in codes]
        if self.wrap is not None:
            return self.wrap(labels)
        # An array of text loses the zeros at its ends.
        kind = object if any(label.endswith("\0") for label in labels) else str
        return np.array(labels, dtype=kind)

    def _check_run(self, run: int) -> None:
        if not hasattr(run, "__index__") or not 0 <= run < self.runs:
            there_are = f"0 to {self.runs - 1}" if self.runs > 1 else "the only one, 0"
            raise ValueError(f"run: received {run!r}: give {there_are}")

    @property
    def shown_score(self) -> str:
        """Of a table: the column of metrics.csv that says how good it is, by held-out rows if there are."""
        held_out = "held_out_log_likelihood"
        return held_out if held_out in self.metrics else "log_likelihood"

    def kept_epoch(self, run: int = 0) -> int:
        """The epoch (1, 2, ...) whose weights a run has kept: the last, or one by the rows that tell when."""
        return int(self.kept[run]) if len(self.kept) else self.trained_epochs

    def draw_rows(self, n: int, given: Mapping[str, Any], run: int, seed: int) -> Drawn:
        """Draw rows of a table as codes, with the effective number of draws where they are weighted."""
        self._check_table()
        self._check_run(run)
        if not isinstance(given, Mapping):
            raise ValueError(f"given: received {given!r}: give a dictionary, as {{'region': 'north'}}")
        return draw(self.generator, self.columns, n, given, seed, run)

    def _check_of(self, of: str | None) -> None:
        if of is not None:
            SAMPLED.check("of", of)
            SAMPLED.load(of)(self)

    def _check_table(self) -> None:
        if not self.columns:
            raise ValueError("this result is of single values or strings, and has no columns: learn a table")

    def log_prob(self, rows: Any, run: int = 0) -> np.ndarray:
        """The exact log-probability of rows of a table, in nats, float64 [n].

        Args:
            rows: a DataFrame, a dictionary of columns, or a list of dictionaries or of rows.
            run: of which run.

        Raises:
            ValueError: the result is not of a table, a column is missing, or a category was never seen.

        Example:
            >>> import gumbel_gan as gg
            >>> table = gg.from_table({"age": [18, 30, 18, 50] * 9, "smokes": ["no", "yes", "no", "no"] * 9})
            >>> result, gan = gg.run(gg.recipe("table", epochs=2, seed=0), table)
            >>> result.log_prob([[18, "no"], [50, "yes"]]).shape
            (2,)
        """
        self._check_table()
        self._check_run(run)
        logs: np.ndarray = self.generator.log_probabilities(encode(self.columns, rows))[run]
        return logs

    def marginal(self, *columns: str, run: int = 0) -> Any:
        """The learned probabilities of all combinations of some columns' categories.

        Exact where there are few combinations up to the last of them, otherwise shares of drawn rows.

        Args:
            columns: names of some.
            run: of which run.

        Returns:
            A DataFrame of these columns and `probability`; a dictionary where there is no pandas.

        Raises:
            ValueError: the result is not of a table, or has no such column.

        Example:
            >>> import gumbel_gan as gg
            >>> table = gg.from_table({"age": [18, 30, 18, 50] * 9, "smokes": ["no", "yes", "no", "no"] * 9})
            >>> result, gan = gg.run(gg.recipe("table", epochs=2, seed=0), table)
            >>> print(result.marginal("smokes")["probability"].sum().round(3))
            1.0
        """
        self._check_table()
        self._check_run(run)
        return framed(marginal(self.generator, self.columns, columns, run)[0])

    def save(self, directory: str, overwrite: bool = False) -> str:
        """Write the result as the command does: tables, networks, settings, pictures, summary.

        Args:
            directory: where to write; made, if need be.
            overwrite: replace the results that it holds.

        Returns:
            The directory.

        Raises:
            ValueError: it holds results already, or cannot be written to.
            OSError: a file could not be written; all others were.

        Example:
            >>> import glob
            >>> import gumbel_gan as gg
            >>> result, gan = gg.run(gg.Config(epochs=2, seed=0))
            >>> directory = result.save("runs/toy")
            >>> sorted(glob.glob("*", root_dir=directory))
            ['config.yaml', 'discriminator.keras', 'error_heatmap.png', 'generator.keras',
             'metrics.csv', 'probabilities.csv', 'summary.json']
        """
        # By name: what writes a result stands above it.
        write: Callable[..., str] = Row("", "results.storing:save_as").load()
        pictures = Row("", "figures.training:pictures").load()
        return write(self, directory, pictures(self), overwrite)

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """K' names of the categories in `probabilities`."""
        return self.readable.labels(self.labels)

    @property
    def readable(self) -> Readable:
        """Reduces [..., K] to the K' categories of `probabilities`."""
        return Readable(self.target, self.target_is != "counted", self.classes)

    @property
    def shares(self) -> dict[str, np.ndarray]:
        """Of each run's samples of strings: how many are different, and how many it was trained on, [R]."""
        distinct = [len(set(samples)) / len(samples) for samples in self.samples]
        seen = [{self.labels[s] for s in np.flatnonzero(counted).tolist()} for counted in self.counted]
        overlap = [
            sum(sample in known for sample in samples) / len(samples)
            for samples, known in zip(self.samples, seen, strict=True)
        ]
        return {"distinct_share": np.array(distinct), "training_overlap": np.array(overlap)}

    @property
    def errors(self) -> np.ndarray:
        """Learned minus true probability, [E', R, K']."""
        return self.probabilities - self.targets[:, None, :]


def averaged(result: Result) -> np.ndarray:
    """The average of the learned probabilities over the late steps, [R, K].

    Raises:
        ValueError: the result is not of single categories.
    """
    if result.source.stream != "categories":
        raise ValueError(
            f"of: received averaged for {result.source.stream}, of which the weights are averaged: give last"
        )
    return result.averaged


def last(result: Result) -> np.ndarray:
    """The learned probabilities after the last step, [R, K]."""
    return result.learned


def check_version(path: str) -> None:
    """Check that a saved network is not one of strings that version 0.1 wrote.

    Raises:
        OSError: there is no such file.
        ValueError: it is.
    """
    with zipfile.ZipFile(path) as archive:
        saved = json.loads(archive.read("config.json"))
    if saved.get("class_name") in OLD_NETWORKS and "runs" not in saved.get("config", {}):
        raise ValueError("a network of strings that gumbel_gan 0.1 wrote, which this version cannot load")
