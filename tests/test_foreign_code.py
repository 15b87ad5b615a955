"""Code that comes with a model is never run, and nobody is asked whether it should be."""

import ast
import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from l2s.calibration.network import Network
from l2s.causal_lm import load_causal_lm
from l2s.checkpoints import Checkpoint
from l2s.core.errors import CheckpointError
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.tokenizing import open_tokenizer

MAP = {name: f"modeling_own.{name}" for name in ("AutoConfig", "AutoModelForCausalLM", "AutoTokenizer")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "plain"
    config = LlamaConfig(
        vocab_size=512, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the folder's code would write; on a terminal, where a user would be asked."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def asked(*_: object) -> str:
        raise AssertionError("somebody was asked on the terminal")

    monkeypatch.setattr("builtins.input", asked)
    return tmp_path / "it-ran"


def with_code(plain: Path, folder: Path, marker: Path, **config: object) -> Path:
    shutil.copytree(plain, folder)
    for name in ("config.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text())
        more = config if name == "config.json" else {}
        (folder / name).write_text(json.dumps({**content, **more, "auto_map": MAP}))
    classes = "".join(f"class {name}: pass\n" for name in MAP)
    (folder / "modeling_own.py").write_text(f"open({str(marker)!r}, 'w').write('ran')\n{classes}")
    return folder


def test_a_model_that_needs_its_own_code_is_refused_in_a_sentence(plain: Path, tmp_path: Path, marker: Path) -> None:
    folder = with_code(plain, tmp_path / "m", marker, model_type="own_kind", architectures=["OwnForCausalLM"])
    expected = r"m: brings code of its own \(config.json: auto_map names modeling_own.AutoConfig, .*never run"
    for load in (
        ModelTokenizer, TransformersEngine, lambda path: load_causal_lm(path, torch.float32),
        lambda path: Network.open(Checkpoint(path)),
    ):  # fmt: skip
        with pytest.raises(CheckpointError, match=expected) as error:
            load(folder)
        assert "\n" not in str(error.value)
    assert not marker.exists()


def test_a_tokenizer_that_needs_its_own_code(plain: Path, tmp_path: Path, marker: Path) -> None:
    folder = with_code(plain, tmp_path / "m", marker, model_type="own_kind")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="brings code of its own"):
        open_tokenizer(folder)
    assert not marker.exists()


def test_a_model_that_transformers_has_itself_loads_without_its_code(plain: Path, tmp_path: Path, marker: Path) -> None:
    engine = TransformersEngine(with_code(plain, tmp_path / "m", marker))
    assert type(engine.model) is LlamaForCausalLM and not marker.exists()
    assert any("which is never run: transformers' own LlamaForCausalLM is taken" in note for note in engine.notes)


def test_wherever_anything_is_loaded_it_is_told() -> None:
    """Every call of from_pretrained and from_config says so, but for those that can load no code."""
    silent = []
    for file in sorted(Path(__file__).parent.parent.joinpath("l2s").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            named = ast.unparse(node.func)
            loads = named.endswith((".from_pretrained", ".from_config"))
            if loads and not named.startswith(("GenerationConfig.", "type(model).")):
                told = "trust_remote_code" in {word.arg for word in node.keywords}
                silent += [] if told else [f"{file}: {named}"]
    assert not silent
