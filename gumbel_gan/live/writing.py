"""The page of a directory of results, written into it."""

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..quiet import loading

if TYPE_CHECKING:
    from ..training.progress import Told

NAME = "page.html"


def check_installed(setting: str) -> None:
    """Check that Bokeh is there.

    Args:
        setting: that needs it.

    Raises:
        ValueError: it is missing.
    """
    if find_spec("bokeh") is None:
        raise ValueError(f"{setting}: the package bokeh is missing: pip install -e '.[play]'")


def write_page(directory: str, progress: "Told | None" = None) -> str:
    """Write the page of a training or a study into its directory.

    Args:
        directory: of the results.
        progress: is told of a training that is trained again.

    Returns:
        The page's path.

    Raises:
        ValueError: the directory holds neither.
        OSError: it cannot be written to.
    """
    from ..results.directory import holds_run
    from ..results.files import write
    from ..results.storing import load

    if os.path.isfile(os.path.join(directory, "study.csv")):
        from ..laboratory.loading import study_curves

        curves, quantity = study_curves(directory)
        from .document import of_study

        html = of_study(list(curves), list(curves.values()), directory, quantity)
    elif not holds_run(os.path.expanduser(directory)):
        raise ValueError(
            f"{directory} holds neither a training nor a study: give the output directory of one"
        )
    else:
        result = load(directory)
        with loading(*result.config.side_by_side, len(result.labels)):
            from .replay import verdicts

        judged = verdicts(result, progress)
        from .document import of_training

        html = of_training(result, judged)
    return write(directory, NAME, lambda file: file.write(html))
