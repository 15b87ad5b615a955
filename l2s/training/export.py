"""A GRPO training as a job for verl: data, reward and config, to be run in an environment of verl's own.

Nothing of verl is imported here. verl (0.9) scores each response by itself, so that rewards which look at a group are
refused, and a wrong response alone is a group without a right one: it is worth 0 unless ``skip_unsolved: false``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import ConfigError
from l2s.core.files import replacing_folder, write_text
from l2s.core.row import Row
from l2s.generation.settings import PromptParams
from l2s.training.data import normalised
from l2s.training.methods.grpo import Grpo
from l2s.training.settings import TrainingParams

ALONE = ("tldr", "tldr_target", "l1_exact", "l1_max", "overlong")
"""Rewards of one response."""
BETAS = (0.9, 0.98)
"""Of AdamW, as here."""
LOSSES = {"dapo": "token-mean", "grpo": "seq-mean-token-mean", "dr_grpo": "seq-mean-token-sum-norm"}
"""What verl calls them."""
REWARD = '''"""The reward of {name}, as verl calls it for each response; needs l2s (`pip install l2s`) beside verl."""

import json
from functools import cache

from l2s.training.rewards import Group, parse_reward
from l2s.verification import verify_rows

REWARD = parse_reward(json.loads({reward!r}), "reward")
MODEL, MOST = {model!r}, {most!r}


@cache
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """A response is right if its answer is and it ended within the limit; its stop token counts."""
    told = extra_info or {{}}
    length = len(tokenizer()(solution_str, add_special_tokens=False)["input_ids"]) + 1
    (row,) = verify_rows([{{"gold": ground_truth, "response": solution_str}}])
    cut, length = length > MOST, min(length, MOST)
    group = Group([row["correct"]], [length], [cut], told.get("level"), told.get("reference"))
    return {{"score": REWARD(group)[0], "acc": float(row["correct"] and not cut), "length": length}}
'''


def export_verl(
    name: str, settings: TrainingParams, prompt: PromptParams, start: Path, problems: Sequence[Row],
    validation: Sequence[Row], references: Mapping[str, float], out: Path,
) -> None:  # fmt: skip
    """Write ``train.parquet``, ``validation.parquet``, ``reward.py``, ``config.yaml`` and ``run.sh`` into a folder.

    Args:
        name: of the training.
        settings: of method grpo.
        prompt: how problems are put; verl renders the model's chat template.
        start: folder of the start model.
        problems: what is answered in training.
        validation: what is measured meanwhile; none: a few of ``problems``, at no time.
        references: mean lengths of the start model's right responses, by normalised problem.
        out: a new folder, or one that is replaced.

    Raises:
        ConfigError: verl cannot do what the settings say.
    """
    if problem := _cannot(settings, prompt, start):
        raise ConfigError(f"training.{name}: verl cannot take {problem}")
    assert isinstance(settings, Grpo)
    levels = settings.reward.trained_levels or (None,)
    asked = [(row, levels[place % len(levels)]) for place, row in enumerate(problems)]
    said = settings.reward.model_dump_json(by_alias=True)
    with replacing_folder(out) as folder:
        _data(folder / "train.parquet", settings, prompt, asked, references)
        _data(folder / "validation.parquet", settings, prompt, [(row, None) for row in validation] or asked[:8], {})
        model = str(start.resolve())
        write_text(folder / "reward.py", REWARD.format(name=name, reward=said, model=model, most=settings.max_tokens))
        write_text(
            folder / "config.yaml", yaml.safe_dump(_config(name, settings, model, bool(validation)), sort_keys=False)
        )
        write_text(
            folder / "run.sh",
            "#!/bin/sh\n# In an environment with verl 0.9 and l2s. Workers of Ray may stand in another folder.\n"
            'cd "$(dirname "$0")" && here=$(pwd) && '
            'exec python -m verl.trainer.main_ppo --config-path "$here" --config-name config '
            '"data.train_files=$here/train.parquet" "data.val_files=$here/validation.parquet" '
            '"reward.custom_reward_function.path=$here/reward.py" "$@"\n',
        )


def _cannot(settings: TrainingParams, prompt: PromptParams, start: Path) -> str | None:
    if not isinstance(settings, Grpo):
        return f"method {settings.method}; expected grpo"
    if settings.reward.kind not in ALONE:
        return f"reward {settings.reward.kind}, which looks at more than one response; expected {', '.join(ALONE)}"
    if settings.scale == "batch":
        return "scale batch; expected group or none"
    if prompt.style != "chat":
        return f"prompts of style {prompt.style}; expected decoding.prompt.style: chat"
    if lost := _special(start) & {prompt.opening, prompt.closing}:
        return f"{' and '.join(sorted(lost))} of {start}: special tokens, which it leaves out of what it has scored"
    return None


def _special(model: Path) -> set[str]:
    """Special tokens of a model's tokenizer, as its file has them."""
    file = model / "tokenizer.json"
    tokens = read_object(file).get("added_tokens", []) if file.is_file() else []
    return {str(token["content"]) for token in tokens if token.get("special")}


def _data(
    path: Path, settings: Grpo, prompt: PromptParams, asked: Sequence[tuple[Row, Any]], references: Mapping[str, float]
) -> None:
    rows = []
    for index, (row, level) in enumerate(asked):
        line = settings.level_template.replace("{level}", level) if level else "{problem}"
        text = prompt.template.replace("{problem}", line).replace("{problem}", row["problem"])
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        reference = references.get(normalised(row["problem"]))
        rows.append({
            "data_source": "l2s", "prompt": [*system, {"role": "user", "content": text}], "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": row["gold"]},
            "extra_info": {"index": index, "id": row["id"], "level": level, "reference": reference},
        })  # fmt: skip
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)


def _config(name: str, settings: Grpo, model: str, validated: bool) -> dict[str, Any]:
    micro = {"log_prob_micro_batch_size_per_gpu": settings.micro_batch}
    actor = {
        "optim": {
            "lr": settings.learning_rate, "weight_decay": settings.weight_decay, "betas": list(BETAS),
            "lr_scheduler_type": "cosine",
            "lr_warmup_steps_ratio": settings.warmup, "min_lr_ratio": settings.floor,
        },
        "ppo_mini_batch_size": settings.prompts, "ppo_micro_batch_size_per_gpu": settings.micro_batch,
        "clip_ratio_low": settings.epsilon_low, "clip_ratio_high": settings.epsilon_high, "grad_clip": settings.clip,
        "use_kl_loss": settings.kl > 0, "kl_loss_coef": settings.kl, "kl_loss_type": "low_var_kl",
        "entropy_coeff": 0, "loss_agg_mode": LOSSES[settings.loss],
        "policy_loss": {"loss_mode": "gspo" if settings.importance == "sequence" else "vanilla"},
    }  # fmt: skip
    lora = {"lora_rank": settings.lora.r, "lora_alpha": settings.lora.alpha} if settings.lora else {}
    every = settings.validation.every if settings.validation and validated else -1
    return {
        "hydra": {"searchpath": ["pkg://verl.trainer.config"]},
        "defaults": ["ppo_trainer", "_self_"],
        "algorithm": {
            "adv_estimator": "grpo", "norm_adv_by_std_in_grpo": settings.scale == "group", "use_kl_in_reward": False,
        },
        "data": {
            "train_files": "train.parquet", "val_files": "validation.parquet", "train_batch_size": settings.prompts,
            "max_prompt_length": 2048, "max_response_length": settings.max_tokens, "truncation": "error",
            "seed": settings.seed,
        },
        "actor_rollout_ref": {
            "model": {"path": model, **lora}, "actor": actor, "ref": micro,
            "rollout": {"name": "vllm", "n": settings.samples, "temperature": settings.temperature, **micro},
        },
        "reward": {"custom_reward_function": {"path": "reward.py", "name": "compute_score"}},
        "trainer": {
            "total_training_steps": settings.steps, "save_freq": settings.checkpoint_every, "test_freq": every,
            "val_before_train": False, "nnodes": 1, "n_gpus_per_node": 1, "logger": ["console"],
            "project_name": "l2s", "experiment_name": name,
        },
    }  # fmt: skip
