"""Adapter: a LoRA adapter folder as peft writes it, and what it does to each tensor of its base."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.index import TensorEntry, WeightIndex, listed, natural, read_header
from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import CheckpointError
from l2s.core.numbers import is_number

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PREFIX = "base_model.model."
FACTOR = re.compile(r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.default)?(?:\.weight)?")

REPEATED = re.compile(r"\)\s*[*+{]")
LARGE = 1e9
"""No rank and no alpha is larger."""

UNSUPPORTED = (
    "use_dora", "lora_bias", "layer_replication", "target_parameters", "trainable_token_indices", "use_qalora",
    "alora_invocation_tokens", "use_bdlora", "arrow_config", "kasa_config", "monteclora_config",
)  # fmt: skip
"""Switches of peft under which a weight is not W + scale · B A."""

LEAVES_THE_BASE = (True, False, None, "gaussian", "orthogonal", "eva")
"""Values of ``init_lora_weights`` that leave the base as it is; the others take something out of it."""


@dataclass(frozen=True)
class LowRank:
    """scale · B A, added to a weight."""

    a: str
    """Name of A, ``[r, in]``; for an embedding ``[r, tokens]``."""
    b: str
    """Name of B, ``[out, r]``; for an embedding ``[hidden, r]``."""
    scale: float
    """α / r, or α / √r with ``use_rslora``."""
    transposed: bool
    """The weight is stored as ``[in, out]`` or ``[tokens, hidden]``, so (B A)ᵀ is added."""


@dataclass(frozen=True)
class Adapter(Checkpoint):
    """An adapter folder: its own tensors by peft's names, and the changes they make."""

    @cached_property
    def index(self) -> WeightIndex:
        """Its stored tensors.

        Raises:
            CheckpointError: no such folder, or no safetensors in it.
        """
        if not self.path.is_dir():
            raise CheckpointError(f"{self.path}: no such adapter folder")
        if not (self.path / WEIGHTS).is_file():
            raise CheckpointError(self._no_weights())
        entries = {entry.name: entry for entry in read_header(self.path / WEIGHTS)}
        return WeightIndex(self.path, {name: entries[name] for name in sorted(entries, key=natural)}, ())

    @cached_property
    def config(self) -> dict[str, Any]:
        """``adapter_config.json``."""
        return read_object(self.path / CONFIG)

    @cached_property
    def replaced(self) -> dict[str, TensorEntry]:
        """Tensors that take the place of the base's (``modules_to_save``), by the base's names."""
        plain = [name for name in self.index.entries if not FACTOR.fullmatch(name)]
        return {_of_base(name): self.index.entries[name] for name in plain}

    @cached_property
    def low_rank(self) -> dict[str, LowRank]:
        """What is added to each weight, by the base's names.

        Raises:
            CheckpointError: the adapter is of a kind that does more than that, or A and B do not fit;
                everything that is wrong, at once.
        """
        if unsupported := _unsupported(self.config):
            raise CheckpointError("; ".join(f"{self.path / CONFIG}: {problem}" for problem in unsupported))
        problems = list[str]()
        modules: dict[str, dict[str, tuple[str, bool]]] = {}
        for name in self.index.entries:
            if factor := FACTOR.fullmatch(name):
                modules.setdefault(factor["module"], {})[factor["side"]] = (name, bool(factor["embedding"]))
        found = {}
        for module, sides in modules.items():
            if wrong := self._misfit(module, {side: name for side, (name, _) in sides.items()}):
                problems.append(f"{self.path / WEIGHTS}: {wrong}")
                continue
            (a, embedding), (b, _) = sides["A"], sides["B"]
            transposed = embedding or self.config.get("fan_in_fan_out") is True
            found[f"{_of_base(module)}.weight"] = LowRank(a, b, self._scale(module), transposed)
        if problems:
            raise CheckpointError("; ".join(problems))
        return found

    def _misfit(self, module: str, sides: Mapping[str, str]) -> str | None:
        if missing := {"A", "B"} - sides.keys():
            return f"{module} has no lora_{missing.pop()}; save the adapter again"
        entries = [self.index.entries[sides[side]] for side in "AB"]
        if odd := next((entry for entry in entries if entry.dtype not in TORCH_NAMES), None):
            return f"{odd.name} is {odd.dtype}, expected floating-point entries; save the adapter unquantised"
        a, b = (entry.shape for entry in entries)
        if len(a) != 2 or len(b) != 2:
            return f"{module}: A has shape {list(a)}, B {list(b)}; only linear layers and embeddings are supported"
        rank = self._pattern("rank_pattern", "r", module)
        if not a[0] == b[1] == rank:
            return f"{module}: A has shape {list(a)}, B {list(b)}, but its rank is {rank} by {CONFIG}"
        return None

    def _scale(self, module: str) -> float:
        alpha, rank = self._pattern("alpha_pattern", "lora_alpha", module), self._pattern("rank_pattern", "r", module)
        return float(alpha / rank**0.5 if self.config.get("use_rslora") else alpha / rank)

    def _pattern(self, patterns: str, default: str, module: str) -> Any:
        """A module's rank or alpha: of the first pattern that matches the end of its name, as peft looks it up."""
        for pattern, value in (self.config.get(patterns) or {}).items():
            if re.match(rf"(.*\.)?({pattern})$", module.removeprefix(PREFIX)):
                return value
        return self.config.get(default, 8)

    def _no_weights(self) -> str:
        if (self.path / "adapter_model.bin").is_file():
            return (
                f"{self.path}: holds adapter_model.bin, a pickle, which may run code when opened, and no {WEIGHTS}; "
                "convert it where you trust it: "
                "PeftModel.from_pretrained(BASE, FOLDER).save_pretrained(NEW_FOLDER, safe_serialization=True)"
            )
        found = sorted(file.name for file in self.path.iterdir() if file.is_file())
        return f"{self.path}: no {WEIGHTS}, so this is no adapter; found {listed(found, 5) or 'nothing'}"


def _of_base(name: str) -> str:
    return name.removeprefix(PREFIX).replace(".base_layer.", ".").replace(".modules_to_save.default.", ".")


def _unsupported(config: Mapping[str, Any]) -> list[str]:
    merged = "merge it into its base with peft (merge_and_unload), and name the merged folder"
    kind = config.get("peft_type")
    if kind != "LORA":
        return [f"peft_type is {kind}, and only LORA is supported; {merged}"]
    problems = [f"{key} is set, which is not supported; {merged}" for key in UNSUPPORTED if config.get(key)]
    if (bias := config.get("bias", "none")) != "none":
        problems.append(f"bias is {bias}, and only none is supported; {merged}")
    if (start := config.get("init_lora_weights", True)) not in LEAVES_THE_BASE:
        problems.append(f"init_lora_weights is {start}, which changes the base too; {merged}")
    for key in ("r", "lora_alpha"):
        if not _is_number(config.get(key, 8)) or (key == "r" and config.get(key, 8) <= 0):
            problems.append(f"{key} is {config[key]!r:.40}, expected a positive number")
    return problems + [problem for key in ("rank_pattern", "alpha_pattern") for problem in _patterns(config, key)]


def _patterns(config: Mapping[str, Any], key: str) -> Iterator[str]:
    """What is wrong with ranks or alphas that single modules have, by patterns of their names."""
    found = config.get(key) or {}
    if not isinstance(found, dict):
        yield f"{key} is {found!r:.40}, expected an object of numbers by patterns of module names"
        return
    for pattern, value in found.items():
        if not _is_number(value) or (key == "rank_pattern" and value <= 0):
            yield f"{key}.{pattern} is {value!r:.40}, expected a positive number"
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{key}: {pattern!r:.40} is no pattern ({error})"
        if REPEATED.search(pattern):
            yield f"{key}: {pattern!r:.40} repeats a group, which may take for ever; name the modules"


def _is_number(found: object) -> bool:
    return is_number(found) and abs(found) < LARGE
