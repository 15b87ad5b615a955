"""Recipes and controls with ranges, read into templates and their dimensions."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.numbers import is_number
from l2s.core.params import Params, nearest
from l2s.generation.controls.control import Control
from l2s.generation.controls.union import KINDS
from l2s.merging.method import MergeMethod, kinds
from l2s.merging.methods import METHODS
from l2s.search.candidates.ranges import AnyOfParams, Choice, Number, RangeParams, RestParams, form_of
from l2s.search.candidates.template import Open, Pick, Rest, Tree

STRUCTURE = ("models", "slices", "sources", "modules")
"""Keys of a recipe under which parameters stand."""
LABEL = re.compile(r"[A-Za-z][\w.-]*")
NO_NUMBER = "found a range, but no number stands here; ranges stand under parameters and in a control's own numbers"


class Reader:
    """Reads what a search says once; afterwards it has the dimensions, and what is wrong."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        self.controls = controls
        self.dimensions: dict[str, Number | Choice] = {}
        self.problems: list[str] = []
        self._first: dict[str, str] = {}
        self._rests: list[tuple[str, str]] = []

    def recipe(self, node: Any, where: str, label: str = "") -> Tree:
        """A recipe, or a choice of recipes."""
        if form_of(node) is not None:
            return self._pick(node, where, label or "recipe", self._labelled_recipe)
        methods = self._methods(node) if isinstance(node, Mapping) else []
        return self._structure(node, where, label, methods)

    def control(self, node: Any, where: str, label: str = "control") -> Tree:
        """A control's name, a control, or a choice of such."""
        if form_of(node) is not None:
            return self._pick(node, where, label, self.control)
        if isinstance(node, str):
            if node != "none" and node not in self.controls:
                self.problems.append(f"{where}: '{node}' is not under controls{nearest(node, self.controls)}")
            return said(self.controls[node]) if node in self.controls else "none"
        if not isinstance(node, Mapping):
            self.problems.append(f"{where}: found {node!r}, expected a control's name or a control")
            return "none"
        kind = node.get("kind", "none")
        block = [KINDS[kind]] if isinstance(kind, str) and kind in KINDS else []
        return {
            key: self._nothing_open(value, f"{where}.{key}") if key == "kind"
            else self._value(value, f"{where}.{key}", f"{label}.{key}", _whole(block, key))
            for key, value in node.items()
        }  # fmt: skip

    def finish(self) -> None:
        """Look at what can only be looked at when all has been read."""
        for where, name in self._rests:
            dimension = self.dimensions.get(name)
            if dimension is None:
                named = [name for name in self.dimensions if name in self._first]
                self.problems.append(f"{where}: no range has the name '{name}'{nearest(name, named)}")
            elif isinstance(dimension, Choice) and not all(map(is_number, dimension.options)):
                self.problems.append(f"{where}: '{name}' is a choice of other things than numbers, which have no rest")

    def _labelled_recipe(self, node: Any, where: str, label: str) -> Tree:
        """An option; its dimensions are called after its method."""
        method = node.get("merge_method") if isinstance(node, Mapping) else None
        return self.recipe(node, where, method if isinstance(method, str) else label)

    def _structure(self, node: Any, where: str, label: str, methods: list[MergeMethod]) -> Tree:
        if isinstance(node, list):
            return [
                self._structure(one, f"{where}.{number}", _joined(label, _model(one) or str(number)), methods)
                for number, one in enumerate(node)
            ]
        if not isinstance(node, Mapping):
            return node
        found = {}
        for key, value in node.items():
            place = f"{where}.{key}"
            if key == "parameters" and isinstance(value, Mapping) and form_of(value) is None:
                found[key] = {
                    one: self._value(inner, f"{place}.{one}", _joined(label, str(one)), _whole_in(methods, str(one)))
                    for one, inner in value.items()
                }
            elif key in STRUCTURE:
                inside = key in ("slices", "sources") and not isinstance(value, Mapping)
                found[key] = self._structure(value, place, _joined(label, key) if inside else label, methods)
            elif key == "merge_method" and form_of(value) is AnyOfParams:
                found[key] = self._pick(value, place, _joined(label, key), self._word)
            else:
                found[key] = value if key == "tokenizer" else self._nothing_open(value, place)
        return found

    def _value(self, node: Any, where: str, label: str, whole: bool) -> Tree:
        """A parameter: a value, a gradient, values by filter, and ranges in each of them."""
        form = form_of(node)
        if form is AnyOfParams:
            return self._pick(node, where, label, lambda one, place, name: self._value(one, place, name, whole))
        if form is RangeParams:
            return self._range(node, where, label, whole)
        if form is RestParams:
            read = self._read(RestParams, node, where)
            self._rests += [(where, read.rest)] if read else []
            return Rest(read.rest) if read else 0
        if isinstance(node, list):
            return [
                self._value(one, f"{where}.{number}", _joined(label, _filter(one) or str(number)), whole)
                for number, one in enumerate(node)
            ]
        if isinstance(node, Mapping):
            return {
                key: self._value(value, f"{where}.{key}", label, whole) if key == "value"
                else self._nothing_open(value, f"{where}.{key}")
                for key, value in node.items()
            }  # fmt: skip
        return node

    def _word(self, node: Any, where: str, label: str) -> Any:
        if not isinstance(node, str):
            self.problems.append(f"{where}: found {node!r}, expected a method's name")
        return node

    def _nothing_open(self, node: Any, where: str) -> Any:
        """A place where no range may stand."""
        if form_of(node) is not None:
            self.problems.append(f"{where}: {NO_NUMBER}")
        elif isinstance(node, list):
            for number, one in enumerate(node):
                self._nothing_open(one, f"{where}.{number}")
        return node

    def _range(self, node: Any, where: str, label: str, whole: bool) -> Tree:
        read = self._read(RangeParams, node, where)
        if read is None:
            return 0
        name = self._name(read.name, label)
        self._add(read.number(name, whole), where, read.name is not None)
        return Open(name)

    def _pick(self, node: Any, where: str, label: str, inner: Any) -> Tree:
        if form_of(node) is not AnyOfParams:
            self.problems.append(f"{where}: {NO_NUMBER}")
            return node
        read = self._read(AnyOfParams, node, where)
        if read is None:
            return node
        name = self._name(read.name, label)
        self._add(Choice(name, read.any_of), where, read.name is not None)
        options = (inner(one, f"{where}.any_of.{k}", f"{label}.{k}") for k, one in enumerate(read.any_of))
        return Pick(name, tuple(options))

    def _read(self, form: type[Any], node: Any, where: str) -> Any:
        try:
            return form.parse(dict(node), where)
        except ConfigError as error:
            self.problems.append(str(error))
            return None

    def _name(self, given: str | None, label: str) -> str:
        """A name of the user's, or one from the place; the second of two alike gets a number."""
        if given is not None:
            return given
        name, count = label, 2
        while name in self.dimensions:
            name, count = f"{label}-{count}", count + 1
        return name

    def _add(self, dimension: Number | Choice, where: str, named: bool) -> None:
        name = dimension.name
        if name in self.dimensions and self.dimensions[name] != dimension:
            self.problems.append(
                f"{where}: '{name}' is another range at {self._first.get(name, 'another place')}; "
                "ranges of one name are one number, and have the same bounds"
            )
        self.dimensions.setdefault(name, dimension)
        if named:
            self._first.setdefault(name, where)

    def _methods(self, node: Mapping[str, Any]) -> list[MergeMethod]:
        """Every method that the recipe may have."""
        named, parameters = node.get("merge_method"), node.get("parameters")
        options = named.get("any_of") if isinstance(named, Mapping) else [named]
        names = [*(options if isinstance(options, list) else [])]
        names += [parameters.get("of")] if isinstance(parameters, Mapping) else []
        return [METHODS[name] for name in names if isinstance(name, str) and name in METHODS]


def said(control: Control) -> str | dict[str, Any]:
    """A control as its block says it, defaults left out; ``none`` where there is none."""
    block = {"kind": control.kind, **control.model_dump(exclude_defaults=True)}
    return "none" if block == {"kind": "none"} else block


def _whole_in(methods: Iterable[MergeMethod], key: str) -> bool:
    return _whole([block for method in methods for block in (method.params, method.model_params)], key)


def _whole(blocks: Iterable[type[Params]], key: str) -> bool:
    """Whether a parameter takes whole numbers only."""
    found = {kind for block in blocks for kind in kinds(block, key)}
    return int in found and float not in found


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _model(entry: Any) -> str | None:
    """What an entry of a recipe's list is called in names of dimensions."""
    model = entry.get("model") if isinstance(entry, Mapping) else None
    return model if isinstance(model, str) and LABEL.fullmatch(model) else None


def _filter(entry: Any) -> str | None:
    found = entry.get("filter") if isinstance(entry, Mapping) else None
    return found if isinstance(found, str) and LABEL.fullmatch(found) else None
