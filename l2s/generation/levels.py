"""Levels of length that a model was trained to be asked for, in the words that it was trained with."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import ConfigError
from l2s.core.params import nearest

if TYPE_CHECKING:
    from l2s.generation.settings import DecodingParams

MANIFEST = "l2s_manifest.json"
Level = Literal["short", "medium", "long"]
LEVELS: tuple[Level, ...] = ("short", "medium", "long")


def at_level(
    decoding: "DecodingParams", model: Path, level: str, say: Callable[[str], None] = lambda sentence: None
) -> "DecodingParams":
    """``decoding`` whose user's turn asks for a level, as the manifest in the model's folder has it.

    ``say`` is told where the model was trained for no levels.

    Raises:
        ConfigError: there is no such level, or the folder holds no training of ours.
    """
    if level not in LEVELS:
        raise ConfigError(f"level: '{level}' is unknown{nearest(level, LEVELS)}; known: {', '.join(LEVELS)}")
    manifest = read_object(model / MANIFEST) if (model / MANIFEST).is_file() else {}
    template = manifest.get("level_template")
    if not isinstance(template, str):
        raise ConfigError(
            f"{model}: its manifest has no level_template, so how level '{level}' is asked for is not known; "
            "name a model that l2s trained, or leave level out"
        )
    if manifest.get("levels") == []:
        say(
            f"{model}: it was trained for no levels, so that level '{level}' is words that it never learned; train it "
            "with data of kind labelled or a reward of levels, or leave level out"
        )
    turn = template.replace("{level}", level)
    prompt = decoding.prompt.model_copy(update={"template": decoding.prompt.template.replace("{problem}", turn)})
    return decoding.model_copy(update={"prompt": prompt})
