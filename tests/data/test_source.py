"""What all sources share, the two that draw, and who knows of them."""

import re
import subprocess
import sys

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan.data.source import Distribution, Frequencies, Source

from ..conftest import ROOT
from ..statistics import check_frequencies


def draw(source: Source, size: int = 400_000) -> np.ndarray:
    return source.draw(np.random.default_rng(0), size)


class Loaded(Source):
    """A loaded coin, which says no more than every source must."""

    labels = ("low", "high")
    target = np.array([0.25, 0.75])

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        return (random.random(size) < 0.75).astype(np.int32)


def test_defaults() -> None:
    """Labels, target and `draw` are enough for a training, its files and a second look at them."""
    source = Loaded()
    assert source.target_is == "given"
    assert source.kind == "distribution"
    assert source.alphabet == ""
    assert source.codes is None
    assert source.classes is None
    assert source.counts is None
    assert source.error is None
    assert source.replayable
    assert not source.ended
    assert source.at(3) is source
    assert source.of_run(2) is source
    source.close()
    np.testing.assert_array_equal(source.target_at(5, np.zeros((1, 2))), [0.25, 0.75])
    nothing = np.zeros((1, 2))
    assert source.scores(nothing, nothing, nothing, 0) == {}


def test_defaults_in_a_training() -> None:
    config = gumbel_gan.Config(runs=2, epochs=2, training=gumbel_gan.Training(batches=5))
    result, gan = gumbel_gan.run(config, Loaded())
    assert result.labels == ("low", "high")
    assert result.learned.shape == (2, 2)
    np.testing.assert_array_equal(result.targets, [[0.25, 0.75]] * 2)
    assert result.samples == ()
    assert gan.generator.categories == 2


def test_what_has_no_default() -> None:
    with pytest.raises(NotImplementedError):
        Source().draw(np.random.default_rng(0), 1)
    with pytest.raises(NotImplementedError):
        Source().take(1)


def test_distribution() -> None:
    probabilities = np.array([0, 0.2, 0, 0.8, 0])
    samples = draw(Distribution(probabilities))
    check_frequencies(samples, probabilities, detect=0.01)
    assert set(np.unique(samples)) == {1, 3}  # what has no probability never comes
    assert samples.dtype == np.int32


def test_distribution_of_many() -> None:
    """Nine categories are searched, not compared with."""
    probabilities = np.array([0, 0.2, 0, 0.1, 0, 0.3, 0, 0.4, 0])
    samples = draw(Distribution(probabilities))
    check_frequencies(samples, probabilities, detect=0.01)
    assert set(np.unique(samples)) == {1, 3, 5, 7}
    assert samples.dtype == np.int32


def test_labels_of_a_distribution() -> None:
    assert Distribution([0.5, 0.5]).labels == ("0", "1")
    assert Distribution([0.5, 0.5], [True, "b"]).labels == ("True", "b")
    with pytest.raises(ValueError, match="data.labels: received 3 for 2 categories: give one for each"):
        Distribution([0.5, 0.5], "abc")
    with pytest.raises(ValueError, match="probabilities: received numbers that sum to 0.9"):
        Distribution([0.5, 0.4])


def test_frequencies_are_those_of_the_array() -> None:
    source = Frequencies([0, 5, 0, 15])
    np.testing.assert_allclose(source.target, [0, 0.25, 0, 0.75])
    assert source.target_is == "frequencies"
    check_frequencies(draw(source), source.target, detect=0.01)


def test_frequencies_of_nothing() -> None:
    with pytest.raises(ValueError, match="data: received 1 categories: give a stream with at least two"):
        Frequencies([3])
    with pytest.raises(ValueError, match="data: received nothing to draw from"):
        Frequencies([0, 0])


def test_nobody_else_asks_what_a_source_is() -> None:
    """What a source can do it says itself, so that one of somebody's own is as good as ours."""
    asked = re.compile(r"(isinstance|issubclass|getattr|hasattr|type)\(\s*(\w+\.)*_?source\b")
    package = ROOT / "gumbel_gan"
    rooms = [path for path in package.rglob("*.py") if path.parent != package / "data"]
    assert len(rooms) > 60
    found = [str(path) for path in rooms if asked.search(path.read_text(encoding="utf-8"))]
    assert found == []
    assert asked.search("if isinstance(self.stream.source, Drift):")  # the pattern has power


def test_no_tensorflow() -> None:
    """Nor Keras, nor matplotlib, in a process that imports all of `data`."""
    modules = [path.stem for path in (ROOT / "gumbel_gan" / "data").glob("*.py") if path.stem != "__init__"]
    assert len(modules) >= 9
    code = "import sys\n" + "".join(f"import gumbel_gan.data.{name}\n" for name in modules)
    code += "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
