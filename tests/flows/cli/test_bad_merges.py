"""Bad input of every kind, on the command line: one sentence, exit code 2, no traceback, nothing written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from l2s.checkpoints.statistics import Statistics
from tests.conftest import L2s
from tests.tiny import random_weights, tokenizer, write_checkpoint, write_family

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
Damage = Callable[[Path], Any]


def slow(change: Callable[[Path], Any]) -> Damage:
    return lambda root: change(root / "slow")


def weights(change: Callable[[dict[str, torch.Tensor]], Any]) -> Damage:
    def damage(root: Path) -> None:
        tensors = load_file(root / "slow" / SINGLE)
        tensors = {name: tensor.clone() for name, tensor in tensors.items()}
        change(tensors)
        save_file(tensors, root / "slow" / SINGLE, metadata={"format": "pt"})

    return damage


def put(number: float, place: int = 3) -> Damage:
    return weights(lambda tensors: tensors["model.norm.weight"].__setitem__(place, number))


def config(**changes: Any) -> Damage:
    def damage(root: Path) -> None:
        file = root / "slow" / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return damage


def sharded(change: Callable[[Path], Any]) -> Damage:
    def damage(root: Path) -> None:
        shutil.rmtree(root / "slow")
        write_checkpoint(root / "slow", random_weights(2, random_weights(0)), shards=3)
        change(root / "slow")

    return damage


def index(change: Callable[[dict[str, str]], Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads((folder / INDEX).read_text())
        change(content["weight_map"])
        (folder / INDEX).write_text(json.dumps(content))

    return damage


def cut(name: str, kept: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:kept]) and None


def pickled(folder: Path) -> None:
    (folder / SINGLE).rename(folder / "pytorch_model.bin")


def stranger(root: Path) -> None:
    shutil.rmtree(root / "slow")
    write_checkpoint(root / "slow", random_weights(9))


def statistics_of(weights_digest: str, kind: str = "activations") -> Damage:
    tensors = {"model.norm.weight": torch.ones(8)}
    return lambda root: Statistics(kind, tensors, {"weights": weights_digest}).write(root / "stats")  # type: ignore[arg-type]


NOTHING: Damage = lambda root: None  # noqa: E731
BASE: dict[str, Any] = {
    "merge_method": "ties", "base_model": "ROOT/base", "dtype": "bfloat16", "parameters": {"density": 0.5},
    "models": [{"model": "ROOT/quick"}, {"model": "ROOT/slow", "parameters": {"weight": 0.6}}],
}  # fmt: skip
AIM = {"merge_method": "aim", "parameters": {"statistics": "ROOT/stats"}}

# What else may be wrong in a recipe: tests/merging/recipe/test_recipe.py.
CASES: list[tuple[str, Damage, dict[str, Any], str]] = [
    ("no folder", slow(shutil.rmtree), {}, "slow: no such model folder"),
    ("an empty folder", slow(lambda f: [file.unlink() for file in f.iterdir()]), {}, "no model.safetensors"),
    ("no config", slow(lambda f: (f / "config.json").unlink()), {}, "slow: no config.json"),
    ("a config that is no JSON", slow(lambda f: (f / "config.json").write_text("{")), {}, "cannot be read as JSON"),
    ("a pickle", slow(pickled), {}, "a pickle, which may run code"),
    ("a file cut short", slow(cut(SINGLE, 1500)), {}, "cut short"),
    ("a header cut short", slow(cut(SINGLE, 100)), {}, "cut short within its header"),
    ("no safetensors file", slow(lambda f: (f / SINGLE).write_bytes(b"x" * 500)), {}, "not a safetensors file"),
    ("an empty file", slow(cut(SINGLE, 0)), {}, "not a safetensors file"),
    ("a shard missing", sharded(lambda f: next(f.glob("*2-of*")).unlink()), {}, "is missing: incomplete download?"),
    ("a tensor not in its shard", sharded(index(lambda m: m.update({"new": next(iter(m.values()))}))), {}, "lacks new"),
    ("a shard elsewhere", sharded(index(lambda m: m.update({"model.norm.weight": "../base/model.safetensors"}))), {},
     "holds no weight_map from tensor names to file names in the same folder"),
    ("an index that is no JSON", sharded(lambda f: (f / INDEX).write_text("[1,")), {}, "cannot be read as JSON"),
    ("NaN", put(float("nan")), {}, "slow: model.norm.weight holds 1 NaN or infinite entries"),
    ("infinity", put(float("-inf")), {}, "slow: model.norm.weight holds 1 NaN or infinite entries"),
    ("an overflow", put(1e6), {"dtype": "float16", "parameters": {"density": 1.0}}, "too large for float16; set dtype"),
    ("another shape", weights(lambda t: t.update({"model.norm.weight": torch.zeros(9)})), {}, "shapes must agree"),
    ("a tensor missing", weights(lambda t: t.pop("model.norm.weight")), {}, "slow lacks model.norm.weight"),
    ("eight bits", weights(lambda t: t.update({"model.norm.weight": t["model.norm.weight"].to(torch.float8_e4m3fn)})),
     {}, "merge the unquantised model"),
    ("another rope", config(rope_theta=5e5), {}, "rope_theta is 10000.0 in"),
    ("another norm", config(rms_norm_eps=1e-5), {}, "rms_norm_eps is 1e-06"),
    ("another architecture", config(model_type="qwen2"), {}, "model_type is llama in"),
    ("quantised", config(quantization_config={"bits": 4}), {}, "merge the unquantised model"),
    ("no head", config(tie_word_embeddings=False), {}, "no lm_head.weight, though config.json says"),
    ("another ancestor", stranger, {}, "is no fine-tune of"),
    ("a damaged tokenizer", slow(lambda f: (f / "tokenizer.json").write_text("{")), {}, "cannot be read as JSON"),
    ("another tokenizer", slow(lambda f: (f / "tokenizer.json").write_text(json.dumps(tokenizer(
        {f"s{n}": n for n in range(9)})))), {}, "tokenizers differ at"),
    ("an unknown method", NOTHING, {"merge_method": "tiess"}, "unknown merge method 'tiess'; did you mean 'ties'?"),
    ("an unknown key", NOTHING, {"tokenizer_sorce": "base"}, "tokenizer_sorce: unknown key; did you mean"),
    ("a weight in words", NOTHING, {"models": [{"model": "ROOT/slow", "parameters": {"weight": "much"}}]},
     "weight: found 'much'"),
    ("an infinite lambda", NOTHING, {"parameters": {"lambda": float("inf")}}, "lambda: found inf"),
    ("an unknown dtype", NOTHING, {"dtype": "int4"}, "dtype: found 'int4'"),
    ("a donor that is none", NOTHING, {"tokenizer_source": "nobody"}, "'nobody' is not among the models"),
    ("no statistics", NOTHING, AIM, "stats: no such file; make it with l2s calibrate"),
    ("statistics of another model", statistics_of("sha256:0"), AIM, "measured of other weights"),
    ("statistics that are none", lambda root: (root / "stats").write_text("x"), AIM, "not a safetensors file"),
    ("chances above one", NOTHING, {"merge_method": "della", "parameters": {"density": 0.9, "epsilon": 0.2}},
     "density 0.9 with epsilon 0.2 makes chances from 0.7 to 1.1"),
    ("slerp of three", NOTHING, {"merge_method": "slerp", "parameters": {"t": 0.5}}, "slerp"),
]  # fmt: skip


def written(root: Path, found: Any) -> Any:
    """A recipe with ROOT filled in."""
    return yaml.safe_load(yaml.safe_dump(found).replace("ROOT", str(root)))


@pytest.mark.parametrize(("damage", "changes", "sentence"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_one_sentence_and_nothing_written(
    damage: Damage,
    changes: dict[str, Any],
    sentence: str,
    tmp_path: Path,
    l2s: L2s,
) -> None:
    write_family(tmp_path)
    damage(tmp_path)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(written(tmp_path, BASE | changes)))
    before = sorted(tmp_path.iterdir())
    code, _, said = l2s("merge", tmp_path / "recipe.yaml", tmp_path / "out")
    assert code == 2 and said.startswith("error: ") and sentence in said and "Traceback" not in said
    assert said.count("\n") == 1, "more than a line"
    assert sorted(tmp_path.iterdir()) == before, "something was written"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["merge", "ROOT/none.yaml", "ROOT/out"], "none.yaml: no such file"),
        (["merge", "ROOT/broken.yaml", "ROOT/out"], "broken.yaml: not valid YAML"),
        (["merge", "ROOT/recipe.yaml", "ROOT/thesis"], "holds files that are no merge of ours"),
        (["merge", "ROOT/thesis/own.yaml", "ROOT/thesis"], "own.yaml: lies inside of"),
        (["merge", "ROOT/recipe.yaml", "ROOT/out", "--max-memory", "some"], "expected a size such as 4GB"),
        (["merge", "ROOT/recipe.yaml", "ROOT/out", "--max-memory", "1MB"], "even with one thread; allow more"),
        (
            ["merge", "ROOT/recipe.yaml", "ROOT/out", "--device", "gpu"],
            "--device: 'gpu' is no device; expected cpu, cuda",
        ),
        (["check", "ROOT/none.yaml"], "none.yaml: no such file"),
    ],
)
def test_bad_words(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    l2s: L2s,
) -> None:
    write_family(tmp_path)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(written(tmp_path, BASE)))
    (tmp_path / "broken.yaml").write_text("merge_method: [")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    code, _, said = l2s(*[word.replace("ROOT", str(tmp_path)) for word in words])
    assert code == 2 and sentence in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "thesis" / "thesis.tex").read_text() == "years of work"


def test_check_names_every_problem_at_once(tmp_path: Path, l2s: L2s) -> None:
    write_family(tmp_path)
    weights(lambda t: (t.pop("model.norm.weight"), t.update({"model.extra": torch.zeros(2)})))(tmp_path)
    config(rope_theta=5e5, rms_norm_eps=1e-5)(tmp_path)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(written(tmp_path, BASE)))
    code, said, _ = l2s("check", tmp_path / "recipe.yaml")
    assert code == 2
    for part in ("lacks model.norm.weight", "lacks model.extra", "rope_theta", "rms_norm_eps"):
        assert part in said


@pytest.mark.parametrize(("quick", "code"), [(False, 2), (True, 0)])
def test_check_looks_for_nan_unless_in_haste(quick: bool, code: int, tmp_path: Path, l2s: L2s) -> None:
    write_family(tmp_path)
    put(float("nan"))(tmp_path)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(written(tmp_path, BASE)))
    ended, said, _ = l2s("check", tmp_path / "recipe.yaml", *(["--quick"] if quick else []))
    assert ended == code
    assert ("GB of memory" in said) == quick, "a merge that is refused takes nothing"
    assert ("slow: model.norm.weight holds 1 NaN or infinite entries" in said) == (not quick)


def test_check_says_that_statistics_are_missing_with_the_rest(tmp_path: Path, l2s: L2s) -> None:
    write_family(tmp_path)
    config(rope_theta=5e5)(tmp_path)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(written(tmp_path, BASE | AIM)))
    code, said, _ = l2s("check", tmp_path / "recipe.yaml")
    assert code == 2 and "stats: no such file" in said and "rope_theta" in said
