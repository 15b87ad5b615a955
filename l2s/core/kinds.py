"""Kinds: classes of parameters, one a file of a package, of which a block chooses one by name.

An error in a block is one sentence. It names keys that no kind has with the nearest one, keys of other kinds with
the kind that they belong to, and required ones that are missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args

from pydantic import BeforeValidator, Discriminator, GetCoreSchemaHandler, Tag, TypeAdapter, ValidationInfo

from l2s.core.params import TAG, Params, nearest, read_with


class Kind(Params):
    """A block whose ``key`` says which class it is."""

    key: ClassVar[str] = "kind"
    example: ClassVar[dict[str, Any]] = {}
    """The smallest block of the kind, its name left out."""

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """The parameters that a block of this kind may have."""
        return tuple(field.alias or name for name, field in cls.model_fields.items() if name != cls.key)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Those of them that it must have."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        return tuple(key for key in cls.parameters() if fields[key].is_required())


Found = TypeVar("Found", bound=Kind)


class Kinds(Mapping[str, type[Found]]):
    """The subclasses of a base in the files of a package, by their names."""

    def __init__(self, package: ModuleType, base: type[Found], *, block: str, default: str | None = None) -> None:
        """``block`` is an example, for the sentence that says what was expected; ``default`` stands without a key."""
        self.base, self.block, self.default, self.key = base, block, default, base.key
        self.classes = dict(self._found(package))
        self.elsewhere: Mapping[str, str] = {}
        """Names that are none here, and where they belong."""

    def _found(self, package: ModuleType) -> Iterator[tuple[str, type[Found]]]:
        for file in iter_modules(package.__path__, f"{package.__name__}."):
            for thing in vars(import_module(file.name)).values():
                if isinstance(thing, type) and issubclass(thing, self.base) and thing.__module__ == file.name:
                    yield get_args(thing.model_fields[self.key].annotation)[0], thing

    def __getitem__(self, name: str) -> type[Found]:
        return self.classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def __get_pydantic_core_schema__(self, base: type[Found], handler: GetCoreSchemaHandler) -> Any:
        """``Annotated[base, self]`` is the type of a field that holds one of whatever kind."""
        tagged = tuple(Annotated[one, Tag(TAG + name)] for name, one in self.items())
        one: Any = Annotated[Union[tagged], Discriminator(self._tag), BeforeValidator(self._checked)]  # noqa: UP007
        return handler.generate_schema(one)

    def parse(self, found: Any, where: str) -> Found:
        """What ``found``, a parsed YAML value, states.

        Raises:
            ConfigError: says everything that is wrong with it.
        """
        kind: Any = Annotated[self.base, self]
        one: Found = read_with(TypeAdapter(kind).validate_python, self.base, found, where)
        return one

    def _tag(self, found: Any) -> str:
        return TAG + str(getattr(found, self.key) if isinstance(found, self.base) else found[self.key])

    def _checked(self, found: Any, info: ValidationInfo) -> Any:
        """A block whose kind and keys are known, or one that was read; values are looked at afterwards."""
        if isinstance(found, self.base):
            return found
        if not isinstance(found, dict):
            raise ValueError(f"expected a valid dictionary, such as {self.block}")
        if self.key not in found and self.default is None:
            raise ValueError(f"{self.key} is missing{nearest('', self)}")
        name = found.get(self.key, self.default)
        if isinstance(name, str) and name in self.elsewhere:
            raise ValueError(f"{self.key} {name} is {self.elsewhere[name]}; expected {' or '.join(self)}")
        if not isinstance(name, str) or name not in self:
            raise ValueError(f"{self.key} {name!r:.60} is unknown{nearest(str(name), self)}")
        block = {**self[name].in_current_words(found, info.context), self.key: name}
        if problems := [*self._wrong(block, name), *self._missing(block, name)]:
            raise ValueError("; ".join(problems))
        return block

    def _wrong(self, block: dict[str, Any], name: str) -> Iterable[str]:
        """Keys that the kind does not take."""
        takes = self[name].parameters()
        if wrong := [str(key) for key in block if key != self.key and key not in takes]:
            hints = ", ".join(f"'{key}'{self._hint(key, takes)}" for key in wrong)
            yield f"{self.key} {name} takes {', '.join(takes) or 'no parameters'}, and not {hints}"

    def _hint(self, key: str, takes: tuple[str, ...]) -> str:
        if owners := self._owners(key):
            return f" (a key of {self.key} {owners})"
        for known in (takes, sorted({key for one in self.values() for key in one.parameters()})):
            if close := get_close_matches(key, known, n=1):
                return f" (did you mean '{close[0]}'{'' if close[0] in takes else self._of(close[0])}?)"
        return ""

    def _of(self, key: str) -> str:
        return f" of {self.key} {self._owners(key)}"

    def _owners(self, key: str) -> str:
        return ", ".join(name for name, one in self.items() if key in (*one.parameters(), *one.earlier_keys))

    def _missing(self, block: dict[str, Any], name: str) -> Iterable[str]:
        for key in self[name].required():
            if key not in block:
                yield f"{self.key} {name} takes {key}, which is missing (e.g. {key}: {self[name].example[key]})"
