"""Every name that a user can give, one row each.

A row says what the name stands for, as text, so that reading the catalogue imports nothing. Checks,
``--help``, messages, construction and the tables of the documents are made from these rows. To add an
estimator, discriminator, view or source, write its file and add its row.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from .checks import one_line, suggestion

PACKAGE = __name__.partition(".")[0]
OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""How a part of the user's own is named: module:Class."""


@dataclass(frozen=True, eq=False, repr=False)
class Row:
    """A name and what it stands for.

    Attributes:
        name: as a user gives it.
        made_of: where its class or function is, as module:name; the module is seen from the package.
        summary: a phrase for help and tables.
        options: the settings that only some names of its family take, and this one does.
    """

    name: str
    made_of: str
    summary: str = ""
    options: tuple[str, ...] = ()

    def load(self) -> Any:
        """The class or function itself."""
        module, _, name = self.made_of.partition(":")
        return getattr(import_module(f"{PACKAGE}.{module}"), name)


@dataclass(frozen=True, eq=False, repr=False)
class EstimatorRow(Row):
    """A gradient estimator.

    Attributes:
        pathwise: it differentiates through its own samples.
        soft: its samples are soft vectors, not one-hot ones.
        score_function: it learns from the losses of hard samples, never from the loss's slope.
        smallest_batch: samples that one estimate needs.
        uses_temperature: whether the temperature matters to it.
    """

    pathwise: bool = False
    soft: bool = False
    score_function: bool = False
    smallest_batch: int = 1
    uses_temperature: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class LossRow(Row):
    """A pair of losses.

    Attributes:
        labelled: the discriminator's calls real examples real with a label, which can be smoothed.
    """

    labelled: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class NetworkRow(Row):
    """A generator, a discriminator, or what only some of them go with.

    Attributes:
        categories: it can be had for single categories.
        sequences: it can be had for sequences.
        rows: it can be had for rows of tables.
        fed_back: a generator whose samples are fed back to it, so that they must be pathwise.
    """

    categories: bool = True
    sequences: bool = False
    rows: bool = False
    fed_back: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class ViewRow(NetworkRow):
    """A view or a smoothing.

    Attributes:
        hides_softness: the discriminator never sees a soft sample.
        has_samples: the discriminator sees samples at all, not the whole distribution.
        needs_soft: it only makes sense where samples are soft.
    """

    hides_softness: bool = False
    has_samples: bool = True
    needs_soft: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class PenaltyRow(Row):
    """A term of the discriminator's loss; its name is also the setting with its weight.

    Attributes:
        needs_samples: it is taken between real and generated samples.
        needs_labels: it only goes with losses that have labels.
        below_one: its weight is a part of one.
    """

    needs_samples: bool = False
    needs_labels: bool = False
    below_one: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class LawRow(Row):
    """A distribution by name.

    Attributes:
        categories: of single categories.
        strings: of the grammar's strings.
    """

    categories: bool = True
    strings: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class SourceRow(Row):
    """A kind of source.

    Attributes:
        keys: the settings of `data` that it takes, beside those that all take.
        needs: those of them that it cannot do without, and how to give them.
        stream: what it is of: categories, sequences or rows.
        stops: whether a part of its examples tells when to stop.
        scores: the columns that it adds to metrics.csv.
        curves: those of them that the heatmap draws beneath the error, with their names.
        figures: more figures of a training, as file name and module:name of the function.
        shown: the columns shown while it is learned.
        table: what tells in a terminal what was learned, as module:name of a function.
        averages: whether the mean of the learned probabilities over the late steps means something.
    """

    keys: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    stream: str = "categories"
    stops: bool = False
    scores: tuple[str, ...] = ()
    curves: tuple[tuple[str, str], ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    shown: tuple[str, ...] = ("max_abs_error",)
    averages: bool = True
    table: str = "results.tables:of_categories"


RowT = TypeVar("RowT", bound=Row)


class Family(Mapping[str, RowT], Generic[RowT]):
    """The rows of one kind of name, by name.

    Args:
        noun: what the family holds.
        rows: in the order in which they are listed.
        base: the class that a part of the user's own must derive from, as `Row.made_of`; None if the
            family takes none.
    """

    def __init__(self, noun: str, *rows: RowT, base: str | None = None) -> None:
        self.noun, self.base = noun, base
        self.rows = {row.name: row for row in rows}
        self._kind = type(rows[0])

    def __getitem__(self, name: str) -> RowT:
        """The row of a name; a part of the user's own gets one that restricts nothing."""
        if name not in self.rows and self.takes(name):
            return self._kind(name, name)
        return self.rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def takes(self, name: str) -> bool:
        """Whether a name is that of a part of the user's own, and the family takes such parts."""
        return self.base is not None and is_own(name)

    def check(self, key: str, name: Any) -> None:
        """Check that a name is known. A part of the user's own is not imported.

        Raises:
            ValueError: it is not known.
        """
        if not isinstance(name, str) or (name not in self.rows and not self.takes(name)):
            own = ", or module:Class of your own" if self.base else ""
            raise ValueError(f"{key}: received {name!r}: give one of {', '.join(self)}{own}")

    def check_options(self, key: str, name: str, given: Mapping[str, Any]) -> None:
        """Check that a name takes the options that were given.

        Args:
            key: of the name.
            name: of a row.
            given: options by setting, None or False where they were not given.

        Raises:
            ValueError: it does not take one of them.
        """
        part = key.rpartition(".")[0]
        for option, value in given.items():
            takers = [row.name for row in self.rows.values() if option in row.options]
            if value is None or value is False or name in takers:
                continue
            raise ValueError(
                f"{part}.{option}: received {value} with the {self.noun} {name}, that has none: "
                f"leave it out, or give --{key} {' or '.join(takers)}"
            )

    def names(self, **traits: Any) -> list[str]:
        """The names whose rows have these traits."""
        return [
            name for name, row in self.rows.items() if all(getattr(row, k) == v for k, v in traits.items())
        ]

    def load(self, name: str, key: str = "") -> Any:
        """The class or function that a name stands for.

        Args:
            name: of a row, or module:Class of the user's own, which is then imported.
            key: of the setting, for messages.

        Raises:
            ValueError: a part of the user's own cannot be imported, or is not of the right class.
        """
        if name in self.rows:
            return self.rows[name].load()
        self.check(key or self.noun, name)
        return self._own(key or self.noun, name)

    def _own(self, key: str, name: str) -> type:
        module, _, attribute = name.partition(":")
        try:
            found = getattr(import_module(module), attribute, None)
        except (Exception, SystemExit) as error:
            raise ValueError(
                f"{key}: cannot import {module} ({type(error).__name__}: {one_line(error)}): "
                "give module:Class, of a module that Python finds"
            ) from None
        if found is None:
            raise ValueError(
                f"{key}: received {name}, and {module} has no {attribute}: give a class that it has"
            )
        base = Row("", self.base or "").load()
        if not (isinstance(found, type) and issubclass(found, base)):
            derived = f"{PACKAGE}.{self.base}".replace(":", ".")
            raise ValueError(
                f"{key}: received {name}, which is no {self.noun}: give a class derived from {derived}"
            )
        return found

    def make(
        self, name: str, key: str, *arguments: Any, options: Mapping[str, Any] | None = None, **others: Any
    ) -> Any:
        """What a name stands for, constructed.

        Args:
            name: of a row, or module:Class of the user's own.
            key: of the setting, for messages.
            arguments: of the constructor.
            options: those of the user.
            others: more arguments by name.

        Raises:
            ValueError: it cannot be loaded, or does not take these options.
        """
        made_of = self.load(name, key)
        if name in self.rows:
            return made_of(*arguments, **others, **(options or {}))
        return construct(name, key, made_of, *arguments, options=options, **others)

    def table(self, heading: str = "name", summary: str = "what it is") -> str:
        """The names and what they stand for, as a table in Markdown."""
        lines = [f"| {heading} | {summary} |", "|---|---|"]
        return "\n".join([*lines, *(f"| `{row.name}` | {row.summary} |" for row in self.rows.values())])


def construct(
    name: str,
    key: str,
    made_of: Any,
    *arguments: Any,
    options: Mapping[str, Any] | None = None,
    **others: Any,
) -> Any:
    """Construct a part of the user's own; a mistake in its options is one line.

    Raises:
        ValueError: it does not take these options, or its constructor fails.
    """
    given = dict(options or {})
    try:
        inspect.signature(made_of).bind(*arguments, **others, **given)
        return made_of(*arguments, **others, **given)
    except Exception as error:
        place = OPTIONS_OF.get(key, f"{key.rpartition('.')[0]}.options")
        expected = isinstance(error, TypeError | ValueError)
        why = one_line(error) if expected else f"{type(error).__name__}: {one_line(error)}"
        raise ValueError(f"{place}: received {given} for {name}, which fails ({why})") from None


def is_own(name: Any) -> bool:
    """Whether a name is that of a part of the user's own, module:Class."""
    return isinstance(name, str) and OWN.fullmatch(name) is not None


ESTIMATORS = Family(
    "estimator",
    EstimatorRow(
        "gumbel_softmax", "gan.estimators:GumbelSoftmax", "the post's: through the relaxed sample",
        pathwise=True, soft=True,
    ),
    EstimatorRow(
        "exact", "gan.estimators:Exact", "the expectation itself, summed over all categories",
        uses_temperature=False,
    ),
    EstimatorRow(
        "reinforce", "gan.estimators:Reinforce",
        "the score function: a hard sample's loss times the gradient of its log-probability",
        score_function=True, uses_temperature=False,
    ),
    EstimatorRow(
        "rloo", "gan.estimators:Rloo", "`reinforce`, minus the mean loss of the batch's other samples",
        score_function=True, smallest_batch=2, uses_temperature=False,
    ),
    EstimatorRow(
        "straight_through", "gan.estimators:StraightThrough",
        "the loss's gradient at a hard sample, as if it were softmax(logits), whatever the temperature",
        pathwise=True, uses_temperature=False,
    ),
    EstimatorRow(
        "st_gumbel_softmax", "gan.estimators:StGumbelSoftmax",
        "the loss's gradient at a hard sample, as if it were the relaxed sample of the same noise",
        ("backward_temperature",), pathwise=True,
    ),
    EstimatorRow(
        "gumbel_rao", "gan.estimators:GumbelRao",
        "`st_gumbel_softmax`, averaged over the noise that gives the same hard sample",
        ("conditional_draws",), pathwise=True,
    ),
    EstimatorRow(
        "gapped_straight_through", "gan.estimators:GappedStraightThrough",
        "`st_gumbel_softmax`, its noise replaced by shifts of the logits that give the same sample",
        ("gap",), pathwise=True,
    ),
    EstimatorRow(
        "reinmax", "gan.estimators:ReinMax", "`straight_through`, second-order accurate", pathwise=True
    ),
    EstimatorRow(
        "rebar", "gan.estimators:Rebar", "`reinforce`, with the relaxed loss as a control variate",
        score_function=True,
    ),
    EstimatorRow(
        "relax", "gan.estimators:Relax", "`rebar`, with a small network added to the control variate",
        score_function=True,
    ),
    base="gan.estimators:Estimator",
)  # fmt: skip

LOSSES = Family(
    "loss",
    LossRow("non_saturating", "gan.losses:NON_SATURATING", "the post's: cross-entropy", labelled=True),
    LossRow("minimax", "gan.losses:MINIMAX", "cross-entropy, minimised by one and maximised by the other",
            labelled=True),
    LossRow("least_squares", "gan.losses:LEAST_SQUARES", "squared distance from the labels", labelled=True),
    LossRow("hinge", "gan.losses:HINGE", "a margin on both sides"),
    LossRow("wasserstein", "gan.losses:WASSERSTEIN", "the difference of the critic's scores"),
    LossRow("relativistic", "gan.losses:RELATIVISTIC", "cross-entropy of the difference of the scores"),
)  # fmt: skip

SCHEDULES = Family(
    "schedule",
    Row("constant", "gan.schedules:constant", "the same throughout"),
    Row("linear", "gan.schedules:linear", "falls linearly"),
    Row("exponential", "gan.schedules:Geometric", "falls by equal factors"),
    Row("cosine", "gan.schedules:cosine", "falls along half a cosine"),
    Row("inverse", "gan.schedules:Geometric", "exponential in the inverse, which is the same as exponential"),
    Row("inverse_time", "gan.schedules:InverseTime", "the inverse grows linearly"),
    Row("late", "gan.schedules:Late", "constant for half of the steps, then linear"),
    base="gan.schedules:Schedule",
)

VIEWS = Family(
    "view",
    ViewRow("soft", "gan.views:View", "samples as the estimator makes them", sequences=True, rows=True),
    ViewRow("hard", "gan.views:HardView", "their hard counterparts", sequences=True, rows=True,
            hides_softness=True),
    ViewRow("exact", "gan.views:ExactView", "every category, weighted by its probability",
            hides_softness=True, has_samples=False),
)  # fmt: skip

SMOOTHINGS = Family(
    "smoothing",
    ViewRow("none", "gan.smoothing:Smoothing", "one-hot vectors", sequences=True, rows=True),
    ViewRow("label", "gan.smoothing:LabelSmoothing", "mixed with the uniform distribution",
            ("smoothing_amount",), sequences=True, rows=True),
    ViewRow("noise", "gan.smoothing:NoiseSmoothing", "with Gaussian noise, as the samples",
            ("smoothing_amount",), sequences=True, rows=True),
    ViewRow("relaxed", "gan.smoothing:RelaxedSmoothing", "relaxed as the samples are", needs_soft=True),
)  # fmt: skip

PENALTIES = Family(
    "penalty",
    PenaltyRow("r1", "gan.regularisers:r1", "half the squared slope at real examples"),
    PenaltyRow("gradient_penalty", "gan.regularisers:gradient_penalty",
               "(slope - 1)^2 between real and generated examples", needs_samples=True),
    PenaltyRow("label_smoothing", "gan.regularisers:label_smoothing", "the mean output on real examples",
               needs_labels=True, below_one=True),
)  # fmt: skip

GENERATORS = Family(
    "generator",
    NetworkRow("logits", "gan.generators:CategoricalGenerator", "the post's: a vector of logits"),
    NetworkRow("lstm", "gan.sequences:SequenceGenerator", "an LSTM that is fed its own samples", ("units",),
               categories=False, sequences=True, fed_back=True),
    NetworkRow("columns", "gan.columns:ColumnGenerator", "a perceptron for each column of a table",
               ("units",), categories=False, rows=True, fed_back=True),
)  # fmt: skip

DISCRIMINATORS = Family(
    "discriminator",
    NetworkRow("logistic", "gan.discriminators:LogisticDiscriminator", "the post's: logistic regression",
               ("spectral_norm",)),
    NetworkRow("mlp", "gan.discriminators:MlpDiscriminator", "a multi-layer perceptron",
               ("units", "spectral_norm"), sequences=True, rows=True),
    NetworkRow("convolution", "gan.sequences:ConvolutionDiscriminator", "windows of three symbols",
               ("units",), categories=False, sequences=True),
    NetworkRow("lstm", "gan.sequences:LstmDiscriminator", "an LSTM that judges by its last state",
               ("units",), categories=False, sequences=True),
    base="models:Discriminator",
)  # fmt: skip

OPTIMIZERS = Family(
    "optimizer",
    NetworkRow("adam", "gan.optimizers:adam", "Adam", sequences=True, rows=True),
    NetworkRow("natural", "gan.optimizers:natural",
               "the natural gradient of a categorical distribution, which has no betas"),
)  # fmt: skip

LAWS = Family(
    "law",
    LawRow("uniform", "data.laws:uniform", "all alike", strings=True),
    LawRow("dirichlet", "data.laws:dirichlet", "drawn from Dirichlet(1)"),
    LawRow("zipf", "data.laws:zipf", "as 1/k"),
    LawRow("one", "data.laws:one", "the first category, always"),
    LawRow("half", "data.laws:half", "uniform on the first half"),
    LawRow("derivation", "data.grammar:derivation", "of the grammar's strings: its rules chosen uniformly",
           categories=False, strings=True),
)  # fmt: skip

UNITS = Family(
    "unit",
    Row("characters", "data.files:characters", "every character but the line breaks"),
    Row("words", "data.files:words", "what white space separates"),
    Row("lines", "data.files:lines", "every line that is not empty"),
    Row("integers", "data.files:words", "whole numbers that white space separates"),
)

MISSING = Family(
    "way with missing values",
    Row("refuse", "data.missing:refuse", "an error that says how many there are"),
    Row("skip", "data.missing:skip", "left out"),
    Row("category", "data.missing:category", "a category of their own, (missing)"),
)

ORDERS = Family(
    "order of columns",
    Row("given", "data.tabular:as_given", "as they were asked for"),
    Row("information", "data.tabular:by_information", "each beside those that tell most about it"),
)

_LABELS = "give a list (ok,warn,error) or a file with one label a line"
SOURCES = Family(
    "source",
    SourceRow("distribution", "data.source:open_distribution", "drawn from `probabilities`",
              keys=("probabilities", "labels")),
    SourceRow("law", "data.laws:open_law", "drawn from a distribution by name",
              keys=("law", "categories", "law_seed", "labels"),
              needs=(("law", "give one of uniform, dirichlet, zipf, one, half"),
                     ("categories", "give a number, as 20"))),
    SourceRow("drift", "data.drift:open_drift", "a distribution that changes to another one",
              keys=("probabilities", "law", "categories", "law_seed", "labels", "drift", "drift_from",
                    "drift_until", "memory"),
              needs=(("drift", "give its probabilities in the end"),),
              scores=("counted_max_abs_error", "forgetting_max_abs_error"), averages=False,
              curves=(("counted_max_abs_error", "plain counting"),
                      ("forgetting_max_abs_error", "counting with forgetting"))),
    SourceRow("text", "data.opening:text", "the characters, words, lines or integers of a text file",
              keys=("path", "encoding", "unit", "vocabulary", "labels", "probabilities"),
              needs=(("path", "give a text file"),)),
    SourceRow("table", "data.opening:table", "a column of a CSV, Parquet, Arrow or JSON lines file",
              keys=("path", "column", "separator", "encoding", "missing", "unit", "vocabulary", "labels",
                    "probabilities"),
              needs=(("path", "give a CSV, Parquet, Arrow or JSON lines file"),)),
    SourceRow("array", "data.opening:array", "a .npy file of integers",
              keys=("path", "unit", "vocabulary", "labels", "probabilities"),
              needs=(("path", "give a .npy file"),)),
    SourceRow("standard_input", "data.feed:standard_input", "what is piped in, read once",
              keys=("path", "unit", "vocabulary", "probabilities"),
              needs=(("vocabulary", f"standard input cannot be read ahead: {_LABELS}"),)),
    SourceRow("grammar", "data.grammar:open_grammar", "strings of an arithmetic grammar",
              keys=("length", "law", "law_seed", "strings"),
              needs=(("length", "give 12, the paper's"),),
              stream="sequences", averages=False, scores=("validity", "coverage", "kl"),
              shown=("total_variation", "validity"),
              figures=(("training", "figures.training:sequence_training"),
                       ("lengths", "figures.training:sequence_lengths"))),
    SourceRow("strings", "data.opening:strings", "the lines of a text, as sequences of characters",
              keys=("path", "encoding", "unit", "vocabulary", "length", "law_seed"),
              needs=(("path", "give a text file"), ("length", "give that of the longest line, or more")),
              stream="sequences", averages=False, scores=("validity", "coverage", "kl", "perplexity"),
              shown=("total_variation", "validity"),
              figures=(("training", "figures.training:sequence_training"),
                       ("lengths", "figures.training:sequence_lengths"))),
    SourceRow("rows", "data.tabular:open_rows", "the rows of a table, of several columns",
              keys=("path", "columns", "order", "bins", "weights", "separator", "encoding", "missing",
                    "stopping", "held_out", "law_seed"),
              needs=(("columns", "give names, as age,region, or all"),),
              stream="rows", stops=True, averages=False,
              scores=("log_likelihood", "stopping_log_likelihood", "held_out_log_likelihood",
                      "held_out_standard_error", "kl", "tv_complement", "contingency_similarity",
                      "category_coverage", "new_rows"),
              shown=("log_likelihood", "held_out_log_likelihood"), table="results.tables:of_rows",
              figures=(("likelihood", "figures.tables:likelihood"),
                       ("columns", "figures.tables:columns"))),
    base="data.source:Source",
)  # fmt: skip

SAMPLED = Family(
    "sampled distribution",
    Row("averaged", "results.result:averaged", "the average over the late steps"),
    Row("last", "results.result:last", "the last step"),
)

DEVICES = Family(
    "device",
    Row("auto", "training.place:by_estimate", "the one estimated to be done sooner; without a GPU the CPU"),
    Row("cpu", "training.place:on_cpu", "the CPU"),
    Row("gpu", "training.place:on_gpu", "the GPU"),
)

TASKS = Family(
    "task",
    Row("gan", "laboratory.tasks:Gan", "train a GAN"),
    Row("gan_and_leak", "laboratory.tasks:GanAndLeak", "train a GAN, and measure its discriminator's leak"),
    Row("leak", "laboratory.tasks:Leak", "how well a discriminator tells real from a perfect generator"),
    Row("polynomial", "laboratory.polynomial:PolynomialTask", "the second toy, without a discriminator"),
    Row("autoencoder", "laboratory.autoencoder:AutoencoderTask",
        "a variational autoencoder of digits with categorical latent variables"),
    Row("maximum_likelihood", "laboratory.baselines:MaximumLikelihood",
        "of strings or rows: the GAN's generator, trained by likelihood"),
    Row("ngram", "laboratory.baselines:Ngram", "of strings: counts of four symbols in a row"),
    Row("empirical", "laboratory.baselines:Empirical", "of strings: the frequencies of the strings seen"),
    Row("table", "laboratory.tables:TableTask", "learn a published table, and score it against the truth"),
    Row("independent", "laboratory.baselines:Independent", "of rows: every column by itself"),
    Row("chow_liu", "laboratory.baselines:ChowLiu", "of rows: the best tree of pairs of columns"),
    Row("spread", "laboratory.baselines:Spread",
        "of rows: the rows themselves, spread a little over all cells"),
)  # fmt: skip

KEYS: dict[str, Family[Any]] = {
    "device": DEVICES,
    "annealing.schedule": SCHEDULES,
    "data.source": SOURCES,
    "data.unit": UNITS,
    "data.missing": MISSING,
    "data.order": ORDERS,
    "data.law": LAWS,
    "data.smoothing": SMOOTHINGS,
    "generator.estimator": ESTIMATORS,
    "generator.kind": GENERATORS,
    "generator.optimizer": OPTIMIZERS,
    "generator.schedule": SCHEDULES,
    "discriminator.kind": DISCRIMINATORS,
    "discriminator.schedule": SCHEDULES,
    "discriminator.view": VIEWS,
    "training.loss": LOSSES,
}
"""Which settings take a name of which family."""


OPTIONS_OF = {
    "generator.schedule": "generator.schedule_options",
    "discriminator.schedule": "discriminator.schedule_options",
}
"""Where the options of a name stand, if not in the `options` of its part."""


def check_names(part: str, settings: Any) -> None:
    """Check every setting of a part that is a name.

    Raises:
        ValueError: one of them is not known.
    """
    for key, family in KEYS.items():
        place, _, name = key.rpartition(".")
        if place == part and (value := getattr(settings, name, None)) is not None:
            family.check(key, value)


def unknown_setting(key: str, known: list[str]) -> ValueError:
    """The error about a setting that there is not."""
    return ValueError(f"{key}: unknown setting{suggestion(key, known, ': --help lists those there are')}")
