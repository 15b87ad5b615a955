"""The values that a recipe's parameters have tensor by tensor: are they there, and do they make a model?"""

from collections.abc import Iterator, Mapping, Sequence

from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.files.writer import TensorPlan
from l2s.checkpoints.statistics import Statistics
from l2s.core.errors import L2SError
from l2s.core.params import Params
from l2s.merging.method import Target
from l2s.merging.ops.sums import SMALLEST
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.parameters import count_layers, position


def check_values(
    recipe: MergeRecipe, tensors: Sequence[TensorPlan], statistics: Mapping[str, Statistics]
) -> list[Finding]:
    """Required parameters that no filter gives a tensor, weights that cancel, factors and files that give no merge.

    Args:
        recipe: the merge.
        tensors: all that are merged.
        statistics: the recipe's, by name.
    """
    wrong, values = dict[str, list[str]](), dict[str, Values]()
    for plan, found in _values(recipe, tensors, statistics):
        if isinstance(found, L2SError):
            sentence = str(found).removeprefix(f"{plan.name}: ").replace(f"{plan.name}.", "parameters.")
            wrong.setdefault(sentence, []).append(plan.name)
        else:
            values[plan.name] = found
    count = len(values) + sum(map(len, wrong.values()))
    findings = [Finding(f"{what} ({_where(names, count)})", fatal=True) for what, names in wrong.items()]
    if cancelling := [name for name, found in values.items() if _cancel(recipe, *found)]:
        sentence = f"the weights sum to 0 ({_where(cancelling, count)}), so {recipe.merge_method} would give no model"
        findings.append(Finding(f"{sentence}; change them", fatal=True))
    if count and len(values) == count and all(_all_zero(models, "scale") for _, models in values.values()):
        findings.append(Finding("scale: 0 for every tensor, so the result would hold zeros; change it", fatal=True))
    if findings or not recipe.has_base or not count or recipe.method.alike_at_zero:
        return findings
    idle = all(_all_zero(models, "weight") for _, models in values.values())
    return [Finding("all weights are 0, so the result is the base")] if idle else []


Values = tuple[Params, list[Params]]


def _values(
    recipe: MergeRecipe, tensors: Sequence[TensorPlan], statistics: Mapping[str, Statistics]
) -> Iterator[tuple[TensorPlan, Values | L2SError]]:
    """The parameters of each tensor; of the first alone where all have the same, and the method asks for no more."""
    layers, check = count_layers([plan.name for plan in tensors]), recipe.method.check
    same: Values | None = None
    for plan in tensors if recipe.varies or check is not None else tensors[:1]:
        try:
            values = same or recipe.params_for(plan.name, position(plan.name, layers))
            same = None if recipe.varies else values
            if check is not None:
                named = [getattr(block, "statistics", None) or "" for block in (values[0], *values[1])]
                own, *each = map(statistics.get, named)
                check(Target(plan.name, plan.shape or (1,), own, tuple(each)), *values)
        except L2SError as error:
            yield plan, error
        else:
            yield plan, values


def _all_zero(models: Sequence[Params], key: str) -> bool:
    return all(getattr(model, key, None) == 0 for model in models)


def _where(found: Sequence[str], count: int) -> str:
    return f"in {listed(found)}" if len(found) < count else "in every tensor"


def _cancel(recipe: MergeRecipe, params: Params, models: Sequence[Params]) -> bool:
    """Do weights sum to zero where models are summed up, or where their sum divides?"""
    weights: list[float] = [model.weight for model in models if hasattr(model, "weight")]
    if not weights or abs(sum(weights)) >= SMALLEST:
        return False
    cancels = recipe.method.cancels
    return cancels is not None and cancels(params, weights, recipe.has_base)
