"""Whose config, tokenizer, chat template and generation config the merged model gets, and with which vocabulary."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.model.tokenizer import has_tokenizer, knows_thinking
from l2s.checkpoints.vocabulary import Vocabulary, Way, align_vocabulary
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.tokens import token_rows


@dataclass(frozen=True)
class Donor:
    """The model whose side files are taken, and why."""

    model: str
    """As the recipe names it."""
    reason: str
    tokenizer: str = ""
    """The model whose tokenizer is taken; another one where this has none."""

    def findings(self) -> list[Finding]:
        """What should be said of it."""
        if self.tokenizer == self.model:
            return []
        return [Finding(f"{self.model} has no tokenizer; that of {self.tokenizer}, the last model with one, is taken")]


def choose_donor(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Donor:
    """The model that the recipe's ``tokenizer_source`` names, else the reasoning model.

    ``tokenizer_source: union`` names none. The reasoning model is the only one that knows ``<think>``;
    where none or several do, it is the last one listed. Where it has no tokenizer, the last model that has one
    gives its own.

    Raises:
        ConfigError: the one that is named is not among the models.
    """
    chosen = _chosen(recipe, models)
    having = [name for name, model in models.items() if has_tokenizer(model.tokenizer_folder)]
    named = recipe.token_source not in (None, "union")  # then its tokens are meant
    tokenizer = chosen.model if named or chosen.model in having else next(reversed(having), chosen.model)
    return replace(chosen, tokenizer=tokenizer)


def _chosen(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Donor:
    source = recipe.token_source
    if source and (source != "union" or source in models):
        return Donor(_named(source, recipe, models), "tokenizer_source names it")
    thinking = [name for name, model in models.items() if knows_thinking(model.tokenizer_folder)]
    if len(thinking) == 1:
        return Donor(thinking[0], "the only model whose tokenizer or chat template knows <think>")
    last = recipe.models[-1].model if recipe.slices else recipe.model_names()[-1]
    return Donor(last, "the last model listed, which is where the reasoning model stands")


def _named(name: str, recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> str:
    if name in models:
        return name
    if name == "base" and recipe.base_model:
        return recipe.base_model
    raise ConfigError(f"tokenizer_source: '{name}' is not among the models{nearest(name, [*models, 'base', 'union'])}")


def merged_vocabulary(recipe: MergeRecipe, models: Mapping[str, Checkpoint], donor: str) -> Vocabulary:
    """The recipe's models in the rows of the merged vocabulary.

    Args:
        recipe: the merge.
        models: by the recipe's names, as they are.
        donor: whose tokenizer the result gets.

    Raises:
        CheckpointError: rows shall be aligned by token, and the donor has no ``tokenizer.json``; or a token shall
            take the row of one that its model lacks.
        ConfigError: a token shall take a row of a model that is not merged.
    """
    ways: dict[str | None, Way] = {None: "ids", "union": "union"}
    multiple = recipe.tokenizer.pad_to_multiple_of if recipe.tokenizer else None
    way = ways.get(recipe.token_source, "donor")
    rows = token_rows(recipe.tokenizer.tokens if recipe.tokenizer else None, models, recipe.base_model)
    return align_vocabulary(models, donor, way, base=recipe.base_model, pad_to_multiple_of=multiple, rows=rows)
