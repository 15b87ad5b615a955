"""Meaning: what a source file says, without comments, docstrings and formatting, and what it imports."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from l2s.core.digests import digest_file, digest_text
from l2s.core.errors import ConfigError
from l2s.core.files import json_or_empty, write_json

REVISION = sha256(Path(__file__).read_bytes()).hexdigest()[:12]
"""Of this module: what another one remembered is read anew."""
OURS = ("l2s", "flows", "tasks")
"""Our packages."""
DATA = (".css", ".html", ".j2", ".js", ".json", ".yaml")
"""Endings of data files that packages hold beside their modules."""
APP = "l2s/app/"
"""Where a wheel keeps those that lie beside ``l2s`` in the repository, see :mod:`l2s.app`."""
MODULE = re.compile(rf"({'|'.join(OURS)})(\.[A-Za-z_]\w*)+")
"""A text that may name a module of ours."""
SILENT = ("ctx", "kind")
"""Fields that follow from where a node stands, or from how a text is written."""


class Source(NamedTuple):
    """A source file."""

    meaning: str
    """Digest of its syntax tree."""
    runs: list[str]
    """Dotted names that are imported together with it: those outside of functions."""
    uses: list[str]
    """The others, which its functions import."""
    texts: list[str]
    """Texts that may name a module."""


class Reading:
    """Sources below a folder, each read once; what the same bytes meant before is remembered in a file."""

    def __init__(self, root: Path, memory: Path | None = None) -> None:
        self.root = root
        self.memory = memory
        self.known = json_or_empty(memory) if memory is not None else {}
        self.found: dict[Path, Source] = {}
        self.files: dict[str, Path | None] = {}
        self.names: dict[Path, str] = {}
        self.beside: dict[Path, dict[Path, str]] = {}
        self.now: dict[str, Any] = {}

    def source(self, path: Path) -> Source:
        """What the file at a path says.

        Raises:
            ConfigError: it is no Python.
        """
        if path not in self.found:
            raw, name = path.read_bytes(), self.name(path)
            key = f"{REVISION} {name} {sha256(raw).hexdigest()}"
            known = self.known.get(key)
            self.found[path] = Source(*known) if known else read_source(raw, path, package_of(name))
            self.now[key] = list(self.found[path])
        return self.found[path]

    def name(self, path: Path) -> str:
        """What a file is called: the same in the repository and in a wheel."""
        if path not in self.names:
            self.names[path] = path.relative_to(self.root).as_posix().removeprefix(APP)
        return self.names[path]

    def data(self, folder: Path) -> dict[Path, str]:
        """Digests of the data files of a package."""
        if folder not in self.beside:
            self.beside[folder] = {file: digest_file(file) for file in data_files(folder)}
        return self.beside[folder]

    def place(self, name: str) -> Path:
        """Where the file of that name lies."""
        package = name.partition("/")[0]
        beside = package == "l2s" or (self.root / package).is_dir()
        return self.root / name if beside else self.root / APP / name

    def file(self, module: str) -> Path | None:
        """The file of a module; None if there is no such module."""
        if module not in self.files:
            place = self.place(module.replace(".", "/"))
            files = (place.with_name(f"{place.name}.py"), place / "__init__.py")
            self.files[module] = next((file for file in files if file.is_file()), None)
        return self.files[module]

    def keep(self) -> None:
        """Remember what was read."""
        if self.memory is not None and not self.now.keys() <= self.known.keys():
            write_json(self.memory, {**self.known, **self.now} if len(self.known) < 2000 else self.now)


def data_files(folder: Path) -> list[Path]:
    """Data files of a package: those in its folder, and in folders below that hold no modules."""
    found = []
    for inner in folder.iterdir():
        if inner.is_file() and inner.suffix in DATA:
            found.append(inner)
        elif inner.is_dir() and inner.name != "__pycache__" and not any(inner.glob("*.py")):
            found += data_files(inner)
    return found


def package_of(name: str) -> str:
    """The package that a file's relative imports start from."""
    return ".".join(Path(name).parts[:-1])


@cache
def read_source(raw: bytes, path: Path, package: str) -> Source:
    """Take a source's tree apart.

    Raises:
        ConfigError: it is no Python.
    """
    try:
        tree = ast.parse(raw, str(path))
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{path}: no Python that can be read: {error}") from None
    names: dict[str, list[str]] = {"runs": [], "uses": [], "texts": []}
    for name, kind in dict.fromkeys(_names(tree, package)):
        names[kind].append(name)
    return Source(digest_text(said(tree)), **names)


def _names(tree: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """Dotted names that may be modules, and which of a source's names they are."""
    waiting = [(tree, "runs")]
    while waiting:
        node, kind = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, kind) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            yield from ((start if alias.name == "*" else f"{start}.{alias.name}", kind) for alias in node.names)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and MODULE.fullmatch(node.value):
                yield node.value, "texts"
        else:
            kind = "uses" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else kind
            waiting += [(inner, kind) for inner in _run(node)]


def _run(node: ast.AST) -> Iterable[ast.AST]:
    """What of a node is run: of ``if TYPE_CHECKING`` the other branch."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in (getattr(node.test, key, "") for key in ("id", "attr")):
        return node.orelse
    return ast.iter_child_nodes(node)


def said(tree: ast.AST) -> str:
    """A syntax tree as a text. Fields that say nothing are left out, since other versions of Python have others."""
    out: list[str] = []
    _say(tree, out.append)
    return "".join(out)


def _say(value: Any, say: Callable[[str], None]) -> None:
    if isinstance(value, ast.AST):
        say(f"{type(value).__name__}(")
        for name in value._fields:
            inner = getattr(value, name, None)
            if inner is not None and inner != [] and name not in SILENT:
                say(f"{name}=")
                _say(inner, say)
        say(")")
    elif isinstance(value, list):
        say("[")
        for item in value:
            if not _says_nothing(item):
                _say(item, say)
                say(",")
        say("]")
    else:
        say(repr(value))


def _says_nothing(node: Any) -> bool:
    """A docstring or another text that stands alone, or ``pass``."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Pass)
