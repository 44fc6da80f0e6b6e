"""A study, read again."""

import csv
import os
from typing import Any

import numpy as np

from ..config.checks import one_line
from ..results.files import read_arrays


def load_study(directory: str) -> Any:
    """What a study found, as a DataFrame of pandas: one row per run.

    Its columns are those of study.csv: `cell`, its name; every setting that varies, by its dotted key, with
    defaults where a cell has them; `run`; the results; `seconds`, the cell's, with all of its runs;
    `failure`, why the cell has no results. Then comes `curve`, float64 [E]: what the study's figure draws
    against the epoch, or None where the cells' files are not there.

    The results of a GAN: `max_abs_error_last`, the maximum error after the last epoch, and
    `max_abs_error_last50_mean` and `_worst`, over the last 50; `first_epoch_below_0.05`;
    `averaged_max_abs_error`, that of the average over the late steps; `total_variation`, after the last
    epoch, `averaged_total_variation`, and `counted_total_variation`, of counting the same integers.

    Args:
        directory: of the study.

    Raises:
        ImportError: pandas is not installed.
        ValueError: the directory holds no study.

    Example:
        A study, made here as `python -m gumbel_gan.study` makes it, and its table:

        >>> import gumbel_gan as gg
        >>> from gumbel_gan import study
        >>> options = ["--vary", "temperature=[0.1,1]", "--runs", "3", "--epochs", "2", "--quiet"]
        >>> study.main(["configs/toy.yaml", *options])
        >>> table = gg.load_study("studies/toy")
        >>> table.groupby("temperature")["max_abs_error_last"].count().to_dict()
        {0.1: 3, 1.0: 3}
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("load_study needs pandas: pip install pandas") from None
    path = os.path.join(directory, "study.csv")
    try:
        # An empty cell is no value; but a cell may be called NA.
        table = pandas.read_csv(path, keep_default_na=False, na_values=[""], dtype={"cell": str})
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read ({one_line(error)}): give the output directory of a study"
        ) from None
    if "run" not in table.columns:
        raise ValueError(f"{path} is no table of a study: give the output directory of one")
    files = table.pop("file") if "file" in table.columns else [None] * len(table)
    curves: dict[str, np.ndarray | None] = {}
    found = []
    for name, run in zip(files, table["run"], strict=True):
        if isinstance(name, str) and name not in curves:
            curves[name] = _curves(os.path.join(directory, "cells", os.path.basename(name)))
        of_cell = curves.get(name) if isinstance(name, str) else None
        found.append(None if of_cell is None else of_cell[:, int(run)])
    table["curve"] = found
    return table


def study_curves(directory: str) -> tuple[dict[str, np.ndarray], str]:
    """What a study's figure draws against the epoch, [E, R] by the cell's name, and what that is.

    Raises:
        ValueError: the directory holds no study, or none of its cells.
    """
    path = os.path.join(directory, "study.csv")
    found: dict[str, np.ndarray] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            errors = "max_abs_error_last" in (table.fieldnames or ())
            for row in table:
                name, cell = os.path.basename(row.get("file") or ""), row.get("cell") or ""
                if name and cell not in found:
                    curves = _curves(os.path.join(directory, "cells", name))
                    if curves is not None:
                        found[cell] = curves
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read ({one_line(error)}): give the output directory of a study"
        ) from None
    if not found:
        raise ValueError(f"{directory} holds no cells of a study: give the directory that a study wrote")
    return found, "maximum error" if errors else "what the study measures"


def _curves(path: str) -> np.ndarray | None:
    try:
        return read_arrays(path)["curves"]
    except (OSError, ValueError, KeyError):
        return None
