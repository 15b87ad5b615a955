"""Nothing of another package is replaced or deleted, and no private name of one is used: found by the syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = ("l2s", "flows", "tasks")
DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace", "sys.dont_write_bytecode"}


def private(name: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def faults(tree: ast.AST, ours: set[str]) -> Iterator[str]:
    nodes, foreign = list(ast.walk(tree)), set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = [module + alias.name for alias in node.names]
            if names[0].split(".")[0] not in (*OWN, "__future__"):
                foreign |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
                yield from filter(private, names)
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            held = ast.unparse(node if isinstance(node, ast.Attribute) else node.value)
            kind = isinstance(node, ast.Attribute) or held == "sys.modules"
            wrong = kind and root(node) in foreign and held not in DOCUMENTED
        elif isinstance(node, ast.Attribute):
            wrong = private(node.attr) and node.attr not in ours | DOCUMENTED
        else:
            call = isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr")
            wrong = call and root(node.args[0]) in foreign  # type: ignore[attr-defined]
        if wrong:
            yield ast.unparse(node)


def test_nothing_of_another_package_is_replaced_or_privately_used() -> None:
    trees = {path: ast.parse(path.read_text()) for folder in OWN for path in sorted((ROOT / folder).rglob("*.py"))}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    ours = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    ours |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and root(node) == "self"}
    assert not [f"{path}: {name}" for path, tree in trees.items() for name in faults(tree, ours)]


@pytest.mark.parametrize(
    "line",
    ["numba.x = 1", "del numba.x", "setattr(numba, 'x', 1)", "sys.modules['numba'] = None", "numba._x()", "m._x(1)",
     "from dvc.repo import _x", "import dvc._x", "from dvc._x import y"],
)  # fmt: skip
def test_each_form_is_found(line: str) -> None:
    assert len([*faults(ast.parse(f"import numba, sys\n{line}"), set())]) == 1
