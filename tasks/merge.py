"""The stage ``merge@<recipe>``: a recipe's merged checkpoint, with its manifest."""

from l2s.config import Config
from l2s.progress import Track
from tasks.stage import DATA, TENSORS, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Make one recipe's checkpoint; costs stay out of the manifest, so that its bytes repeat."""
    from l2s.merging.merge import merge_checkpoints
    from l2s.merging.recipe import MergeRecipe

    recipe = MergeRecipe.parse(config.recipes[name], f"params.yaml: recipes.{name}")
    folders = {model: DATA / "models" / model for model in config.models}
    statistics = {name: DATA / "calibration" / f"{name}.safetensors" for name in config.calibration}
    manifest = merge_checkpoints(
        recipe, folders, DATA / "merged" / name, track=track, record_costs=False, statistics=statistics
    )
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"{recipe.merge_method} merge of {', '.join(model.model for model in recipe.models)}; {manifest.donor.reason}")


STAGE = Stage("merge", work, names=lambda config: config.recipes, libraries=TENSORS)
