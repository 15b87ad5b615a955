"""What a merge method is: a function on pieces of one weight, its parameters, and how one is registered.

A weight is handed over in pieces of whole rows, so that a merge needs the memory of a piece, not of a
weight. What a method must know of the whole weight first (a threshold, a norm, a Gram matrix) it
measures in passes of its own over the same pieces; ``weight.measured`` then carries it to every piece.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from l2s.core.errors import L2SError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.kernels import random
from l2s.merging.kernels.fused import FusedKernel

if TYPE_CHECKING:
    from l2s.checkpoints.statistics import Statistics

Measured = TypeVar("Measured")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Weight:
    """A run of whole rows of one named weight, as the base and the K models to be merged hold it."""

    name: str
    """Name in the checkpoint, e.g. ``model.layers.3.mlp.up_proj.weight``."""
    base: Tensor
    """θ₀, float32, ``[*shape]``. Zeros for a method without a base."""
    models: Tensor
    """θₖ, float32, ``[K, *shape]``."""
    seed: int = 0
    """The run's seed."""
    digests: tuple[str, ...] = ()
    """Digests of the K models' weights; random masks are drawn from them."""
    start: int = 0
    """Place of this piece's first entry in the whole weight, counted in entries."""
    whole: tuple[int, ...] | None = None
    """Shape of the whole weight; None where this is all of it."""
    measured: Any = None
    """What the method measured of the whole weight."""
    statistics: "Statistics | None" = None
    """The calibration statistics that the recipe's ``parameters.statistics`` names."""
    model_statistics: "tuple[Statistics | None, ...]" = ()
    """Those that each model's ``parameters.statistics`` names."""

    @cached_property
    def task_vectors(self) -> Tensor:
        """τₖ = θₖ − θ₀, float32, ``[K, *shape]``."""
        return self.models - self.base

    @property
    def magnitudes(self) -> Floats:
        """|τₖ|, ``[K, entries]``."""
        found: Floats = (self.models - self.base).abs_().reshape(len(self.models), -1).cpu().numpy()
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole weight."""
        return tuple(self.base.shape) if self.whole is None else self.whole

    def uniform(self, k: int) -> Tensor:
        """Draws from [0, 1) for model ``k``, float32, ``[*shape]`` of this piece.

        They depend on seed, the model's digest, the weight's name and the place in it, and on nothing
        else: not on the other models, their order, the pieces, the shards or the threads.
        """
        return self._like_base(random.uniform((self.seed, self.digests[k], self.name), *self._entries))

    def bernoulli_mask(self, k: int, chance: float) -> Tensor:
        """Entries drawn for model ``k`` with that chance, bool, ``[*shape]`` of this piece; faster than ``uniform``."""
        return self._like_base(random.bernoulli_mask((self.seed, self.digests[k], self.name), *self._entries, chance))

    def _like_base(self, drawn: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(drawn).view_as(self.base).to(self.base.device)

    @property
    def _entries(self) -> tuple[int, int]:
        """The places in the whole weight of this piece's first entry and the one behind its last."""
        return self.start, self.start + math.prod(self.base.shape)


@dataclass(frozen=True, eq=False)
class Distances:
    """How far K models lie from the base in a run of entries: all that a fused method measures of a weight."""

    name: str
    """The name of the weight."""
    magnitudes: Floats
    """|τₖ|, ``[K, entries]``."""
    seed: int
    """The run's seed."""
    digests: tuple[str, ...]
    """The K models' own digests."""
    start: int
    """Place of the first entry in the whole weight."""
    shape: tuple[int, ...]
    """The shape of the whole weight."""

    def bernoulli_mask(self, k: int, chance: float) -> npt.NDArray[np.bool_]:
        """As :meth:`Weight.bernoulli_mask`, ``[entries]``."""
        stop = self.start + self.magnitudes.shape[1]
        return random.bernoulli_mask((self.seed, self.digests[k], self.name), self.start, stop, chance)


@dataclass(frozen=True, eq=False)
class Merged:
    """A merged piece of a weight, and what went into it."""

    value: Tensor
    """θ, float32, ``[*shape]``."""
    summands: Tensor
    """The task vectors after trimming or dropping, before weights: ``[K, *shape]``, for diagnostics."""


def check_merged(name: str, weight: Weight, merged: Merged) -> None:
    """Is that a merge of this piece?

    Raises:
        L2SError: it is not, which the author of the method ``name`` can mend.
    """
    summands = (
        f"the {len(weight.models)} models' task vectors after trimming, weight.task_vectors where nothing is trimmed"
    )
    wanted = {"value": (weight.base.shape, "the merged piece"), "summands": (weight.models.shape, summands)}
    for part, (shape, meaning) in wanted.items():
        found = getattr(merged, part, None)
        said = f"{str(found.dtype)[6:]} {list(found.shape)}" if isinstance(found, torch.Tensor) else f"{found!r}"
        if said != f"float32 {list(shape)}":
            raise L2SError(
                f"merge method {name}, {weight.name}: {part} of its Merged is {said}, expected float32 {list(shape)}: "
                f"{meaning}; see docs/extending.md"
            )


class ForEachWeight(Protocol):
    """Calls a function on the pieces of every weight that is measured together, perhaps in several threads.

    For a measure of one weight that is one call; for a measure of the whole model, one call a weight.
    Results come in a fixed order.
    """

    def __call__(self, function: Callable[[Iterable[Any]], Measured], label: str = "") -> list[Measured]:
        """``label`` says what is measured, for a progress bar."""
        ...


class NoParams(Params):
    """Parameters of a merge, or of each model, where there are none."""


@dataclass(frozen=True)
class Target:
    """A weight that will be merged, as far as it is known before anything is read."""

    name: str
    """As in the checkpoint."""
    shape: tuple[int, ...]
    statistics: "Statistics | None" = None
    """As of a :class:`Weight`."""
    model_statistics: "tuple[Statistics | None, ...]" = ()


Merge = Callable[[Any, Any, Sequence[Any]], Any]
Check = Callable[[Target, Any, Sequence[Any]], None]
Fused = Callable[[str, Any, Any, Sequence[Any]], FusedKernel | None]
Measure = Callable[[ForEachWeight, Any, Sequence[Any]], Any]
Spans = Callable[[Any], bool]
Cancels = Callable[[Any, Sequence[float], bool], bool]


@dataclass(frozen=True)
class MergeMethod:
    """A registered merge method."""

    name: str
    merge: Merge
    params: type[Params]
    """Parameters of the whole merge, under ``parameters``."""
    model_params: type[Params]
    """Parameters of each model, under ``models[].parameters``, or for all models under ``parameters``."""
    paper: str = ""
    needs_base: bool = True
    check: Check | None = None
    """Raises where parameters or statistics give a weight no merge; asked of every weight before one is read."""
    measure: Measure | None = None
    """What must be known of a whole weight before its pieces are merged."""
    spans_model: Spans | None = None
    """Do these parameters need one measure over all weights together?"""
    pieces: Literal["rows", "short"] = "rows"
    """``short``: pieces run along the longer side; a matrix with more columns than rows comes transposed."""
    optional_base: bool = False
    """Without ``needs_base``: is a base, if one is named, what task vectors start from?"""
    keeps_base: bool = False
    """Does a base that is listed among the models count as one of them?"""
    counts: tuple[int, int | None] = (1, None)
    """Fewest and most models, the base not counted."""
    memory: Callable[[tuple[int, ...], int], int] | None = None
    """Bytes that measuring and merging a weight of that shape in K models takes beyond its pieces."""
    fused: Fused | None = None
    """Its function on a weight of that name, given what was measured, as a fused kernel; None where it is none.

    A method that has one measures magnitudes alone, of :class:`Distances` as well as of a :class:`Weight`."""
    sha256_masks: bool = False
    """Are its masks drawn from the SHA-256 of weights? It is so where results from before BLAKE3 shall stay."""
    cancels: Cancels | None = None
    """Do weights that sum to zero give no model? Asked with parameters, weights, and whether there is a base."""
    alike_at_zero: bool = False
    """Does it take all models alike where every weight is 0? Others then give the base."""
    compose: Callable[["MergeMethod"], "MergeMethod"] | None = None
    """For a method that acts on another method's result: how, given ``parameters.of``."""

    def takes(self) -> list[str]:
        """Parameter names as a recipe writes them."""
        return sorted(keys(self.params) | keys(self.model_params))

    def defaults(self) -> dict[str, Any]:
        """The values of parameters that a recipe does not set; one that it must set is not among them."""
        fields = (self.model_params.model_fields | self.params.model_fields).items()
        return {field.alias or name: field.get_default() for name, field in fields if not field.is_required()}

    def whole(self, weight: Weight, params: Params, models: Sequence[Params]) -> Merged:
        """Check, measure and merge a weight that is here in one piece; ``short`` matrices come as they are."""
        wide = self.pieces == "short" and weight.base.dim() == 2 and weight.base.shape[0] < weight.base.shape[1]
        turned = replace(weight, base=weight.base.T, models=weight.models.mT) if wide else weight
        if self.check is not None:
            files = weight.model_statistics or (None,) * len(models)
            self.check(Target(weight.name, weight.shape, weight.statistics, files), params, models)
        if self.measure is not None:
            measured = self.measure(lambda function, label="": [function([turned])], params, models)
            turned = replace(turned, measured=measured)
        merged = self.merge(turned, params, models)
        return Merged(merged.value.T, merged.summands.mT) if wide else merged


REGISTERED: dict[str, MergeMethod] = {}
"""The methods whose files were imported; :data:`l2s.merging.methods.METHODS` are all there are."""


def merge_method(
    params: type[Params],
    model_params: type[Params],
    *,
    paper: str = "",
    needs_base: bool = True,
    check: Check | None = None,
    measure: Measure | None = None,
    spans_model: Spans | None = None,
    pieces: Literal["rows", "short"] = "rows",
    optional_base: bool = False,
    keeps_base: bool = False,
    counts: tuple[int, int | None] = (1, None),
    memory: Callable[[tuple[int, ...], int], int] | None = None,
    fused: Fused | None = None,
    sha256_masks: bool = False,
    cancels: Cancels | None = None,
    alike_at_zero: bool = False,
    compose: Callable[[MergeMethod], MergeMethod] | None = None,
) -> Callable[[Merge], Merge]:
    """Register a function ``(weight, params, [model params of each of the K models]) -> Merged`` under its name.

    It stands in a file of that name in :mod:`l2s.merging.methods`. See :class:`MergeMethod` for the arguments.
    """

    def register(merge: Merge) -> Merge:
        name = merge.__name__
        assert name not in REGISTERED, f"merge method '{name}' is registered twice"
        REGISTERED[name] = MergeMethod(
            name, merge, params, model_params, paper, needs_base,
            check, measure, spans_model, pieces, optional_base, keeps_base, counts, memory, fused,
            sha256_masks, cancels, alike_at_zero, compose,
        )  # fmt: skip
        return merge

    return register


def keys(params: type[Params]) -> set[str]:
    """The keys a recipe may set."""
    return {field.alias or name for name, field in params.model_fields.items()}


def required(params: type[Params]) -> set[str]:
    """The keys a recipe must set."""
    return {field.alias or name for name, field in params.model_fields.items() if field.is_required()}


def kinds(params: type[Params], key: str) -> set[Any]:
    """The plain types that a parameter takes."""
    fields = [field for name, field in params.model_fields.items() if (field.alias or name) == key]
    return {kind for field in fields for kind in (get_args(field.annotation) or (field.annotation,))}
