"""What is answered before TensorFlow is loaded, which takes ten times as long as the answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .results.made_up import made_up, saved

PROGRAM = """
import contextlib, io, json, sys
from importlib import import_module

main = import_module(f"gumbel_gan.{sys.argv[1]}").main
for arguments in json.loads(sys.argv[2]):
    error = io.StringIO()
    with contextlib.redirect_stderr(error):
        try:
            main(arguments)
        except SystemExit as stopped:
            status = stopped.code
    print(json.dumps([status, error.getvalue(), [n for n in ("tensorflow", "keras") if n in sys.modules]]))
"""


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        (
            "study",
            {
                "{}/leak.yaml": "temperature: received 0.0: give a number above zero",
                "{}/polynomial.yaml": "power: received 0.0: give a number above zero",
                "{}/strings.yaml": "generator.kind: received logits for sequences",
                "{}/unknown.yaml": "kind: received 'foo': give one of gan",
                "{}/nowhere.yaml": "study: cannot read",
                "{}/leak.yaml --foo 1": "--foo 1: unknown option",
            },
        ),
        (
            "gradients",
            {
                "--draws 0": "draws: received 0",
                "--run nowhere": "nowhere holds no run",
                "--temperatures [0]": "temperatures: received 0",
                "--run {}/run --output /proc/nowhere": "output: cannot write to /proc/nowhere",
                "--foo 1": "--foo 1: unknown option",
            },
        ),
        (
            "benchmark",
            {
                "--runs 0": "runs, repeats: received '0', 7",
                "--scale --output /proc/nowhere": "output: cannot write to /proc/nowhere",
                "--foo 1": "--foo 1: unknown option",
            },
        ),
        (
            "sample",
            {
                "nowhere": "nowhere holds no run: give the output directory of a training",
                "{}/run -n 0": "samples: received 0",
                "{}/run --run 2": "run: received 2: give 0 to 1",
                "{}/run --foo 1": "--foo 1: unknown option",
            },
        ),
        (
            "plot",
            {
                "nowhere": "nowhere holds no run: give the output directory of a training",
                "{}/run --format gif": "format: received 'gif': give one of 'png', 'svg'",
            },
        ),
    ],
)
def test_no_tensorflow(name: str, refused: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "leak.yaml").write_text("kind: leak\nvary: {temperature: [0]}")
    (tmp_path / "polynomial.yaml").write_text("kind: polynomial\nvary: {power: [0]}")
    (tmp_path / "strings.yaml").write_text("kind: ngram\nbase: {data: {length: 3}}")
    (tmp_path / "unknown.yaml").write_text("cells: [{kind: foo}]")
    (tmp_path / "run").mkdir()
    saved(made_up(), tmp_path / "run")
    lines = [line.format(tmp_path).split() for line in refused]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, json.dumps(lines)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    for line, message, printed in zip(refused, refused.values(), done.stdout.splitlines(), strict=True):
        status, error, loaded = json.loads(printed)
        assert (status, error.count("\n"), loaded) == (2, 1, []), line
        assert error.startswith(f"gumbel_gan: error: {message}")
