"""Every kind of control: the files of ``kinds/``, as one type that a block's ``kind`` chooses from.

An error in a block is one sentence. It names keys that no kind has with the nearest one, keys of other kinds with
the kind that they belong to, and required ones that are missing.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import BeforeValidator, Discriminator, Tag, TypeAdapter, ValidationInfo

from l2s.core.params import TAG, nearest, read_with
from l2s.generation.controls import kinds
from l2s.generation.controls.control import Control


def _kinds() -> Iterator[tuple[str, type[Control]]]:
    """Name and class of each kind."""
    for file in iter_modules(kinds.__path__, f"{kinds.__name__}."):
        for thing in vars(import_module(file.name)).values():
            if isinstance(thing, type) and issubclass(thing, Control) and thing.__module__ == file.name:
                yield get_args(thing.model_fields["kind"].annotation)[0], thing


KINDS = dict(_kinds())
"""The class of each kind by its name."""


def _checked(found: Any, info: ValidationInfo) -> Any:
    """A block whose kind and keys are known, or a control; values are looked at afterwards."""
    if isinstance(found, Control):
        return found
    if not isinstance(found, dict):
        raise ValueError("expected a valid dictionary, such as {kind: budget, max_think: 512}")
    kind = found.get("kind", "none")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind {kind!r:.60} is unknown{nearest(str(kind), KINDS)}")
    one = KINDS[kind]
    block = {**one.in_current_words(found, info.context), "kind": kind}
    if problems := [*_wrong(block, kind, one), *_missing(block, kind, one)]:
        raise ValueError("; ".join(problems))
    return block


def _wrong(block: dict[str, Any], kind: str, one: type[Control]) -> Iterable[str]:
    """Keys that the kind does not take."""
    takes = one.parameters()
    if wrong := [str(key) for key in block if key != "kind" and key not in takes]:
        hints = ", ".join(f"'{key}'{_hint(key, takes)}" for key in wrong)
        yield f"kind {kind} takes {', '.join(takes) or 'no parameters'}, and not {hints}"


def _hint(key: str, takes: tuple[str, ...]) -> str:
    if owners := _owners(key):
        return f" (a key of kind {owners})"
    for known in (takes, sorted({key for one in KINDS.values() for key in one.parameters()})):
        if close := get_close_matches(key, known, n=1):
            return f" (did you mean '{close[0]}'{'' if close[0] in takes else f' of kind {_owners(close[0])}'}?)"
    return ""


def _owners(key: str) -> str:
    return ", ".join(kind for kind, one in KINDS.items() if key in (*one.parameters(), *one.earlier_keys))


def _missing(block: dict[str, Any], kind: str, one: type[Control]) -> Iterable[str]:
    for key in one.parameters():
        if one.model_fields[key].is_required() and key not in block:
            yield f"kind {kind} takes {key}, which is missing (e.g. {key}: {one.example[key]})"


def _tag(found: Any) -> str:
    return TAG + str(found.kind if isinstance(found, Control) else found["kind"])


if TYPE_CHECKING:
    AnyControl = Control
else:
    AnyControl = Annotated[
        Union[tuple(Annotated[one, Tag(TAG + kind)] for kind, one in KINDS.items())],  # noqa: UP007
        Discriminator(_tag),
        BeforeValidator(_checked),
    ]
"""A control of whatever kind."""


def parse_control(found: Any, where: str) -> Control:
    """The control that ``found``, a parsed YAML value, states.

    Raises:
        ConfigError: says everything that is wrong with it.
    """
    control: Control = read_with(TypeAdapter(AnyControl).validate_python, Control, found, where)
    return control
