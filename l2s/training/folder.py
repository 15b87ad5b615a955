"""The folder of a trained model: like a merge's, with all but the weights as the start model has it."""

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.writer import CheckpointWriter, TensorPlan
from l2s.core.errors import CheckpointError
from l2s.core.files import json_or_empty, replacing_folder, write_json, write_text
from l2s.core.lazy import torch
from l2s.core.versions import __version__, version_of
from l2s.core.yaml import dump_yaml
from l2s.training.settings import TrainingParams

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST, HISTORY, SHOWN = "l2s_manifest.json", "history.jsonl", "samples.jsonl"
PACKAGES = ("accelerate", "peft", "safetensors", "torch", "transformers", "trl")


def write_folder(
    out: Path, start: Checkpoint, weights: Mapping[str, "Tensor"], manifest: dict[str, Any],
    history: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:  # fmt: skip
    """Place a trained model at ``out``, whole or not at all; the manifest as it was written.

    Weights have the start model's names and types; config, tokenizer, template and generation config are its bytes.
    """
    with replacing_folder(out) as folder:
        entries = [start.entry(name) for name in start.names()]
        with CheckpointWriter(folder, [TensorPlan(one.name, one.dtype, one.shape) for one in entries]) as writer:
            for one in entries:
                value = weights[one.name].detach().to("cpu", getattr(torch, TORCH_NAMES[one.dtype]))
                writer.write(one.name, value)
        copied = [start.path / "config.json", *start.side_files]
        copied += sorted(start.path.glob("*.py")) if "auto_map" in start.config else []
        for file in copied:
            shutil.copyfile(file, folder / file.name)
        manifest = {**manifest, "output": {"weights": Checkpoint(folder).weights_digest}}
        for name, rows in ((HISTORY, history), (SHOWN, shown)):
            if rows:
                write_text(folder / name, "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows))
        write_text(folder / "README.md", model_card(manifest))
        write_json(folder / MANIFEST, manifest)
    return manifest


def refuse_place(out: Path, start: Path, force: bool = False) -> None:
    """Is ``out`` a place to write to? With ``force`` whatever lies there is replaced, but for the start model.

    Raises:
        CheckpointError: it holds something that is no training of ours, such as a merge, or the start model.
    """
    place, source = out.resolve(), start.resolve()
    if source == place or place in source.parents or source in place.parents:
        raise CheckpointError(f"{out}: the start model lies at {start}; choose another place for what is trained")
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"{out}: is a file; choose another place for what is trained")
    is_training = "settings" in json_or_empty(out / MANIFEST)  # a merge's manifest has none
    if out.is_dir() and any(out.iterdir()) and not is_training and not force:
        held = "a model that is" if (out / "config.json").is_file() else "files that are"
        raise CheckpointError(
            f"{out}: holds {held} no training of ours; choose another place, or replace it with --force"
        )


def refuse_untrainable(start: Checkpoint, names: Mapping[str, Any]) -> None:
    """Refuse weights that could not be written back.

    Raises:
        CheckpointError: tensors of formats that are no numbers to train, or under names that transformers changes.
    """
    odd = [name for name in start.names() if start.entry(name).dtype not in TORCH_NAMES]
    if odd:
        raise CheckpointError(f"{start.path}: {odd[0]} is {start.entry(odd[0]).dtype}; expected weights in BF16, "
                              "F16, F32 or F64; train the model that it was quantised from")  # fmt: skip
    if lost := [name for name in start.names() if name not in names]:
        raise CheckpointError(f"{start.path}: transformers loads {lost[0]} under another name; save the model anew "
                              "with save_pretrained of this release of transformers")  # fmt: skip


def described(settings: TrainingParams, start: Checkpoint, inputs: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """The manifest, without what was written.

    Args:
        settings: of the training.
        start: the start model.
        inputs: digests of data, by name.
        more: what the training found.
    """
    said = settings.model_dump(mode="json", by_alias=True)
    reconstructed = bool(getattr(getattr(settings, "reward", None), "reconstructed", False))
    return {
        "format": 1, "method": settings.method, "reconstructed": reconstructed, "settings": said,
        "start": {"model": settings.model, "digest": start.digest, "weights": start.weights_digest},
        "inputs": dict(inputs), "seed": settings.seed, **more,
        "versions": {"l2s": __version__} | {name: version_of(name) for name in PACKAGES},
    }  # fmt: skip


def hardware(device: str) -> str:
    """What it was trained on, in words."""
    if device == "cpu":
        return f"one core, {platform.machine()}"
    name: str = torch.cuda.get_device_name(device)
    return name


def model_card(manifest: Mapping[str, Any]) -> str:
    """``README.md`` of a trained folder."""
    front = {"base_model": manifest["start"]["model"], "library_name": "transformers", "tags": ["l2s"]}
    levels = manifest.get("levels") or []
    asked = f"Levels: {', '.join(levels)}, asked for as `{manifest['level_template']}`\n\n" if levels else ""
    reconstructed = (
        "Its formula is reconstructed: the paper does not print it.\n\n" if manifest["reconstructed"] else ""
    )
    return (
        f"---\n{dump_yaml(front)}---\n\n# {manifest['start']['model']}, trained by {manifest['method']}\n\n"
        f"Made with L2S {manifest['versions']['l2s']}, seed {manifest['seed']}, from these settings:\n\n"
        f"```yaml\n{dump_yaml(manifest['settings'])}```\n\n{asked}{reconstructed}"
        "Config, tokenizer, chat template and generation config are the start model's, byte for byte.\n\n"
        f"`{MANIFEST}` says what it was trained on and what that cost, `{HISTORY}` how it went.\n"
    )
