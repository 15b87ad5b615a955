"""Every merge method, by the name of its file here, which is imported when the method is first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.merging.method import REGISTERED, MergeMethod


class Methods(Mapping[str, MergeMethod]):
    """Merge methods by name; to look at one imports no other."""

    def __getitem__(self, name: str) -> MergeMethod:
        if name not in REGISTERED:
            if name not in self:
                raise KeyError(name)
            import_module(f"{__name__}.{name}")
        return REGISTERED[name]

    def __contains__(self, name: object) -> bool:
        return name in REGISTERED or any(name == known for known in self)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({file.name for file in iter_modules(__path__)} | REGISTERED.keys()))

    def __len__(self) -> int:
        return len(list(iter(self)))


METHODS = Methods()


def find_method(name: str, of: str | None = None) -> MergeMethod:
    """The method of that name; with ``of``, as it acts on that method's result.

    Raises:
        ConfigError: there is none; suggests the nearest.
    """
    for asked in (name, of):
        if asked is not None and (not isinstance(asked, str) or asked not in METHODS):
            raise ConfigError(f"unknown merge method '{asked}'{nearest(str(asked), METHODS)}")
    method = METHODS[name]
    if of is None:
        return method
    if method.compose is None or METHODS[of].compose is not None:
        raise ConfigError(f"{name} takes no 'of: {of}'")
    return method.compose(METHODS[of])
