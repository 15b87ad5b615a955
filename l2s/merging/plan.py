"""Which tensors a merge writes, in which format."""

from collections.abc import Mapping

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checkpoint import HEAD
from l2s.checkpoints.dtypes import INTEGERS, WORDS
from l2s.checkpoints.writer import TensorPlan
from l2s.merging.recipe import MergeRecipe


def plan_tensors(recipe: MergeRecipe, models: Mapping[str, Checkpoint], donor: str) -> list[TensorPlan]:
    """The merged model's tensors in natural order, which does not depend on how the inputs are cut.

    A head of its own is written if one model has one. Formats are the recipe's, else the donor's;
    integers stay as they are. ``models`` are those of the merged vocabulary, so shapes are the merged ones.
    """
    asked = recipe.out_dtype or recipe.dtype
    names = max((model.names() for model in models.values()), key=len)
    plans = []
    for name in names:
        entry = models[donor].entry(name)
        kept = asked is None or entry.dtype in INTEGERS
        plans.append(TensorPlan(name, entry.dtype if kept else WORDS[str(asked)], entry.shape))
    return plans


def is_tied(plans: list[TensorPlan]) -> bool:
    """Is the merged model's embedding also its head?"""
    return all(plan.name != HEAD for plan in plans)


def only_dtype(plans: list[TensorPlan]) -> str | None:
    """The one floating-point format of all tensors, as safetensors says it; None if there are several."""
    found = {plan.dtype for plan in plans if plan.dtype not in INTEGERS}
    return found.pop() if len(found) == 1 else None
