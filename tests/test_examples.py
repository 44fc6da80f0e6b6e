"""The examples in the docstrings: every public class and function has one, and all of them run."""

import ast
import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gumbel_gan as package

from .conftest import ROOT

gumbel_gan: Any = package
"""Its names are imported as they are asked for, which mypy knows nothing of."""
PACKAGE = ROOT / "gumbel_gan"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def docstrings(path: Path) -> Iterator[tuple[str, str, int]]:
    """Dotted name, text and line of every docstring of a file, those beneath assignments, too."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)

    def inside(node: Any, name: str) -> Iterator[tuple[str, str, int]]:
        for child, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                inner = f"{name}.{child.name}"
                if (text := ast.get_docstring(child)) is not None:
                    yield inner, text, child.body[0].lineno - 1
                yield from inside(child, inner)
            elif isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
                match after:
                    case ast.Expr(ast.Constant(str(text))):
                        yield f"{name}.{child.targets[0].id}", inspect.cleandoc(text), after.lineno - 1

    yield from inside(ast.parse(path.read_text()), module)


EXAMPLES = {
    name: (text, str(path), line)
    for path in sorted(PACKAGE.rglob("*.py"))
    for name, text, line in docstrings(path)
    if ">>>" in text
}
PUBLIC = {
    alias.name: f"gumbel_gan.{node.module}.{alias.name}"
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_an_example(name: str) -> None:
    found = getattr(gumbel_gan, name)
    if inspect.isclass(found) or inspect.isroutine(found):
        assert PUBLIC[name] in EXAMPLES


@pytest.mark.slow
@pytest.mark.drawn
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the seeds that it names, and no others."""
    monkeypatch.chdir(tmp_path)
    text, path, line = EXAMPLES[name]
    example = doctest.DocTestParser().get_doctest(text, {}, name, path, line)
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=report.append)
    assert tried
    assert not failed, "".join(report)
