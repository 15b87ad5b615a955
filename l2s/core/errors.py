"""The error tree: what a user can mend, said in one sentence.

    L2SError                  anything a user can mend; the command line prints it and exits with 2
    ├── ConfigError           params.yaml, a recipe or a control says something that cannot be
    ├── CheckpointError       a model folder is missing, damaged or does not fit the others
    ├── RecordError           a JSONL row or table breaks its schema
    └── EngineError           a generation engine cannot run what was asked

Every message says what is wrong, where (file, key, tensor), what was expected, and how to mend it.
Errors of ours (a broken invariant) stay plain Python errors: they deserve their traceback.
"""

import errno

CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What the system says of files and folders that are not the user's to write, or to read."""


class L2SError(Exception):
    """Bad input or usage. ``str(error)`` is the one sentence the user reads."""

    def __str__(self) -> str:
        """The sentence; control characters of what it quotes are written out, since a terminal would obey them."""
        text = super().__str__()
        return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


class ConfigError(L2SError):
    """A parameter file, recipe or length control is wrong."""


class CheckpointError(L2SError):
    """A model folder is missing, damaged or incompatible."""


class RecordError(L2SError):
    """A row or table breaks its schema."""


class EngineError(L2SError):
    """A generation engine cannot run what was asked."""


def line_of(error: BaseException, place: int = 0) -> str:
    """A line of what another library's error says: the first, or with -1 the last; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[place]


def sentence_of(error: L2SError | OSError) -> str:
    """What is printed of an error; of the system's: what it would not do, and with which file."""
    if isinstance(error, L2SError):
        return str(error)
    closed = "; give yourself the right to it, or take another place" if error.errno in CLOSED else ""
    return str(L2SError(f"{error.filename}: {error.strerror}{closed}" if error.filename else error.strerror or error))
