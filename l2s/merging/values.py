"""The values that a recipe's parameters have tensor by tensor: are they there, and do they make a model?"""

from collections.abc import Sequence

from l2s.checkpoints.compatible import Finding
from l2s.checkpoints.index import listed
from l2s.errors import ConfigError
from l2s.merging.recipe import MergeRecipe
from l2s.merging.setting import count_layers, position
from l2s.merging.sums import SMALLEST
from l2s.params import Params

DIVIDING = ("task_arithmetic", "dare_linear", "della_linear", "breadcrumbs", "multislerp")
"""Methods that, told to normalize, divide by the sum of all weights; others divide by those that agree on a sign."""


def check_values(recipe: MergeRecipe, tensors: Sequence[str]) -> list[Finding]:
    """Required parameters that no filter gives a tensor, weights that cancel, and factors that leave nothing.

    Args:
        recipe: the merge.
        tensors: names of all that are merged.
    """
    layers, looked_at = count_layers(list(tensors)), list(tensors) if recipe.varies else list(tensors[:1])
    lacking, cancelling, empty, idle = dict[str, list[str]](), list[str](), list[str](), list[str]()
    for name in looked_at:
        try:
            params, models = recipe.params_for(name, position(name, layers))
        except ConfigError as error:
            lacking.setdefault(str(error).replace(f"{name}.", "parameters."), []).append(name)
            continue
        if _cancel(recipe, params, models):
            cancelling.append(name)
        if all(getattr(model, "scale", None) == 0 for model in models):
            empty.append(name)
        if recipe.has_base and all(getattr(model, "weight", None) == 0 for model in models):
            idle.append(name)
    findings = [Finding(f"{what} ({_where(recipe, names)})", fatal=True) for what, names in lacking.items()]
    if cancelling:
        sentence = f"the weights sum to 0 ({_where(recipe, cancelling)}), so {recipe.merge_method} would give no model"
        findings.append(Finding(f"{sentence}; change them", fatal=True))
    if len(empty) == len(looked_at) > 0:
        findings.append(Finding("scale: 0 for every tensor, so the result would hold zeros; change it", fatal=True))
    if len(idle) == len(looked_at) > 0 and not findings:
        findings.append(Finding("all weights are 0, so the result is the base"))
    return findings


def _where(recipe: MergeRecipe, names: Sequence[str]) -> str:
    return f"in {listed(names)}" if recipe.varies else "in every tensor"


def _cancel(recipe: MergeRecipe, params: Params, models: Sequence[Params]) -> bool:
    """Do weights sum to zero where models are summed up, or where their sum divides?"""
    weights: list[float] = [model.weight for model in models if hasattr(model, "weight")]
    if not weights or abs(sum(weights)) >= SMALLEST:
        return False
    method = recipe.parameters.get("of", "task_arithmetic") if recipe.merge_method == "aim" else recipe.merge_method
    if method == "linear" or (method == "multislerp" and not recipe.has_base):
        return True
    divides = getattr(params, "normalize", False) or getattr(params, "normalize_weights", False)
    return bool(divides) and method in DIVIDING and any(weights)
