"""Labels and names of cells in figures: drawn as they are, whatever stands in them."""

import logging
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.text import Text

from gumbel_gan.config.config import Config
from gumbel_gan.figures import style
from gumbel_gan.figures.studies import comparison_figure, error_figure, leak_figure, polynomial_figure
from gumbel_gan.figures.style import Figure, literal, png, save_animation, save_figure
from gumbel_gan.figures.teaching import frequencies_figure, game_animation
from gumbel_gan.figures.training import error_heatmap
from gumbel_gan.laboratory.cells import Cell
from gumbel_gan.laboratory.polynomial import Polynomial

from ..results.made_up import made_up, saved

LABELS = [
    "$x$", "$", "a$b", "$$", r"\$", r"a\$b$", "_", "_y", "__", "_$_", "0", "010", "1e3", "a_1^2", r"\alpha",
    "%", "#", "&<b>", "{}", "$x$ $y$", "a  b", "日本", "é",
]  # fmt: skip
JAPANESE = "日本"


@pytest.fixture(autouse=True)
def _fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No font but matplotlib's own, which lacks Chinese and Japanese; nothing was said of that yet."""
    monkeypatch.setitem(style.STYLE, "font.family", ["DejaVu Sans"])
    said = vars(style)["_say_that_glyphs_are_missing"]
    said.cache_clear()
    yield
    said.cache_clear()


def drawn(figure: Figure, directory: Path) -> list[str]:
    """All text in a figure, as it comes out of drawing it."""
    with rc_context({"svg.fonttype": "none"}):
        path = save_figure(figure, str(directory), "figure.svg")
    texts = ET.parse(path).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in texts]


def bare(texts: list[str]) -> list[str]:
    """Without the blank that keeps a legend from leaving a name out."""
    return [text.removeprefix(" ") if text.startswith(" _") else text for text in texts]


def test_ticks_of_a_heatmap(tmp_path: Path) -> None:
    texts = bare(drawn(error_heatmap(made_up(len(LABELS), runs=1, labels=LABELS)), tmp_path))
    first = texts.index("$x$")
    assert texts[first : first + len(LABELS)] == LABELS


def test_ticks_that_are_quoted_or_cut(tmp_path: Path) -> None:
    """After that, dollars are still dollars."""
    labels = [" ", "$ ", "a\nb$", "$" * 40, "x" * 16 + "$$x$", "_" * 40]
    texts = bare(drawn(error_heatmap(made_up(len(labels), runs=1, labels=labels)), tmp_path))
    first = texts.index("' '")
    expected = ["' '", "'$ '", r"'a\nb$'", "$" * 17 + "…", "x" * 16 + "$…", "_" * 17 + "…"]
    assert texts[first : first + len(labels)] == expected


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("$\\_a{}^ \u65e5"), max_size=12))
def test_any_label(label: str) -> None:
    """No formula, and no backslash more or less."""
    text = Text(0, 0, literal(label))
    shown, formula = text._preprocess_math(text.get_text())  # type: ignore[attr-defined]
    assert not formula
    assert shown == (f" {label}" if label.startswith("_") else label)


def cells(names: list[str]) -> list[Cell]:
    columns = {"error": np.array([0.5, 0.6]), "leak": np.array([0.6, 0.7])}
    return [
        Cell({}, Config(temperature=0.5), name=name, curves=np.full((3, 2), 0.5), columns=columns)
        for name in names
    ]


@pytest.mark.parametrize("names", [LABELS[start : start + 4] for start in range(0, len(LABELS), 4)])
def test_legends_of_a_study(names: list[str], tmp_path: Path) -> None:
    figure = error_figure(cells(names), "maximum error", {})
    *texts, _, _ = bare(drawn(figure, tmp_path))  # those of both axes come last
    assert texts[-len(names) :] == names
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == len(names)


def test_titles_of_a_study(tmp_path: Path) -> None:
    """Of more than four cells."""
    names = [name for name in LABELS if "  " not in name][:8]
    texts = bare(drawn(error_figure(cells(names), "maximum error", {}), tmp_path))
    assert [text for text in texts if text in names] == names


@pytest.mark.parametrize("name", ["a" * 27 + "$", "a" * 27 + "$" + "b" * 26 + "$", "$" * 60])
def test_titles_of_many_lines(name: str, tmp_path: Path) -> None:
    """Wrapped anywhere, they hold the name and nothing else."""
    texts = drawn(error_figure(cells([name, "b", "c", "d", "e"]), "maximum error", {}), tmp_path)
    first = next(number for number, text in enumerate(texts) if text[:9] == name[:9])
    assert "".join(texts[first : texts.index("b")]) == name


def test_legends_of_leaks(tmp_path: Path) -> None:
    names = LABELS[:9]
    assert bare(drawn(leak_figure(cells(names)), tmp_path))[-len(names) :] == names
    varied = [
        Cell({"data.smoothing": "$x$", "temperature": t}, Config(temperature=t), columns={"leak": np.ones(2)})
        for t in (0.5, 1.0)
    ]
    assert "smoothing $x$" in drawn(leak_figure(varied), tmp_path)


def test_legends_of_polynomials(tmp_path: Path) -> None:
    names = LABELS[:9]
    curves = np.full((3, 2), 0.5)
    named = [Cell({}, Polynomial(), "polynomial", name=name, curves=curves) for name in names]
    assert bare(drawn(polynomial_figure(named), tmp_path))[-len(names) :] == names


def test_ticks_of_bars(tmp_path: Path) -> None:
    figure = frequencies_figure({"true": np.full(len(LABELS), 0.2)}, LABELS)
    assert bare(drawn(figure, tmp_path))[: len(LABELS)] == LABELS


def test_ticks_of_a_comparison(tmp_path: Path) -> None:
    values = dict.fromkeys(LABELS, np.array([0.1, 0.2]))
    texts = bare(drawn(comparison_figure(values, "error"), tmp_path))
    assert [text for text in texts if text in LABELS] == LABELS


def test_ticks_of_an_animation(tmp_path: Path) -> None:
    animation = game_animation(np.eye(2), np.eye(2), np.ones(2) / 2, ["$x$", "_y"])
    figure: Any = animation._fig  # type: ignore[attr-defined]
    animation._draw_was_started = True  # type: ignore[attr-defined]
    texts = bare(drawn(figure, tmp_path))
    assert (texts.count("$x$"), texts.count("_y")) == (2, 2)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "gumbel_gan.figures.style"]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_characters_that_no_font_has(suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They are told of once, by logging, and never by Python's warnings."""
    figure = error_heatmap(made_up(3, labels=[JAPANESE, "日", "a"]))
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        for _ in range(2):
            save_figure(figure, str(tmp_path), f"figure.{suffix}")
            png(error_figure(cells([JAPANESE, "b"]), "error", {}))
    assert caught == []
    (message,) = said(caplog)
    assert message.startswith("figures: no font has some characters of the labels")
    assert "\n" not in message


def test_characters_that_a_font_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_figure(error_heatmap(made_up(4, labels=["é", "Ω", "я", "a"])), str(tmp_path), "figure.png")
    assert said(caplog) == []


def test_animation_of_characters_that_no_font_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    animation = game_animation(np.eye(2), np.eye(2), np.ones(2) / 2, [JAPANESE, "a"])
    save_animation(animation, str(tmp_path / "game.gif"))
    assert len(said(caplog)) == 1


def test_other_warnings_are_passed_on(tmp_path: Path) -> None:
    """Those that are not of characters."""
    figure = Figure()
    figure.draw = lambda renderer: warnings.warn("of another kind", stacklevel=1)  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="of another kind"):
        png(figure)


def test_command_says_it_in_one_line(tmp_path: Path) -> None:
    """As all that the commands say; Tangut is in none of the fonts that are looked for."""
    (tmp_path / "run").mkdir()
    saved(made_up(2, labels=["𗀀𗀁", "a"]), tmp_path / "run")
    line = [sys.executable, "-m", "gumbel_gan.plot", "run"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "run/error_heatmap.png\n")
    assert done.stderr.startswith("gumbel_gan: figures: no font has some characters of the labels")
    assert done.stderr.count("\n") == 1


def test_shown_by_a_notebook() -> None:
    for figure in (error_heatmap(made_up()), error_figure(cells(["$x$", "_y"]), "error", {})):
        picture = figure._repr_png_()
        assert isinstance(picture, bytes)
        assert picture.startswith(b"\x89PNG\r\n")
        assert picture.endswith(b"IEND\xaeB`\x82")


def test_notebook_itself() -> None:
    """What IPython takes where a figure is the last line of a cell."""
    formatters = pytest.importorskip("IPython.core.formatters")
    formats, _ = formatters.DisplayFormatter().format(error_heatmap(made_up(labels=list("ab$_é"))))
    assert formats["image/png"].startswith(b"\x89PNG")
