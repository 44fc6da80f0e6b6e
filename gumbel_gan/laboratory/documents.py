"""The tables and pictures of the documents, made from the committed results.

`python -m gumbel_gan.laboratory.documents`, at the repository's top level, writes the pictures, and the
tables into their marked blocks. `cog --check` on a document tells whether any digit of its tables differs.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config.catalogue import ESTIMATORS
from ..results.metrics import ratio_of_means
from .autoencoder import chosen
from .grid import read
from .peers import PEERS
from .timing import labelled

RESULTS = str(Path(__file__).parents[2] / "notebooks" / "results")
STUDIES = str(Path(__file__).parents[2] / "configs" / "studies")
"""Where the committed results and their studies are, in a clone of the repository."""


@dataclass(frozen=True)
class Trained:
    """A cell of a study, as study.csv has it.

    Attributes:
        varied: its settings that are varied, as text by dotted key.
        columns: its results, [R] each.
    """

    varied: dict[str, str]
    columns: dict[str, np.ndarray]

    def median(self, column: str, digits: int = 3) -> str:
        """The median of a column over the runs."""
        return f"{np.median(self._late(column)):.{digits}f}"

    def band(self, column: str, digits: int = 3) -> str:
        """The median, with the 5th and the 95th percentile."""
        low, middle, high = np.quantile(self._late(column), [0.05, 0.5, 0.95])
        return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

    def range(self, column: str, digits: int = 3) -> str:
        """The mean, with the smallest and the largest, where these differ as shown."""
        values = self.columns[column]
        if not len(values := values[~np.isnan(values)]):  # of a learner that is not random there is one run
            return ""
        low, high = (f"{value:.{digits}f}" for value in (values.min(), values.max()))
        return f"{values.mean():.{digits}f}" + (f" ({low} to {high})" if low != high else "")

    def ratio(self, column: str, digits: int = 2) -> str:
        """The mean over that of plain counting, with its standard error."""
        ratio, error = ratio_of_means(self.columns[column], self.columns["counted_total_variation"])
        return f"{ratio:.{digits}f} ± {error:.{digits}f}"

    def _late(self, column: str) -> np.ndarray:
        """The values; a run that never got there (nan) is infinitely late."""
        values = self.columns[column]
        return np.where(np.isnan(values), np.inf, values)


def cells(study: str) -> list[Trained]:
    """The cells of a committed study, in its order."""
    with open(os.path.join(RESULTS, study, "study.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    varied, columns = names[: names.index("run")], names[names.index("run") + 1 : names.index("failure")]
    # The table has every setting in every row; the study's file says which of them a cell gives.
    _, asked = read(os.path.join(STUDIES, f"{study}.yaml"), [], {})
    given = [{"cell", *cell.varied} for cell in asked]
    grouped: list[list[dict[str, str]]] = []
    for row in rows:
        if not grouped or row["run"] == "0":
            grouped.append([])
        grouped[-1].append(row)
    return [
        Trained(
            {name: group[0][name] if name in own else "" for name in varied},
            {name: np.array([float(row[name] or "nan") for row in group]) for name in columns},
        )
        for group, own in zip(grouped, given, strict=True)
    ]


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def table(name: str) -> str:
    """A table of the documents by name.

    Raises:
        KeyError: there is none of that name.
    """
    return TABLES[name]()


def estimator_names() -> str:
    """The estimators, as the catalogue describes them."""
    return ESTIMATORS.table("`--generator.estimator`", "its gradient") + "\n"


def reproduction() -> str:
    """What 64 runs of the post's setting end with."""
    with open(os.path.join(RESULTS, "toy64", "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    errors = np.array(summary["max_abs_error"])
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95])
    left = np.array(summary["learned"]).mean(0)
    distances = (
        np.mean(summary[name])
        for name in ("total_variation", "averaged_total_variation", "counted_total_variation")
    )
    return markdown(
        [f"{len(errors)} runs, after {summary['epochs']} epochs", "measured"],
        [
            [
                "maximum error, the largest difference in any category",
                f"mean {errors.mean():.3f}, median {median:.3f}, 90 % from {low:.3f} to {high:.3f}, "
                f"worst {errors.max():.3f}",
            ],
            ["probability left to the two numbers that never occur", f"{left[0]:.4f}, {left[1]:.4f}"],
            [
                "total variation from the truth: last step; average of the last half; counting",
                ", ".join(f"{distance:.4f}" for distance in distances),
            ],
        ],
    )


def why_so_cold() -> str:
    """The generator's gradient against the error, at the post's rates and at slower ones."""
    labels = (
        "`gumbel_softmax` at 0.001 (the post)",
        "`gumbel_softmax` at 0.1",
        "`gumbel_softmax` at 1",
        "`st_gumbel_softmax` at 1",
        "`straight_through`",
        "`reinmax`",
        "`rloo`",
        "`exact`",
        "`exact`, one generator step for each discriminator step",
        "`exact`, a tenth of the rate",
        "`exact`, a fiftieth of the rate",
        "`exact`, a penalty on the discriminator's slope (R1 0.1)",
    )
    heading = (
        "generator's gradient, 64 runs, medians",
        "error, mean of the last 50 epochs",
        "error of the average",
        "first epoch below 0.05",
    )
    rows = (
        (
            label,
            cell.median("max_abs_error_last50_mean"),
            cell.median("averaged_max_abs_error", 4),
            cell.median("first_epoch_below_0.05", 0),
        )
        for label, cell in zip(labels, cells("why_so_cold"), strict=True)
    )
    return markdown(heading, rows)


def estimators() -> str:
    """Every estimator in training, at the post's rates and ten times slower."""
    found = cells("estimators")
    rows = []
    for fast, slow in zip(found[::2], found[1::2], strict=True):
        temperature = fast.varied["temperature"]
        label = f"`{fast.varied['generator.estimator']}`" + (f" at {temperature}" if temperature else "")
        rows.append(
            [
                label,
                *(
                    f"{cell.median('max_abs_error_last50_mean')} ({cell.median('averaged_max_abs_error')})"
                    for cell in (fast, slow)
                ),
            ]
        )
    return markdown(
        [
            "16 runs, medians: error, mean of the last 50 epochs (of the average)",
            "at the post's rates",
            "generator ten times slower",
        ],
        rows,
    )


def annealing() -> str:
    """Every schedule of the temperature against constant ones."""
    rows = []
    for cell in cells("annealing"):
        schedule, temperature = cell.varied["annealing.schedule"], cell.varied["temperature"]
        half = " in the first half" if cell.varied["annealing.until"] else ""
        fall = f", {float(temperature):g} to 0.001{half}"
        label = f"constant {temperature}" if schedule == "constant" else schedule + fall
        errors = cell.median("max_abs_error_last50_mean"), cell.median("averaged_max_abs_error", 4)
        rows.append([label, *errors])
    return markdown(["64 runs, medians", "error, mean of the last 50 epochs", "error of the average"], rows)


def leak() -> str:
    """What cures a discriminator that cheats, the best first."""

    def options(cell: Trained) -> str:
        given = (f"--{key} {value.lower()}" for key, value in cell.varied.items() if value and key != "cell")
        return f"`{text}`" if (text := " ".join(given)) else "no cure"

    found = sorted(cells("leak"), key=lambda cell: float(np.median(cell.columns["max_abs_error_last"])))
    return markdown(
        [
            "perceptron, temperature 1, 64 runs, medians (90 % of the runs)",
            "leak",
            "maximum error at the end",
        ],
        ([options(cell), cell.median("leak", 2), cell.band("max_abs_error_last")] for cell in found),
    )


def counting() -> str:
    """The distance to counting, each ingredient added in turn."""
    labels = (
        "the post",
        "+ exact gradient",
        "+ one generator step",
        "+ no momentum (`beta_1` 0)",
        "+ average from a tenth of the training on, not from half",
        "+ both rates 0.01",
        "+ exact view: **recipe A, exact**",
        "A with sampled gradients, ten a step, rates of 0.02, averaged from a twentieth on",
        "**A** with a hundred a step (`configs/accurate.yaml`)",
        "A, exact, with the natural gradient",
        "+ a rate that falls as 1/t: **recipe N** (`configs/natural.yaml`)",
        "N with a hundred samples a step",
    )
    rows = (
        (label, cell.ratio("total_variation"), cell.ratio("averaged_total_variation"))
        for label, cell in zip(labels, cells("counting"), strict=True)
    )
    return markdown(
        ["total variation over that of counting, 512 runs", "last iterate", "average of the steps"], rows
    )


def more_distributions() -> str:
    """The two recipes, unchanged, on other distributions."""
    accurate = {
        cell.varied["cell"]: cell.ratio("averaged_total_variation", 3) for cell in cells("counting_accurate")
    }
    natural = {cell.varied["cell"]: cell.ratio("total_variation", 3) for cell in cells("counting_natural")}
    return markdown(
        ["128 runs: total variation over that of counting", "A, sampled: average", "N: last iterate"],
        ([name, ratio, natural.get(name, "")] for name, ratio in accurate.items()),
    )


def grammar_baselines() -> str:
    """The grammar: the GAN, and what else can learn its strings."""
    labels = (
        "law uniform: the GAN, adversarial from the first step",
        "maximum likelihood, the same generator and batches",
        "the same, half as long",
        "n-gram, three symbols of context",
        "the 5,000 strings themselves",
        "law derivation: the GAN",
        "maximum likelihood, the same generator and batches",
        "the 5,000 strings themselves",
    )
    return _of_strings("5,000 strings, means of eight seeds (range)", labels, "grammar_baselines")


def grammar() -> str:
    """The grammar: each ingredient of the recipe removed in turn."""
    labels = (
        "with everything",
        "no penalty on the discriminator's slope",
        "straight-through, not soft samples that cool",
        "temperature constant at 1",
        "Adam's usual moments",
        "no average of weights",
        "with everything, full length, on strings that never repeat",
    )
    return _of_strings("half as long as the recipe, eight seeds (range)", labels, "grammar")


def _of_strings(first: str, labels: Sequence[str], study: str) -> str:
    columns = ("validity", "total_variation", "coverage")
    rows = (
        (label, *(cell.range(column) for column in columns))
        for label, cell in zip(labels, cells(study), strict=True)
    )
    return markdown([first, "validity", "total variation", "coverage"], rows)


def polynomial() -> str:
    """The second toy: the expected loss of every estimator."""
    found = cells("polynomial")
    powers = list(dict.fromkeys(cell.varied["power"] for cell in found))
    losses = {
        (cell.varied["generator.estimator"], cell.varied["power"]): cell.median("expected_loss", 4)
        for cell in found
    }
    optima = {
        cell.varied["power"]: np.median(cell.columns["expected_loss"] - cell.columns["above_optimum"])
        for cell in found
    }
    names = dict.fromkeys(name for name, _ in losses)
    heading = ["power (optimum)", *(f"{float(power):g} ({optima[power]:.4f})" for power in powers)]
    return markdown(heading, ([f"`{name}`", *(losses[name, power] for power in powers)] for name in names))


def autoencoder() -> str:
    """The autoencoders: every estimator at the settings that held-out digits chose, best first."""
    best = chosen(cells("autoencoder"), lambda cell: cell.varied["generator.estimator"])
    rows = (
        [
            f"`{name}`",
            f"{float(cell.varied['temperature']):g}" if ESTIMATORS[name].uses_temperature else "",
            cell.varied["generator.learning_rate"],
            cell.range("elbo", 2),
            f"{cell.columns['elbo_error'].mean():.2f}",
            f"{cell.columns['kl'].mean():.1f}",
            f"{cell.columns['epochs'].mean():.0f}",
        ]
        for cell in best
        for name in [cell.varied["generator.estimator"]]
    )
    heading = ["estimator", "temperature", "rate", "bound on test digits, nats: mean (range)",
               "standard error over digits", "KL", "epochs"]  # fmt: skip
    return markdown(heading, rows)


LEARNERS = {
    "independent": "independent columns",
    "spread": "the rows, spread a little",
    "chow_liu": "Chow-Liu tree",
    "maximum_likelihood_last": "maximum likelihood, last epoch",
    "maximum_likelihood": "maximum likelihood, stopped",
    "gan": "GAN",
    "ctgan": "CTGAN",
    "rows": "nothing: the rows themselves",
}
"""What the tables call what learns a table."""
NETWORKS = ("asia", "child", "insurance", "alarm")
"""The published networks, by columns."""


def tables_known() -> str:
    """Small tables whose truth is known: distances of the joint from it."""
    return _of_tables(
        ("asia", "dense"),
        {"truth_total_variation": "total variation", "truth_kl": "KL", "held_out": "held-out row"},
    )


def tables_real() -> str:
    """Real tables: log-likelihood of a row."""
    return _of_tables(
        ("titanic", "health_insurance", "churn"),
        {"training": "training row", "held_out": "held-out row", "contingency_similarity": "pairs"},
    )


def networks() -> str:
    """The four networks: SDGym's two scores, and what the joint distribution says."""
    return _of_tables(
        NETWORKS,
        {
            "synthetic_likelihood": "drawn row under the truth",
            "test_likelihood": "fresh row under the truth refitted",
            "impossible_rows": "impossible rows",
            "held_out": "held-out row",
        },
        "networks",
    )


def leaderboard() -> str:
    """SDGym's two scores on the four networks: those measured here, and those that it published."""
    scores: dict[str, dict[str, tuple[float, float]]] = {}
    for cell in cells("networks"):
        both = (np.nanmean(cell.columns[name]) for name in ("synthetic_likelihood", "test_likelihood"))
        scores.setdefault(LEARNERS[cell.varied["learner"]], {})[cell.varied["table"]] = tuple(both)
    with open(os.path.join(RESULTS, "networks", "sdgym.csv"), encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = f"*{row['synthesizer']}*"
            told = (float(row["synthetic_likelihood"]), float(row["test_likelihood"]))
            scores.setdefault(name, {})[row["table"]] = told
    rows = (
        [
            name,
            *(" / ".join(f"{value:.2f}" for value in of[table]) if table in of else "" for table in NETWORKS),
        ]
        for name, of in scores.items()
    )
    return markdown(["learned by", *NETWORKS], rows)


def _of_tables(names: Sequence[str], columns: dict[str, str], study: str = "tables") -> str:
    """Some columns of a study of tables, a row for each table and learner."""
    found = [cell for cell in cells(study) if cell.varied["table"] in names]
    rows = (
        [
            cell.varied["table"].replace("_", " "),
            LEARNERS[cell.varied["learner"]],
            *(cell.range(name, 4 if "truth" in name else 3) for name in columns),
            f"{cell.columns['fit_seconds'].max():.0f}",
        ]
        for cell in found
    )
    return markdown(["table", "learned by", *columns.values(), "seconds"], rows)


def speed() -> str:
    """Microseconds an optimizer step and run, here and elsewhere, on each machine."""
    with open(os.path.join(RESULTS, "benchmark", "benchmark.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = list(dict.fromkeys((row["machine"], row["runs"]) for row in rows))
    times = {
        (row["implementation"], row["machine"], row["runs"]): _two_digits(
            float(row["microseconds_per_run_step"])
        )
        for row in rows
    }
    heading = [
        "µs per run and optimizer step, at the post's sizes",
        *(f"{machine}: {int(number):,} run{'s' * (number != '1')}" for machine, number in columns),
    ]
    names = dict.fromkeys(row["implementation"] for row in rows)
    shown = ([labelled(name), *(times.get((name, *column), "") for column in columns)] for name in names)
    return markdown(heading, shown)


def products() -> str:
    """An epoch of strings and of rows, beside its matrix products alone."""
    with open(os.path.join(RESULTS, "benchmark", "products.csv"), encoding="utf-8") as file:
        rows = csv.DictReader(file)
        shown = [
            [
                f"`configs/{row['recipe']}.yaml`",
                f"{float(row['epoch_seconds']):.2f}",
                f"{float(row['products_seconds']):.2f}",
                f"{float(row['ratio']):.2f}",
                f"{float(row['compile_seconds']):.0f}",
            ]
            for row in rows
        ]
    return markdown(["an epoch of", "seconds", "its products alone", "times", "compiled in"], shown)


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):g}"


TABLES: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        estimator_names, reproduction, why_so_cold, estimators, annealing, leak, counting, more_distributions,
        grammar_baselines, grammar, polynomial, autoencoder, tables_known, tables_real, networks,
        leaderboard, speed, products,
    )
}  # fmt: skip
"""By name."""


def _column(study: str, column: str, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """A column of some cells of a study, by label; an empty label leaves its cell out."""
    return {label: cell.columns[column] for label, cell in zip(labels, cells(study), strict=True) if label}


def cold_picture() -> Any:
    """Why the post converges: its gradient is noise."""
    from ..figures.studies import comparison_figure

    labels = (
        "the post: Gumbel-softmax at 0.001",
        "Gumbel-softmax at 0.1",
        "Gumbel-softmax at 1",
        "",
        "straight-through",
        "",
        "RLOO, unbiased",
        "the exact gradient",
        "",
        "exact, generator ten times slower",
        "",
        "",
    )
    errors = _column("why_so_cold", "max_abs_error_last50_mean", labels)
    return comparison_figure(
        errors, "maximum error, mean of the last 50 epochs (64 runs)", [labels[0]], "the post"
    )


def leak_picture() -> Any:
    """What stops a discriminator that cheats."""
    from ..figures.studies import comparison_figure

    labels = (
        "no cure",
        "real examples relaxed, too",
        "real examples mixed with uniform",
        "noise on both",
        "straight-through: hard samples",
        "",
        "annealing to 0.1",
        "penalty on slopes (R1)",
        "gradient penalty",
        "spectral norm",
        "weight decay",
        "one-sided label smoothing",
    )
    errors = _column("leak", "max_abs_error_last", labels)
    cures = [labels[1], labels[4]]
    by_error = sorted(errors, key=lambda label: float(np.median(errors[label])))
    ordered = {label: errors[label] for label in by_error}
    return comparison_figure(
        ordered, "maximum error at the end (perceptron, temperature 1, 64 runs)", cures, "what cures it"
    )


def counting_picture() -> Any:
    """A GAN that comes as close as counting."""
    from ..figures.studies import comparison_figure

    found = dict(zip((cell.varied["cell"] for cell in cells("counting")), cells("counting"), strict=True))
    chosen = (
        ("the post, last iterate", "the post", "total_variation"),
        ("the post, average of its steps", "the post", "averaged_total_variation"),
        ("recipe A, average of its steps", "A, a hundred samples: accurate.yaml", "averaged_total_variation"),
        ("recipe N, last iterate", "+ falling rate, N: natural.yaml", "total_variation"),
        ("plain counting", "the post", "counted_total_variation"),
    )
    distances = {label: found[cell].columns[column] for label, cell, column in chosen}
    return comparison_figure(
        distances, "total variation from the truth (512 runs)", [chosen[-1][0]], "counting"
    )


def speed_picture() -> Any:
    """What an optimizer step costs, here and elsewhere."""
    from ..figures.measurements import benchmark_figure

    with open(os.path.join(RESULTS, "benchmark", "benchmark.csv"), encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    numbers = ("microseconds_per_run_step", "min", "max")
    rows = [{**row, "runs": int(row["runs"]), **{name: float(row[name]) for name in numbers}} for row in read]
    return benchmark_figure(rows, {name: labelled(name) for name in PEERS}, own="gumbel_gan")


PICTURES: dict[str, Callable[[], Any]] = {
    "why_so_cold/summary.png": cold_picture,
    "leak/summary.png": leak_picture,
    "counting/summary.png": counting_picture,
    "benchmark/benchmark.png": speed_picture,
}
"""By file, among the results."""


def write_documents(documents: Sequence[str]) -> None:
    """Write the pictures, and the tables into the documents' blocks."""
    from cogapp import Cog

    from ..figures.style import save_figure

    for path, picture in PICTURES.items():
        directory, name = os.path.split(os.path.join(RESULTS, path))
        save_figure(picture(), directory, name)
    for document in documents:
        Cog().main(["cog", "-r", document])


if __name__ == "__main__":
    write_documents(["README.md"])
