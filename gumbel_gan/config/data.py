"""The settings of the stream: which source, and what the discriminator sees of it."""

import os
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .catalogue import LAWS, SMOOTHINGS, SOURCES, check_names
from .checks import (
    Labels,
    check_length,
    check_not_negative,
    check_part,
    check_positive,
    check_probabilities,
    labels,
    listed,
    numbers,
)
from .reading import check_types

POST_PROBABILITIES = (0.0, 0.0, 0.1, 0.3, 0.6)
"""The distribution of the blog post's stream of the numbers 0 to 4."""

MAX_CATEGORIES = 10_000_000
TABLES = (".csv", ".tsv", ".tab", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson")
"""Endings of files that are tables."""
COMMON = ("source", "given", "smoothing", "smoothing_amount")
"""Settings that go with every source."""


@dataclass(frozen=True)
class Data:
    """The stream of categories.

    Attributes:
        source: what kind of source (default: what the other settings ask for).
        options: of a source of your own, as --data.options.NAME VALUE.
        given: the stream's source came from Python, and these settings do not describe it.
        path: a text, a table (with `column`), a .npy file of integers, or - for standard input; without it
            the stream is drawn from `probabilities`.
        unit: what one category of a text is (default: characters, for a .npy file integers).
        column: the column of a table that holds the categories; a table is CSV or the like with a header,
            Parquet, Arrow or JSON lines, compressed by gzip or not.
        columns: several columns of a table, as age,region, or all: the stream is of its rows.
        order: in which the columns are learned, each given those before it.
        bins: of columns with many different numbers, by quantiles.
        weights: the column with the rows' weights; whole numbers count rows.
        stopping: the part of the rows that tells when to stop, 0 to below 1.
        held_out: the part of the rows that scores, 0 to below 1.
        separator: between the columns of a CSV file (default: found in its header).
        encoding: of a text or CSV file, as latin-1 or utf-16 (default: UTF-8).
        missing: what becomes of a table's empty cells, or of rows that hold some.
        probabilities: the true distribution, as [0.2,0.8] or 0.2,0.8 (default: with a path, the file's
            own frequencies; without, the post's 0, 0, 0.1, 0.3, 0.6).
        labels: names of the categories 0, 1, ..., as [a,b] or a,b.
        vocabulary: the categories of a text, as [a,b] or a,b or a file with one label a line (default:
            those that occur, sorted).
        law: a distribution by name, in place of `probabilities`.
        categories: how many the law has.
        law_seed: seed of dirichlet, of the strings that are drawn or held out, and of the split of rows.
        length: of sequences: the grammar's strings, or with a path its lines, are padded to this length
            (default: the stream is of single categories).
        strings: size of the training set drawn from the grammar, or endless: new strings in every batch
            (default: 5000).
        drift: the distribution that the stream changes to during training, as `probabilities`.
        drift_from: the epoch after which it changes.
        drift_until: the epoch at which a linear change is complete (default: it is abrupt).
        memory: epochs that counting with forgetting remembers, beside a drift.
        smoothing: what the discriminator sees of real examples.
        smoothing_amount: label: weight of the uniform distribution; noise: standard deviation (default: 0.1).

    Example:
        >>> import gumbel_gan as gg
        >>> data = gg.Data(probabilities=[0.2, 0.8], labels=["no", "yes"])
        >>> gg.open_source(data).labels
        ('no', 'yes')
        >>> gg.Data(path="table.csv", column="kind").kind
        'table'
        >>> gg.Data(path="table.csv", columns="age,region").kind
        'rows'
    """

    source: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    given: bool = False
    path: str | None = None
    unit: str | None = None
    column: str | None = None
    columns: Labels = None
    order: str = "given"
    bins: int | None = None
    weights: str | None = None
    stopping: float = 0.1
    held_out: float = 0.1
    separator: str | None = None
    encoding: str | None = None
    missing: str = "refuse"
    probabilities: list[float] | str | None = None
    labels: Labels = None
    vocabulary: Labels = None
    law: str | None = None
    categories: int | None = None
    law_seed: int = 0
    length: int | None = None
    strings: int | Literal["endless"] | None = None
    drift: list[float] | str | None = None
    drift_from: int = 100
    drift_until: int | None = None
    memory: int = 10
    smoothing: str = "none"
    smoothing_amount: float | None = None

    def __post_init__(self) -> None:
        if self.path is not None:
            object.__setattr__(self, "path", os.fspath(self.path))
        check_types(self, "data.")
        if self.path is not None:
            try:
                object.__setattr__(self, "path", os.path.expanduser(self.path))
            except ValueError:  # it holds a zero, or half a character
                raise ValueError(f"data.path: received {self.path!r}: give the path of a file") from None
        check_names("data", self)
        if self.columns is not None and self.column is not None:
            raise ValueError(
                f"data.column: received {self.column} with data.columns {self.columns}: give one of the two; "
                "for a single column leave out configs/table.yaml, too"
            )
        self._check_keys()
        self._check_text()
        self._check_rows()
        for name, parsed in (
            ("probabilities", numbers("data.probabilities", self.probabilities)),
            ("drift", numbers("data.drift", self.drift)),
            ("labels", labels("data.labels", self.labels)),
            ("vocabulary", labels("data.vocabulary", self.vocabulary)),
            ("columns", self._parsed_columns()),
        ):
            object.__setattr__(self, name, parsed)  # the settings are frozen once they are made
        check_not_negative("data.law_seed", self.law_seed)
        check_positive("data.memory", self.memory)
        self._check_distributions()
        self._check_law()
        self._check_sequences()
        self._check_smoothing()

    @property
    def kind(self) -> str:
        """The kind of source that the settings ask for, a name of the catalogue's or module:Class."""
        if self.source is not None:
            return self.source
        if self.columns is not None:
            return "rows"
        of_strings = self.strings is not None or (self.law in LAWS.rows and not LAWS[self.law].categories)
        if self.length is not None or (of_strings and self.path is None):
            return "grammar" if self.path is None else "strings"
        if self.path is not None:
            name = self.path.lower().removesuffix(".gz")
            ending = os.path.splitext(name)[1]
            if self.column is not None or (ending in TABLES and self.unit is None):
                return "table"  # of standard input, too: a table has an end
            return "standard_input" if name == "-" else "array" if ending == ".npy" else "text"
        if self.drift is not None:
            return "drift"
        by_name = self.law is not None or self.categories is not None
        return "law" if by_name else "distribution"

    @property
    def sequences(self) -> bool:
        """Whether the source is of sequences, of symbols or of columns, and not of single categories."""
        return self.stream != "categories"

    @property
    def stream(self) -> str:
        """What the source is of: categories, sequences or rows."""
        return SOURCES[self.kind].stream

    @property
    def true_probabilities(self) -> list[float] | None:
        """`probabilities`, parsed; None where they were not given."""
        return numbers("data.probabilities", self.probabilities)

    def _check_keys(self) -> None:
        """Refuse the settings that the source has no use for; ask for those it needs."""
        row = SOURCES[self.kind]
        taken = {*COMMON, *row.keys}
        if row.options or row.name not in SOURCES.rows:  # the constructor of a user's own knows its options
            taken.add("options")
        for setting in fields(self):
            value = getattr(self, setting.name)
            default = {} if setting.name == "options" else setting.default
            if value == default or setting.name in taken:
                continue
            takers = [other for other in SOURCES.rows.values() if setting.name in other.keys]
            names = " or ".join(other.name for other in takers)
            with_it = f"; it goes with the source {names}" if takers else ""
            if takers and self.path is None and all("path" in other.keys for other in takers):
                with_it = ", or give data.path, too"
            raise ValueError(
                f"data.{setting.name}: received {value!r} with the source {row.name}, which takes "
                f"{', '.join(row.keys) or 'data.options only'}: leave it out{with_it}"
            )
        for name, how in row.needs:
            if getattr(self, name) is None:
                raise ValueError(f"data.{name}: required with the source {row.name}: {how}")
        if row.name == "standard_input" and self.path not in (None, "-"):
            raise ValueError(
                f"data.path: received {self.path} with the source standard_input: give -, or leave it out"
            )

    def _check_text(self) -> None:
        if self.separator is not None:
            separator = {"tab": "\t", "\\t": "\t"}.get(self.separator, self.separator)
            if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
                raise ValueError(
                    f"data.separator: received {self.separator!r}: give one character, as ; or tab"
                )
            object.__setattr__(self, "separator", separator)
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, UnicodeError):
                raise ValueError(
                    f"data.encoding: received {self.encoding!r}: give a text encoding, as latin-1 or utf-16"
                ) from None

    def _parsed_columns(self) -> Any:
        """The names of the columns, or all."""
        given = self.columns
        if given is None or (isinstance(given, str) and given.strip().lower() == "all"):
            return None if given is None else "all"
        if isinstance(given, str) and not listed(given):
            raise ValueError(
                f"data.columns: received {given!r}: give two or more, as age,region, or all; one is "
                "data.column"
            )
        return labels("data.columns", given)

    def _check_rows(self) -> None:
        if self.bins is not None and self.bins < 2:
            raise ValueError(f"data.bins: received {self.bins}: give 2 or more")
        for name in ("stopping", "held_out"):
            check_part(f"data.{name}", getattr(self, name))
        if self.stopping + self.held_out >= 1:
            raise ValueError(
                f"data.stopping, data.held_out: received {self.stopping} and {self.held_out}, which leave "
                "nothing to train on: give parts whose sum is below 1"
            )

    def _check_distributions(self) -> None:
        known = self.vocabulary or (self.labels if self.path is None else None)
        categories = len(known) if known is not None else None
        if self.path is None and self.kind in ("distribution", "law", "drift"):
            categories = self.categories or len(self.true_probabilities or POST_PROBABILITIES)
            check_length("data.labels", self.labels, categories)
        for name in ("probabilities", "drift"):
            if (probabilities := getattr(self, name)) is not None:
                check_probabilities(f"data.{name}", probabilities)
                if categories is not None:
                    check_length(f"data.{name}", probabilities, categories)
        if self.drift_from < 0 or (self.drift_until or self.drift_from) < self.drift_from:
            raise ValueError(
                f"data.drift_from, data.drift_until: received {self.drift_from}, {self.drift_until}: "
                "give epochs of 0 or more, the second not before the first"
            )

    def _check_law(self) -> None:
        if self.law is None and self.categories is not None:
            raise ValueError(f"data.categories: received {self.categories} without data.law: give a law, too")
        if self.law is None:
            return
        if self.probabilities is not None:
            raise ValueError(f"data.law: received {self.law} with data.probabilities: give one of the two")
        wanted = "strings" if self.stream == "sequences" else "categories"
        if not getattr(LAWS[self.law], wanted):
            would_do = ", ".join(LAWS.names(**{wanted: True}))
            raise ValueError(f"data.law: received {self.law} for {wanted}: give one of {would_do}")
        if wanted == "categories" and not 2 <= (self.categories or 0) <= MAX_CATEGORIES:
            raise ValueError(
                f"data.categories: received {self.categories} with the law {self.law}: "
                f"give a number from 2 to {MAX_CATEGORIES:,}"
            )

    def _check_sequences(self) -> None:
        if self.length is None:
            return
        # 4^8 strings of the grammar have at most 18 symbols, and the next length has four times as many.
        longest = 18 if self.kind == "grammar" else 1000
        if not 3 <= self.length <= longest:
            raise ValueError(
                f"data.length: received {self.length} for the source {self.kind}: give 3 to {longest}"
            )
        if self.unit not in (None, "characters"):
            raise ValueError(f"data.unit: received {self.unit} with data.length: give characters")
        if isinstance(self.strings, int):
            check_positive("data.strings", self.strings)

    def _check_smoothing(self) -> None:
        amount = self.smoothing_amount
        SMOOTHINGS.check_options("data.smoothing", self.smoothing, {"smoothing_amount": amount})
        if amount is None:
            return
        check_positive("data.smoothing_amount", amount)
        if self.smoothing == "label" and amount >= 1:
            raise ValueError(f"data.smoothing_amount: received {amount}: give a part of the whole, below 1")
