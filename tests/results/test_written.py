"""Settings as they are written: labels are text, paths are seen from their file."""

from pathlib import Path

import pytest

from gumbel_gan import train
from gumbel_gan.laboratory.grid import read
from gumbel_gan.results.written import parse, read_settings

LABELS = ["no", "se", "010", "1.10", "a b", "2024-01-01", "~", "on"]


@pytest.mark.parametrize(
    "text",
    [
        "[no, se, 010, 1.10, a b, 2024-01-01, ~, on]",
        "no,se,010,1.10,a b,2024-01-01,~,on",
        " no , se,  010 , 1.10, a b ,2024-01-01,~,'on'",
        "['no', \"se\", 010, '1.10', a b, 2024-01-01, '~', on ]",
    ],
)
@pytest.mark.parametrize("setting", ["labels", "vocabulary"])
def test_labels_are_as_written(
    text: str, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the command line, in YAML as a list or as text, in a study, in a file."""
    monkeypatch.chdir(tmp_path)
    options = train.parser()
    path = ["--data.path", "x.npy"]

    def read_by(*arguments: str) -> object:
        return getattr(options.config(options.parse_args([*path, *arguments])).data, setting)

    assert read_by(f"--data.{setting}", text) == LABELS
    assert read_by(f"--data.{setting}={text}") == LABELS
    (tmp_path / "labels.txt").write_text("\n".join(LABELS) + "\n")
    assert read_by(f"--data.{setting}", "labels.txt") == LABELS
    if text.startswith("["):
        (tmp_path / "c.yaml").write_text(f"data:\n  {setting}: {text}\n")
        assert read_by("--config", "c.yaml") == LABELS
        (tmp_path / "s.yaml").write_text(f"base:\n  data:\n    path: x.npy\n    {setting}: {text}\n")
        _, (cell,) = read("s.yaml", [], {})
        assert getattr(cell.settings.data, setting) == LABELS


def test_labels_with_commas_and_blanks() -> None:
    options = train.parser()
    given = options.parse_args(["--data.path", "x", "--data.vocabulary", "[a, 'b , c' , \" \", d]"])
    assert options.config(given).data.vocabulary == ["a", "b , c", " ", "d"]


def test_other_values_are_those_of_yaml() -> None:
    assert parse("a: [no, 010, 1.5]\nlabels: text") == {"a": [False, 8, 1.5], "labels": "text"}


def test_paths_are_seen_from_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "letters.txt").write_text("abba")
    config = tmp_path / "inner" / "c.yaml"
    for path, expected in (
        ("letters.txt", str(tmp_path / "inner" / "letters.txt")),
        ("none.txt", "none.txt"),
        ("'-'", "-"),
    ):
        config.write_text(f"data:\n  path: {path}\n")
        assert read_settings(str(config))["data"]["path"] == expected
        config.write_text(f"cells:\n  - data.path: {path}\n")
        assert read_settings(str(config))["cells"] == [{"data.path": expected}]
    monkeypatch.setenv("HOME", str(tmp_path / "inner"))
    options = train.parser()
    config.write_text("data:\n  path: ~/letters.txt\n")
    for arguments in (["--data.path", "~/letters.txt"], ["--config", str(config)]):
        data = options.config(options.parse_args(arguments)).data
        assert data.path == str(tmp_path / "inner" / "letters.txt")
