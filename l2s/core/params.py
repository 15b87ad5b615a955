"""Params: the frozen, closed base of everything a user writes, and how its errors read."""

import difflib
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeGuard, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from l2s.core.errors import ConfigError

TAG = "kind="
"""How the tag of a member of a union begins: the place of an error has it, the file does not."""
LONG = 48
"""A block written longer than this is not repeated before a sentence that says itself what is wrong in it."""
KINDS = {"a valid tuple": "a list", "a valid list": "a list"}
"""What YAML has for kinds of Python's."""
T = TypeVar("T")


class Renamed(NamedTuple):
    """What a key of before is called now."""

    key: str
    values: Mapping[Any, Any] | None = None
    """What its values are now; None: what they were."""


class Params(BaseModel):
    """A frozen block of parameters that refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )

    earlier_keys: ClassVar[Mapping[str, Renamed]] = {}
    """Keys that were renamed; a file that has them is read with a note."""

    @model_validator(mode="before")
    @classmethod
    def _in_current_words(cls, found: Any, info: ValidationInfo) -> Any:
        return cls.in_current_words(found, info.context) if isinstance(found, dict) else found

    @classmethod
    def in_current_words(cls, found: dict[str, Any], notes: list[str] | None) -> dict[str, Any]:
        """``found`` with the names that keys have now; what was renamed is added to ``notes``."""
        read = dict(found)
        for old in cls.earlier_keys.keys() & found.keys():
            key, values = cls.earlier_keys[old]
            if key in found:
                raise ValueError(f"'{old}' is the earlier name of '{key}', which is given too; keep one of them")
            value = read.pop(old)
            read[key] = values.get(value, value) if values and isinstance(value, bool | int | str) else value
            if notes is not None:
                notes.append(f"{old} is called {key} now; {old}: {value} is read as {key}: {read[key]}")
        return read

    def is_default(self, key: str) -> bool:
        """Whether ``key`` is what it is where nothing is said."""
        return bool(getattr(self, key) == type(self).model_fields[key].default)

    @classmethod
    def parse(cls, found: Any, where: str) -> Self:
        """Validate ``found``, a parsed YAML value.

        Args:
            found: what stands in the file.
            where: file and key, for the message, e.g. ``params.yaml: recipes.average``.

        Raises:
            ConfigError: names every wrong key at once, with the nearest known one.
        """
        return read_with(cls.model_validate, cls, found, where)

    @classmethod
    def wrong(cls, found: dict[str, Any], where: str) -> list[str]:
        """What is wrong with the keys that are there, in sentences; others may be missing."""
        try:
            cls.model_validate(found)
        except ValidationError as error:
            return list(_sentences(error, cls, where, missing=False))
        return []


def _margin(found: float) -> float:
    if not 0 < found < 1:
        raise ValueError("expected a share above 0 and below 1, e.g. 0.02 for 2 points of accuracy")
    return found


Margin = Annotated[float, AfterValidator(_margin)]
"""A difference of accuracy, as a share."""


def read_with(validate: Callable[..., T], model: type[BaseModel], found: Any, where: str) -> T:
    """What ``validate``, of pydantic, makes of ``found``; notes on renamed keys go to the log.

    Raises:
        ConfigError: names every wrong key at once, with the nearest one of ``model``.
    """
    notes = list[str]()
    try:
        read = validate(found, context=notes)
    except ValidationError as error:
        raise ConfigError("; ".join(_sentences(error, model, where))) from None
    for note in dict.fromkeys(notes):
        logging.getLogger(__name__).warning("%s: %s", where, note)
    return read


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'density'?`` for a misspelling, otherwise the list of what is known."""
    options = sorted(known)
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(options)}" if options else ""


def _sentences(error: ValidationError, model: type[BaseModel], where: str, missing: bool = True) -> Iterable[str]:
    for problem in error.errors(include_url=False):
        if problem["type"] == "missing" and not missing:
            continue
        path = [str(part) for part in problem["loc"] if not str(part).startswith(TAG)]
        place = f"{inside(where)}{'.'.join(path)}" if path else where
        if problem["type"] == "extra_forbidden":
            yield f"{place}: unknown key{nearest(path[-1], _keys_beside(model, problem['loc']))}"
        elif problem["type"] == "missing":
            yield f"{place}: required, but missing"
        else:
            expected = _expected(problem["msg"])
            found = f"found {problem['input']!r}, "
            told = isinstance(problem["input"], dict) and len(found) > LONG and not expected.startswith("expected")
            yield f"{place}: {'' if told else found}{expected}"


def inside(where: str) -> str:
    """What stands before a key of ``where``: of a file a colon, of a key of a file a point."""
    return where + (": " if where.endswith((".yaml", ".yml")) else ".")


def _expected(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "expected")
    message = message.partition(", unable to parse")[0]
    message = re.sub(r"a valid dictionary or instance of \w+", "a block of keys", message)
    for ours, yaml in KINDS.items():
        message = message.replace(ours, yaml)
    return message[0].lower() + message[1:]


def _keys_beside(model: type[BaseModel], path: tuple[int | str, ...]) -> set[str]:
    """Field names of the block that holds the unknown key, as far as plain nesting shows them."""
    block, of_kind = model, False
    for part in path[:-1]:
        field, of_kind = block.model_fields.get(str(part)), of_kind or str(part).startswith(TAG)
        if field is None and of_kind and not str(part).startswith(TAG):
            return set()  # a block of one kind alone
        if field is None:
            continue  # a place in a list or mapping, whose blocks were found at its name
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_block(kind)]
        if not inner:
            return set()
        block = inner[0]
    return {field.alias or name for name, field in block.model_fields.items()}


def _is_block(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
