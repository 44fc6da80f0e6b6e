import logging
from pathlib import Path

import pytest

from gumbel_gan import train
from gumbel_gan.terminal.messages import fail, one_line_of, show_warnings

from ..conftest import Refused


def test_fail(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        fail("no good", 3)
    assert stopped.value.code == 3
    assert capsys.readouterr() == ("", "gumbel_gan: error: no good\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epochs", "x"), "epochs: received 'x': give a whole number"),
        (("--temperature", "warm"), "temperature: received 'warm': give a number"),
        (("--epohs", "3"), "--epohs 3: unknown option, did you mean --epochs?"),
        (("--epohs=3",), "--epohs=3: unknown option, did you mean --epochs?"),
        (("--zzz",), "--zzz: unknown option: --help lists those there are"),
        (("--training.batchs", "3"), "--training.batchs 3: unknown option, did you mean --training.batches?"),
        (("stray",), "stray: no option comes before it: did you mean --data.path stray?"),
        (("--estimator", "exact"), "unknown option, did you mean --generator.estimator?"),
        (("--lr", "0.1"), "did you mean --generator.learning_rate or --discriminator.learning_rate?"),
        (("--temp=0.1",), "did you mean --temperature?"),
        (("--batch-size", "3"), "did you mean --training.batch_size?"),
        (("--sep", ";"), "did you mean --data.separator?"),
        (("--data.probabilities", "-0.5,1.5"), "data.probabilities: received no value: give one"),
        (("--epochs",), "epochs: received no value: give one (--epochs=VALUE if it begins with -)"),
        (("--discriminator.kind", "mlp", "--discriminator.units", "64"), "give a list, as [a,b]"),
        (
            ("--annealing", "exponential"),
            "received 'exponential' for a group of settings: give one of them, as --annealing.schedule",
        ),
        (("--data.unit", "foo"), "data.unit: received 'foo': give one of characters, words, lines, integers"),
        (("--data.strings", "many"), "data.strings: received 'many': give "),
        (("--generator.options", "3"), "generator.options: received '3': give "),
    ],
)
def test_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path, refused: Refused) -> None:
    assert message in refused(train.main, "--output", str(tmp_path / "out"), *arguments)
    assert not (tmp_path / "out").exists()


KNOWN = ["--epochs", "--runs", "--annealing", "--annealing.schedule", "--training.batches"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("unrecognized arguments: --epohs 3 --x", "--epohs 3 --x: unknown option, did you mean --epochs?"),
        (
            "unrecognized arguments: 3",
            "3: no option comes before it: leave it out (Lists have commas; quote what has blanks.)",
        ),
        ("Option 'run' is not accepted", "run: unknown setting, did you mean --runs?"),
        (
            "Group 'training' does not accept nested key 'batchs'",
            "training.batchs: unknown setting, did you mean --training.batches?",
        ),
        (
            "Parser key \"epochs\":\n  Expected a <class 'int'>. Got value: x",
            "epochs: received 'x': give a whole number",
        ),
        (
            'Parser key "a.b":\n  Does not validate against list[int]\n  Given value: 64\n',
            "a.b: received '64': give a list, as [a,b]",
        ),
        ("something\n   else", "something else"),
    ],
)
def test_what_jsonargparse_says(said: str, line: str) -> None:
    assert one_line_of(said, KNOWN) == line


def test_warnings_are_shown_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_warnings()
    show_warnings()
    logging.getLogger("gumbel_gan.training.checkpoint").warning("cannot read %s", "this")
    logging.getLogger("gumbel_gan.training.checkpoint").info("not shown")
    assert capsys.readouterr() == ("", "gumbel_gan: cannot read this\n")
