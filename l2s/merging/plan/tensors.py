"""Which tensors a merge writes, in which format."""

from collections.abc import Mapping

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.dtypes import INTEGERS, WORDS
from l2s.checkpoints.files.index import natural
from l2s.checkpoints.files.writer import TensorPlan
from l2s.checkpoints.model.language import tie_flag
from l2s.checkpoints.model.parts import is_head
from l2s.merging.recipe import MergeRecipe


def plan_tensors(recipe: MergeRecipe, models: dict[str, Checkpoint], donor: str) -> list[TensorPlan]:
    """The merged model's tensors in natural order, which does not depend on how the inputs are cut.

    A head of its own is written if one model has one. Formats are the recipe's, else the donor's;
    integers stay as they are. ``models`` are those of the merged vocabulary, so shapes are the merged ones; of layers
    that were put together from several models each keeps its own format.
    """
    asked = recipe.out_dtype or recipe.dtype
    described = models.get(donor) or models[next(reversed(models))]
    plans = []
    for name in common_names(models):
        entry = described.entry(name)
        kept = asked is None or entry.dtype in INTEGERS
        plans.append(TensorPlan(name, entry.dtype if kept else WORDS[str(asked)], entry.shape))
    return plans


def common_names(models: Mapping[str, Checkpoint]) -> list[str]:
    """The tensors that all models have, and the head that any has, in natural order."""
    names = [model.names() for model in models.values()]
    shared = set.intersection(*map(set, names))
    heads = {name for found in names for name in found if is_head(name)}
    return sorted(shared | heads, key=natural)


def is_tied(plans: list[TensorPlan], donor: Checkpoint) -> bool:
    """Is the merged model's embedding also its head?"""
    return donor.tied and not _has_head(plans)


def tie_flag_of(plans: list[TensorPlan], donor: Checkpoint) -> bool | None:
    """What the merged config says of it; None for nothing, as the donor's says nothing, and has another kind of head.

    A head of a kind that is not known here keeps the donor's flag.
    """
    if _has_head(plans):
        return False
    flag = tie_flag(donor.config)
    return True if flag is None and not donor.other_heads else flag


def _has_head(plans: list[TensorPlan]) -> bool:
    return any(is_head(plan.name) for plan in plans)


def only_dtype(plans: list[TensorPlan]) -> str | None:
    """The one floating-point format of all tensors, as safetensors says it; None if there are several."""
    found = {plan.dtype for plan in plans if plan.dtype not in INTEGERS}
    return found.pop() if len(found) == 1 else None
