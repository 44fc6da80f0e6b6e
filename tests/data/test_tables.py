"""Tables as people have them: every format, separator and encoding, odd quotes, pipes; what is refused."""

import csv
import gzip
import io
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gumbel_gan.config.data import Data
from gumbel_gan.data import tables
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Frequencies
from gumbel_gan.data.tables import count_column

PLAIN = "id,kind\n1,red\n2,green\n3,red\n"
EXPECTED = {"green": 1, "red": 2}


def counts(path: Path, column: str | None = "kind", **options: Any) -> dict[str, int]:
    source = open_source(Data(path=str(path), column=column, **options))
    assert isinstance(source, Frequencies)
    return dict(zip(source.labels, source.counts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("t.csv", PLAIN.encode(), {}),
        ("t.tsv", PLAIN.replace(",", "\t").encode(), {}),
        ("t.csv", PLAIN.replace(",", ";").encode(), {}),
        ("t.csv", PLAIN.replace(",", "|").encode(), {}),
        ("t.csv", PLAIN.replace(",", ":").encode(), {"separator": ":"}),
        ("t.csv", PLAIN.replace(",", "\t").encode(), {"separator": "tab"}),
        ("t.csv", b"\xef\xbb\xbfkind,id\nred,1\n2,green\n3,red\n", None),
        ("t.csv", PLAIN.replace("\n", "\r\n").encode(), {}),
        ("t.csv", PLAIN.replace("\n", "\r").encode(), {}),
        ("t.csv", PLAIN.replace("\n", "\n\n").rstrip().encode(), {}),
        ("t.csv", PLAIN.replace("id,kind", '"id, the first" , kind ').encode(), {}),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), {}),
        ("t", PLAIN.encode(), {}),
        ("t.csv", PLAIN.encode("utf-16"), {"encoding": "utf-16"}),
        ("t.csv", PLAIN.replace("red", "réd").encode("latin-1"), {"encoding": "latin-1"}),
        ("t.csv", PLAIN.replace("id,", "id;size,").encode(), {}),
    ],
)  # fmt: skip
def test_csv(tmp_path: Path, name: str, content: bytes, options: dict[str, Any] | None) -> None:
    (tmp_path / name).write_bytes(content)
    if options is None:  # a mark before the name of the first column
        assert counts(tmp_path / name) == {"2": 1, "3": 1, "red": 1}
        return
    found = {label.replace("é", "e"): count for label, count in counts(tmp_path / name, **options).items()}
    assert found == EXPECTED


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "ndjson"])
def test_other_formats(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame(
        {"id": [1, 2, 3, 4], "kind": ["red", "green", "red", None], "size": [1.5, 2.0, 1.5, None]}
    )
    path = tmp_path / f"t.{ending}"
    {"parquet": frame.write_parquet, "arrow": frame.write_ipc}.get(ending, frame.write_ndjson)(path)  # type: ignore[operator]
    assert counts(path, missing="skip") == EXPECTED
    assert counts(path, missing="category") == {"(missing)": 1} | EXPECTED
    assert counts(path, "size", missing="skip") == {"1.5": 2, "2.0": 1}
    assert counts(path, "id", unit="integers") == {"0": 0, "1": 1, "2": 1, "3": 1, "4": 1}
    with pytest.raises(ValueError, match=r"data.column: .* has no column 'kin', did you mean kind\?"):
        counts(path, "kin")
    with pytest.raises(ValueError, match=r"data.column: required for a table: give one of id, kind, size"):
        counts(path, None)
    with pytest.raises(ValueError, match=r"data.missing: 1 of 4 values in column 'kind' of "):
        counts(path)


def test_categories_of_arrow(tmp_path: Path) -> None:
    table = pa.table({"kind": pa.array(["red", "green", "red"]).dictionary_encode()})
    pa.feather.write_feather(table, tmp_path / "t.arrow", compression="uncompressed")
    assert counts(tmp_path / "t.arrow") == EXPECTED


REFUSED: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("t.csv", b'id,kind\n1,red\n2,"green\n3,red\n4,red\n', {}, "line 3 of .* has a quote that never closes"),
    ("t.csv", b'id,kind\n1,red\n"2,green\n3,red\n', {}, "line 3 of .* has a quote that never closes"),
    ("t.csv", b"kind,id,kind\n1,2,3\n", {}, "data.column: the header in line 1 of .* has 'kind' 2 times"),
    ("t.csv", b"id,kind\n1,red\n2\n", {}, "line 3 of .* has 1 field, and the header 2: quote fields that"),
    ("t.csv", b"id,kind\n\n1,red\n2,a,b\n", {}, "line 4 of .* has 3 fields, and the header 2"),
    ("t.csv", b"id,kind\n1,\n2,a\n3,\n", {}, "data.missing: 2 of 3 values .* first in line 2,"),
    ("t.csv", b"id kind\n1 a\n", {}, "data.column: .* has no column 'kind'.*give --data.separator"),
    ("t.csv", b"", {}, "is empty"),
    ("t.csv", b"id,kind\n", {}, "has no lines"),
    ("t.csv", "id,kind\n1,réd\n2,réd\n".encode("cp1252"), {}, "line 2 of .* not UTF-8 text: give --data.e"),
    ("t.csv", PLAIN.encode("utf-16"), {}, "is text in UTF-16: give --data.encoding utf-16"),
    ("t.csv", PLAIN.encode("utf-16")[:-1], {"encoding": "utf-16"}, "data.encoding: .* is not utf-16"),
    ("t.xlsx", b"PK\x03\x04abc", {}, "is an Excel workbook: save the sheet as CSV"),
    ("t.csv.bz2", b"BZh91AY", {}, "is compressed by bzip2: unpack it first, or .*: bzcat FILE"),
    ("t.parquet", b"PAR1abcPAR1", {}, "cannot read .*parquet"),
    ("t.tsv", b"id\tkind\n1\ta\n", {"column": None}, "data.column: required .*: give one of id, kind"),
    ("t.jsonl", b'{"kind": "a"}\n{"kind": [1]}\n', {}, "line 2 of .* has a list in 'kind'"),
    ("t.jsonl", b'{"kind": "a"}\n{"kind": \n', {}, "line 2 of .* is no JSON"),
    ("t.jsonl", b'{"kind": "a"}\n3\n', {}, "line 2 of .* is no object"),
    ("t.npz", b"PK\x03\x04abc", {"column": None}, "is an archive of arrays: save the one that you want"),
    ("t.txt", b"\x93NUMPY", {"column": None}, "is an array of NumPy's: give it the ending .npy"),
    ("t.csv", PLAIN.encode(), {"separator": "::"}, "data.separator: received '::': give one character"),
    ("t.csv", PLAIN.encode(), {"encoding": "utf-9"}, "data.encoding: received 'utf-9': give a text encoding"),
    ("t.csv", PLAIN.encode(), {"encoding": "rot13"}, "data.encoding: received 'rot13': give a text encoding"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "options", "message"), REFUSED)
def test_refused(tmp_path: Path, name: str, content: bytes, options: dict[str, Any], message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as refused:
        counts(tmp_path / name, **{"column": "kind", **options})
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("data.")


def test_pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO, and standard input."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for content in (PLAIN.encode(), gzip.compress(PLAIN.encode(), mtime=0)):
        writer = threading.Thread(target=fifo.write_bytes, args=(content,))
        writer.start()
        assert counts(fifo) == EXPECTED
        writer.join()
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            monkeypatch.setattr("sys.stdin", pipe)
            assert counts("-") == EXPECTED  # type: ignore[arg-type]


def test_a_field_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BLOCKS", (64, 1 << 12, 1 << 16))
    path = tmp_path / "t.csv"
    for long in ("x" * 200, "y" * 10_000, '"a\n' + "z" * 500 + '"'):
        path.write_text(PLAIN + f"4,{long}\n" + PLAIN[8:])
        assert counts(path) == {"red": 4, "green": 2, long.strip('"'): 1}
    path.write_text(PLAIN + f'4,"{"x" * 500}\n' + PLAIN[8:])
    with pytest.raises(ValueError, match="line 5 of .* has a quote that never closes"):
        counts(path)


CELLS = st.text(st.sampled_from("ab\"',;\n |é"), max_size=4)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_what_csv_writes_is_read(
    tmp_path: Path, pairs: list[tuple[str, str]], separator: str, end: str, quoting: Any
) -> None:
    """Whatever Python's csv writes; the counts are those of what was written."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([("kind", "note"), *pairs])
    (tmp_path / "t.csv").write_bytes(file.getvalue().encode())
    found = count_column(str(tmp_path / "t.csv"), "kind")
    present = [kind for kind, note in pairs if kind]
    assert found.counts == Counter(present)
    assert found.missing == len(pairs) - len(present)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from('ab",\n'), max_size=8), max_size=6))
def test_whatever_stands_in_a_file(tmp_path: Path, lines: list[str]) -> None:
    """Of any text: what Python's csv counts, or an error that names a line."""
    text = "kind,note\n" + "\n".join(lines)
    (tmp_path / "t.csv").write_text(text)
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    try:
        found = count_column(str(tmp_path / "t.csv"), "kind")
    except ValueError as error:
        message = str(error)
        assert " line " in message
        assert any(len(row) not in (0, 2) for row in rows) or text.count('"') % 2
        return
    kinds = [row[0] for row in rows if row]
    assert found.counts == Counter(kind for kind in kinds if kind)
    assert found.missing == kinds.count("")


@pytest.mark.slow
def test_a_gigabyte(tmp_path: Path) -> None:
    """80 MB/s or more beside another test (350 to 400 alone), in 500 MB beyond a small file's memory."""
    random = np.random.default_rng(0)
    names = ["red", "green", "blue", "a longer name"]
    block = "".join(
        f'{number},{names[random.integers(4)]},n{random.integers(1000)},{random.random():.6f},"a, {number}"\n'
        for number in range(200_000)
    )
    with (tmp_path / "t.csv").open("w") as file:
        file.write("id,kind,name,size,comment\n")
        for _ in range(100):
            file.write(block)
    size = (tmp_path / "t.csv").stat().st_size / 1e6
    before, start = psutil.Process().memory_info().rss, time.perf_counter()
    found = counts(tmp_path / "t.csv")
    assert size / (time.perf_counter() - start) > 80
    assert sum(found.values()) == 20_000_000
    assert psutil.Process().memory_info().rss - before < 500_000_000
