"""One vocabulary for models whose embeddings have other rows, or whose ids mean other tokens.

Three ways: by id (row n is row n in every model), by the token strings of one model, or by those of all.
No row is cut and none is made up: a row that a model lacks is, in that model, the row of one that has
it, the base's first and then the donor's, so that a task vector is zero there. (mergekit takes the
base's too, but otherwise the mean of those that have it; it cuts an embedding to the tokenizer's size.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.model.tokenizer import read_added_tokens, read_vocabulary
from l2s.checkpoints.views.aligned import MEAN, ZERO, AlignedCheckpoint, RowMap, Rows
from l2s.core.errors import CheckpointError

PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
"""What ``tokenizer.json`` says of an added token that is nothing special."""

Way = Literal["ids", "donor", "union"]


@dataclass(frozen=True)
class Vocabulary:
    """The merged vocabulary, and the models in its rows."""

    models: dict[str, Checkpoint]
    """By name, in the order they came; those whose rows are the merged ones already as they came."""
    findings: tuple[Finding, ...] = ()
    """What was done, in sentences."""
    added: tuple[dict[str, Any], ...] = ()
    """Entries to append to ``added_tokens`` in the donor's ``tokenizer.json``."""


@dataclass(frozen=True)
class TokenRow:
    """The row that a token takes where a model lacks it."""

    model: str | None = None
    """Whose row it is; None where nothing is said of it."""
    token: str | int | None = None
    """Which row: that of a token, or of an id."""
    zero: bool = False
    """It is zeros."""
    force: bool = False
    """In every model, not only where one lacks the token."""


@dataclass(frozen=True)
class _Tokens:
    """The merged vocabulary's tokens."""

    strings: dict[int, str]
    """By id."""
    rows: int
    added: tuple[dict[str, Any], ...] = ()

    @property
    def count(self) -> int:
        """One more than the last token's id."""
        return min(self.rows, max(self.strings, default=self.rows - 1) + 1)


def align_vocabulary(
    models: Mapping[str, Checkpoint],
    donor: str,
    way: Way = "ids",
    *,
    base: str | None = None,
    pad_to_multiple_of: int | None = None,
    rows: Mapping[str, TokenRow] | None = None,
) -> Vocabulary:
    """Bring all models to one vocabulary; of their weights nothing is read.

    Args:
        models: by name.
        donor: whose tokenizer the merged model gets; its tokens keep their ids.
        way: what makes two rows the same: their ids; their tokens, those of the donor; or their tokens,
            the donor's first and behind them those that only others have, in the order of models.
        base: whose row is taken first where a model lacks one.
        pad_to_multiple_of: rows are filled up to a multiple of this.
        rows: those that single tokens take, by token; tokens that the vocabulary lacks are added to it.

    Raises:
        CheckpointError: tokens are asked for, and the donor has none in a ``tokenizer.json``; or a token takes the row
            of one that its model lacks.
    """
    if any(model.embedding is None for model in models.values()):
        return Vocabulary(dict(models))
    order = list(dict.fromkeys([*([base] if base else []), donor, *models]))
    strings = {name: None if way == "ids" else _strings(model) for name, model in models.items()}
    if way != "ids" and strings[donor] is None:
        raise CheckpointError(
            f"tokenizer_source: {donor} has no vocabulary in a tokenizer.json, so rows cannot be aligned by token; "
            "name another model, or leave tokenizer_source out"
        )
    said = rows or {}
    tokens = _with_added(_target(models, donor, order, strings, way), said, models)
    multiple = pad_to_multiple_of or 1
    tokens = replace(tokens, rows=-(-tokens.rows // multiple) * multiple)
    own = {name: _own_rows(model, strings[name], tokens, name == donor) for name, model in models.items()}
    taken = _taken(said, tokens, models, strings)
    aligned = {name: _aligned(name, models, own, order, tokens, taken) for name in models}
    findings = [*_described(donor, tokens, way, strings), *_moves(models, own, aligned, order, taken)]
    return Vocabulary(aligned, tuple(findings) if aligned != dict(models) or tokens.added else (), tokens.added)


def _strings(model: Checkpoint) -> dict[int, str] | None:
    """Token string by id, of the tokens that have a row."""
    found, rows = read_vocabulary(model.tokenizer_folder), model.rows
    return None if found is None else {number: token for number, token in found.items() if number < rows}


def _target(
    models: Mapping[str, Checkpoint], donor: str, order: Sequence[str],
    strings: Mapping[str, dict[int, str] | None], way: Way,
) -> _Tokens:  # fmt: skip
    if way == "ids":
        return _Tokens({}, max(model.rows for model in models.values()))
    target = dict(strings[donor] or {})
    rows = models[donor].rows
    if way == "donor":
        return _Tokens(target, rows)
    known, added, free = set(target.values()), list[dict[str, Any]](), max(target, default=-1) + 1
    for name in [name for name in models if strings[name] is not None]:
        entries = read_added_tokens(models[name].tokenizer_folder)
        for _, token in sorted((strings[name] or {}).items()):
            if token not in known:
                known.add(token)
                target[free] = token
                added.append({**PLAIN, **entries.get(token, {}), "id": free, "content": token})
                free += 1
    return _Tokens(target, max(rows, free), tuple(added))


def _with_added(tokens: _Tokens, said: Mapping[str, TokenRow], models: Mapping[str, Checkpoint]) -> _Tokens:
    """With the tokens of which something is said, and which are not yet there, behind the others."""
    known = set(tokens.strings.values())
    new = [token for token in said if token not in known]
    if not new:
        return tokens
    free = max(tokens.strings, default=-1) + 1
    folders = [model.tokenizer_folder for model in models.values()]
    entries = [read_added_tokens(folder) for folder in folders if (folder / "tokenizer.json").is_file()]
    added = [
        {**PLAIN, **next((found[token] for found in entries if token in found), {}), "id": free + n, "content": token}
        for n, token in enumerate(new)
    ]
    strings = tokens.strings | {free + n: token for n, token in enumerate(new)}
    return _Tokens(strings, max(tokens.rows, free + len(new)), (*tokens.added, *added))


@dataclass(frozen=True)
class _Taken:
    """A row that is taken as the recipe says."""

    row: int
    """Of the merged vocabulary."""
    source: Checkpoint | None
    """None for zeros."""
    at: int
    """The source's row."""
    force: bool


def _taken(
    said: Mapping[str, TokenRow], tokens: _Tokens, models: Mapping[str, Checkpoint],
    strings: Mapping[str, dict[int, str] | None],
) -> list[_Taken]:  # fmt: skip
    numbers = {token: number for number, token in tokens.strings.items()}
    found, problems = list[_Taken](), list[str]()
    for token, row in said.items():
        if row.zero:
            found.append(_Taken(numbers[token], None, 0, row.force))
        elif row.model is not None:
            ids = {text: number for number, text in (strings[row.model] or {}).items()}
            at = row.token if isinstance(row.token, int) else ids.get(str(row.token), -1)
            if 0 <= at < models[row.model].rows:
                found.append(_Taken(numbers[token], models[row.model], at, row.force))
            else:
                what = f"row {row.token}" if isinstance(row.token, int) else f"token '{row.token}'"
                problems.append(f"tokenizer.tokens.{token}: {row.model} has no {what} in its embedding")
    if problems:
        raise CheckpointError("; ".join(problems))
    return found


def _own_rows(model: Checkpoint, strings: Mapping[int, str] | None, tokens: _Tokens, donor: bool) -> Rows:
    """For each merged row the model's own row, or −1 where it has none: int64 ``[rows]``.

    A row without a token is padding: it is the model's row at that place, if that is padding too. A model
    without a tokenizer is taken to have the donor's ids.
    """
    count = model.rows
    found = np.arange(tokens.rows)
    found[count:] = -1
    if not tokens.strings:
        return found
    added = [entry["id"] for entry in tokens.added]
    if strings is None:
        found[_index(added)] = -1
        return found
    places = {token: number for number, token in strings.items()}
    if donor:
        found[_index(number for number in added if tokens.strings[number] not in places)] = -1
        return found
    found[_index(number for number in strings if number < tokens.rows)] = -1
    found[_index(tokens.strings)] = _index(places.get(token, -1) for token in tokens.strings.values())
    return found


def _index(numbers: Iterable[int]) -> Rows:
    return np.array(list(numbers), np.int64)


def _aligned(
    name: str, models: Mapping[str, Checkpoint], own: Mapping[str, Rows], order: Sequence[str], tokens: _Tokens,
    taken: Sequence[_Taken],
) -> Checkpoint:  # fmt: skip
    """The model itself where its rows are the merged ones; otherwise in those rows, lacking ones from ``order``."""
    model, rows = models[name], own[name].copy()
    taken = [
        one
        for one in taken
        if (one.force or rows[one.row] < 0) and one != _Taken(one.row, model, rows[one.row], one.force)
    ]
    if model.rows == tokens.rows and not taken and np.array_equal(rows, np.arange(tokens.rows)):
        return model
    origins = np.where(rows < 0, MEAN, 0)
    sources = [model]
    for one in taken:
        rows[one.row] = one.at
        if one.source is None:
            origins[one.row] = ZERO
        else:
            if one.source not in sources:
                sources.append(one.source)
            origins[one.row] = sources.index(one.source)
    for other in order:
        fills = (rows < 0) & (own[other] >= 0)
        if fills.any():
            origins[fills] = len(sources)
            rows[fills] = own[other][fills]
            sources.append(models[other])
    return AlignedCheckpoint(model.path, model, RowMap(origins, rows, tokens.count), tuple(sources))


def _described(
    donor: str, tokens: _Tokens, way: Way, strings: Mapping[str, dict[int, str] | None]
) -> Iterator[Finding]:
    how = "by id" if way == "ids" else f"by token string, with the ids of {donor}'s tokenizer"
    yield Finding(f"the merged vocabulary has {tokens.rows} rows, aligned {how}")
    if tokens.added:
        shown = listed(f"'{entry['content']}'" for entry in tokens.added)
        yield Finding(f"{len(tokens.added)} tokens that {donor} lacks are added to its tokenizer: {shown}")
    kept = set(tokens.strings.values())
    for name, found in strings.items():
        if dropped := [token for _, token in sorted((found or {}).items()) if token not in kept]:
            shown = listed(f"'{token}'" for token in dropped)
            yield Finding(f"{len(dropped)} tokens of {name} have no row, since {donor} lacks them: {shown}")


def _moves(
    models: Mapping[str, Checkpoint], own: Mapping[str, Rows], aligned: Mapping[str, Checkpoint], order: Sequence[str],
    taken: Sequence[_Taken],
) -> Iterator[Finding]:  # fmt: skip
    names = {id(models[name]): name for name in order}
    if taken:
        yield Finding(f"{len(taken)} vocabulary rows are taken as tokenizer.tokens says")
    said = np.array([one.row for one in taken], np.int64)
    for name, model in aligned.items():
        if not isinstance(model, AlignedCheckpoint):
            continue
        left = np.delete(model.row_map.origins, said)
        moved = int(((own[name] >= 0) & (own[name] != np.arange(len(own[name])))).sum())
        if moved:
            yield Finding(f"{name}: {moved} vocabulary rows change places")
        for number, source in enumerate(model.sources):
            if number and (count := int((left == number).sum())):
                yield Finding(f"{name}: {count} vocabulary rows that it lacks are {names[id(source)]}'s")
        if count := int((left == MEAN).sum()):
            yield Finding(f"{name}: {count} vocabulary rows that no model has are the mean of its tokens' rows")
