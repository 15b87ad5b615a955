"""Calibrations as a whole: kills, threads, memory, what is no number, and the sentences for bad inputs."""

import json
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from l2s.calibration import partial
from l2s.calibration.calibrate import calibrate
from l2s.calibration.network import Network
from l2s.calibration.settings import CalibrationParams
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.reader import CheckpointReader
from l2s.checkpoints.statistics import Statistics
from l2s.core.errors import CheckpointError, ConfigError, L2SError, RecordError
from l2s.family.tokenizer import build_tokenizer
from tests.calibration.models import KINDS, SIZES, params, write_model, write_texts

MODES = [(kind, layers) for kind in ("activations", "sensitivities") for layers in (False, True)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration")
    write_model(folder / "base")
    write_model(folder / "slow", seed=2)
    write_texts(folder / "texts.jsonl", 5)
    return folder


def run(made: Path, out: Path, kind: str, layers: bool = False, track: Any = None, **of: Any) -> Statistics:
    options = {} if track is None else {"track": track}
    options |= {"code": of.pop("code")} if "code" in of else {}
    found = params(kind, layers_at_a_time=layers, **of)
    return calibrate(made / "base", made / "texts.jsonl", out, found, others={}, **options)


def altered(made: Path, folder: Path, change: Callable[[dict[str, Tensor]], object], model: str = "base") -> Path:
    """A copy of what was made, with other weights in one of the models."""
    shutil.copytree(made, folder)
    file = folder / model / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, {"format": "pt"})
    return folder


class Counter:
    """A track that counts, and stops the loop as Ctrl-C would."""

    def __init__(self, most: int | None = None) -> None:
        self.count, self.most = 0, most

    def __call__(self, items: Iterable[Any], label: str, total: Any = None, weight: Any = None) -> Iterator[Any]:
        for item in items:
            if self.count == self.most:
                raise KeyboardInterrupt
            yield item
            self.count += 1


@pytest.mark.long
def test_kills_at_several_moments_and_each_time_the_same_bytes(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "made")
    command = [sys.executable, "-m", "tests.calibration.killed", str(tmp_path / "made")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
    for kind, layers in MODES:
        folder = tmp_path / "made" / f"{kind}-{layers}"
        unharmed = (folder / "unharmed.safetensors").read_bytes()
        assert Statistics.read(folder / "unharmed.safetensors").kind == kind
        resumed = [file for file in folder.iterdir() if file.stem.isdigit()]
        assert len(resumed) == 3 and all(file.read_bytes() == unharmed for file in resumed)
        assert not [file.name for file in folder.iterdir() if ".partial.safetensors" in file.name]


@pytest.mark.parametrize(("kind", "layers"), MODES)
def test_what_is_finished_is_not_done_again(
    kind: str, layers: bool, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "EVERY", 0.0)
    monkeypatch.setattr(partial, "SHARE", float("inf"))
    whole, rest = Counter(), Counter()
    run(made, tmp_path / "whole.safetensors", kind, layers, whole)
    out = tmp_path / "out.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(made, out, kind, layers, Counter(3))
    assert not out.exists() and (tmp_path / ".out.partial.safetensors").exists()
    run(made, out, kind, layers, rest)
    assert whole.count > 3 and rest.count == whole.count - 3
    assert out.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"whole.safetensors", "out.safetensors"}


@pytest.mark.parametrize("change", ["block", "seed", "texts", "model", "mode", "version", "code", "damage"])
def test_another_calibration_does_not_go_on_from_there(
    change: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "EVERY", 0.0)
    folder = shutil.copytree(made, tmp_path / "made")
    out, fresh, of, layers = tmp_path / "out.safetensors", tmp_path / "fresh.safetensors", {}, False
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, "activations", track=Counter(3))
    left = tmp_path / ".out.partial.safetensors"
    before = left.read_bytes()
    if change == "model":
        shutil.copytree(made / "slow", folder / "base", dirs_exist_ok=True)
    elif change == "texts":
        write_texts(folder / "texts.jsonl", 6)
    elif change == "version":
        monkeypatch.setattr("l2s.calibration.plan.__version__", "0.0.0")
    elif change == "damage":
        left.write_bytes(before[:-9])
    layers = change == "mode"
    of = {"block": {"block": 25}, "seed": {"seed": 4}, "code": {"code": "other"}}.get(change, {})
    whole, again = Counter(), Counter()
    run(folder, fresh, "activations", layers, whole, **of)
    run(folder, out, "activations", layers, again, **of)
    assert again.count == whole.count and out.read_bytes() == fresh.read_bytes()
    assert not left.exists()


def test_results_are_noted_every_few_seconds_and_not_every_step(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(made, tmp_path / "out.safetensors", "activations", track=Counter(3))
    assert not list(tmp_path.iterdir())
    clock = iter(range(1000))
    monkeypatch.setattr("l2s.calibration.partial.time.monotonic", lambda: float(next(clock)))
    noted = partial.Partial(tmp_path / "out.safetensors", "key")  # at 0; the clock moves a second a look
    written = []
    for step in range(40):
        noted.write(step, {"a": torch.ones(1)})
        written += [step] if noted.read()[0] == step and noted.path.exists() else []
    assert written[:3] == [4, 14, 24], "five seconds, then ten times the second that writing took"


def test_threads_change_nothing_and_are_put_back(made: Path, tmp_path: Path) -> None:
    before, digests, seen = torch.get_num_threads(), [], set[int]()

    def track(items: Iterable[Any], label: str, total: Any = None, weight: Any = None) -> Iterator[Any]:
        for item in items:
            seen.add(torch.get_num_threads())
            yield item

    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            digests.append(run(made, tmp_path / "out.safetensors", "sensitivities", track=track).digest)
            assert torch.get_num_threads() == threads
            with pytest.raises(KeyboardInterrupt):
                run(made, tmp_path / "out.safetensors", "activations", track=Counter(1))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert digests[0] == digests[1] and seen == {1}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("architecture", KINDS)
def test_layers_at_a_time_gives_the_same_bytes(architecture: str, tied: bool, tmp_path: Path) -> None:
    model = write_model(tmp_path / "base", architecture, 1, tied)
    others = {"slow": write_model(tmp_path / "slow", architecture, 2, not tied)}
    texts = write_texts(tmp_path / "texts.jsonl", 4)
    for kind, of in (("activations", {}), ("sensitivities", others)):
        found = set[str]()
        for layers in (False, True):
            asked = params(kind, layers_at_a_time=layers, distance_to=list(of))
            found.add(calibrate(model, texts, tmp_path / "out.safetensors", asked, others=of).digest)
        assert len(found) == 1, kind


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", ["activations", "sensitivities"])
def test_layers_at_a_time_holds_one_piece(
    kind: str, tied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: dict[int, int] = {}
    most = 0
    real = Network.weight

    def watched(self: Network, reader: Any, name: str) -> Tensor:
        nonlocal most
        found = real(self, reader, name)
        alive[id(found)] = found.nbytes
        weakref.finalize(found, alive.pop, id(found))
        most = max(most, sum(alive.values()))
        return found

    model = write_model(tmp_path / "base", tied=tied, num_hidden_layers=4)
    monkeypatch.setattr(Network, "weight", watched)
    write_texts(tmp_path / "texts.jsonl", 3)
    run(tmp_path, tmp_path / "out.safetensors", kind, True)
    entries = Checkpoint(model).index.entries
    size = {name: 4 * torch.Size(entry.shape).numel() for name, entry in entries.items()}
    layer = sum(count for name, count in size.items() if name.startswith("model.layers.0."))
    head = size["model.norm.weight"] + size["model.embed_tokens.weight"]
    assert most == max(layer, head) < sum(size.values()) / 3


@pytest.mark.parametrize(("kind", "layers"), MODES)
@pytest.mark.parametrize(
    ("name", "bad"), [("model.layers.1.mlp.up_proj.weight", float("nan")), ("model.embed_tokens.weight", float("inf"))]
)
def test_what_is_no_number_is_named(kind: str, layers: bool, name: str, bad: float, made: Path, tmp_path: Path) -> None:
    """Of the embedding the last row, which no text meets."""
    altered(made, tmp_path / "made", lambda weights: weights[name][-1, :2].fill_(bad))
    with pytest.raises(CheckpointError, match=rf"base: {name} holds 2 NaN or infinite entries, so "):
        run(tmp_path / "made", tmp_path / "out.safetensors", kind, layers)
    assert not list(tmp_path.glob("*.safetensors")) and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("layers", [False, True])
def test_another_model_that_is_no_number_is_named(layers: bool, made: Path, tmp_path: Path) -> None:
    folder = altered(made, tmp_path / "made", lambda weights: weights["lm_head.weight"][0, :1].fill_(torch.nan), "slow")
    of = params("sensitivities", distance_to=["slow"], layers_at_a_time=layers)
    with pytest.raises(CheckpointError, match=r"slow: lm_head\.weight holds 1 NaN or infinite entries"):
        calibrate(made / "base", made / "texts.jsonl", tmp_path / "o", of, others={"slow": folder / "slow"})
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("kind", ["activations", "sensitivities"])
def test_overflow_is_named(kind: str, made: Path, tmp_path: Path) -> None:
    altered(made, tmp_path / "made", lambda weights: weights["model.layers.0.mlp.down_proj.weight"].fill_(3e38))
    with pytest.raises(CheckpointError, match=r"are no numbers, though all its weights are: float32 overflows"):
        run(tmp_path / "made", tmp_path / "out.safetensors", kind)


def test_a_sharded_model_measures_the_same(made: Path, tmp_path: Path) -> None:
    weights = load_file(made / "base" / "model.safetensors")
    folder = tmp_path / "made" / "base"
    shutil.copytree(made, tmp_path / "made")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    where = {name: f"model-0000{1 + place % 2}-of-00002.safetensors" for place, name in enumerate(names)}
    for shard in set(where.values()):
        save_file({n: weights[n] for n in names if where[n] == shard}, folder / shard, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    for layers in (False, True):
        one = run(made, tmp_path / "one.safetensors", "sensitivities", layers)
        assert one.digest == run(tmp_path / "made", tmp_path / "two.safetensors", "sensitivities", layers).digest


def test_a_stored_head_that_is_tied_is_not_read(made: Path, tmp_path: Path) -> None:
    """As merging sees it: it is the embedding, byte for byte; and so it is where none is stored, unless the config
    says otherwise: then it is missing."""
    for name in ("stored", "clean", "silent", "missing"):

        def change(weights: dict[str, Tensor], stored: bool = name == "stored") -> None:
            del weights["lm_head.weight"]
            weights |= {"lm_head.weight": weights["model.embed_tokens.weight"].clone()} if stored else {}

        file = altered(made, tmp_path / name, change) / "base" / "config.json"
        config = json.loads(file.read_text()) | {"tie_word_embeddings": name != "missing"}
        config = {key: value for key, value in config.items() if name != "silent" or key != "tie_word_embeddings"}
        file.write_text(json.dumps(config))
    for kind, layers in MODES[1:3]:
        stored = run(tmp_path / "stored", tmp_path / "a.safetensors", kind, layers)
        clean = run(tmp_path / "clean", tmp_path / "b.safetensors", kind, layers)
        silent = run(tmp_path / "silent", tmp_path / "c.safetensors", kind, layers)
        assert stored.digest == clean.digest == silent.digest and not any(
            name.startswith("lm_head") for name in clean.tensors
        )
        with pytest.raises(CheckpointError, match=r"lacks lm_head\.weight"):
            run(tmp_path / "missing", tmp_path / "d.safetensors", kind, layers)


def test_a_stored_head_that_differs_is_read_though_the_config_ties_it(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "claimed")
    config = json.loads((made / "base" / "config.json").read_text())
    (tmp_path / "claimed" / "base" / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": True}))
    for kind, layers in MODES[1:3]:
        honest = run(made, tmp_path / "a.safetensors", kind, layers)
        claimed = run(tmp_path / "claimed", tmp_path / "b.safetensors", kind, layers)
        assert honest.digest == claimed.digest and any(name.startswith("lm_head") for name in claimed.tensors)


def gpt2(folder: Path) -> Path:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=128, n_positions=256, n_embd=32, n_layer=2, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


def test_other_architectures(made: Path, tmp_path: Path) -> None:
    model, texts = gpt2(tmp_path / "gpt2"), made / "texts.jsonl"
    found = calibrate(model, texts, tmp_path / "out.safetensors", params("sensitivities"))
    groups = {"transformer.wte", "transformer.wpe", "transformer.h.0", "transformer.h.1", "transformer.ln_f"}
    assert found.tensors.keys() == groups and all(value > 0 for value in found.tensors.values())
    for kind in ("activations", "sensitivities"):
        with pytest.raises(
            CheckpointError, match=r"gpt2: has transformer\..*supports models .*model\.layers.*drop the"
        ):
            calibrate(model, texts, tmp_path / "none.safetensors", params(kind, layers_at_a_time=True))
    assert not (tmp_path / "none.safetensors").exists()


def broken(made: Path, tmp_path: Path, what: str) -> None:
    """Break one input in a copy."""
    folder = tmp_path / "made" / "base"
    config = json.loads((folder / "config.json").read_text())
    changes: dict[str, dict[str, Any]] = {
        "unknown": {"model_type": "nothing"},
        "code": {"model_type": "nothing", "auto_map": {"AutoConfig": "evil.Evil"}},
        "shape": {"intermediate_size": 50},
        "layers": {"num_hidden_layers": 3},
        "quantized": {"quantization_config": {"quant_method": "fp8"}},
        "context": {"max_position_embeddings": 20},
    }
    (folder / "config.json").write_text(json.dumps({**config, **changes.get(what, {})}))
    if what == "code":
        (folder / "evil.py").write_text("raise SystemExit('ran')")
    if what == "integers":
        weights = load_file(folder / "model.safetensors")
        weights["model.norm.weight"] = weights["model.norm.weight"].to(torch.int32)
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
    if what == "folder":
        shutil.rmtree(folder)
    if what == "tokenizer":
        (folder / "tokenizer.json").write_text("{}")


BROKEN = [
    ("folder", CheckpointError, "base: no such model folder"),
    ("unknown", CheckpointError, "base: transformers cannot build this model"),
    ("code", CheckpointError, "base: brings code of its own"),
    (
        "shape",
        CheckpointError,
        r"mlp\.gate_proj\.weight.* and 3 more: found shape \[48, 32\], config.json makes it \[50, 32\]",
    ),
    ("layers", CheckpointError, r"base: lacks model\.layers\.2\.\S+, .* and 6 more, which transformers' LlamaForC"),
    ("integers", CheckpointError, r"base: holds model\.norm\.weight \(I32\); expected floating-point weights"),
    ("quantized", CheckpointError, "base: is quantized; calibrate the model that it was made from"),
    ("context", ConfigError, "base: 24 tokens exceed the model's context of 20; set block to 20 or less"),
    ("tokenizer", CheckpointError, "base: transformers cannot load its tokenizer"),
]


@pytest.mark.parametrize(("what", "error", "sentence"), BROKEN)
def test_bad_models(what: str, error: type[L2SError], sentence: str, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "made")
    broken(made, tmp_path, what)
    with pytest.raises(error, match=sentence):
        run(tmp_path / "made", tmp_path / "out.safetensors", "activations")
    assert {file.name for file in tmp_path.iterdir()} == {"made"}


def test_bad_places_devices_and_models_all_at_once(made: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"prompt": 3}\n')
    with pytest.raises(L2SError) as found:
        calibrate(
            tmp_path / "none", texts, tmp_path, params("sensitivities"), device="gpu", others={"o": tmp_path / "p"}
        )
    for sentence in (
        "is a folder; expected a file to write", "device: 'gpu' is no device; expected cpu, cuda",
        "line 1: 'prompt' is 3, expected a string", "none: no such model folder", "p: no such model folder",
    ):  # fmt: skip
        assert sentence in str(found.value)
    assert "\n" not in str(found.value)


def test_the_texts_are_not_overwritten(made: Path, tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts.jsonl")
    before = texts.read_bytes()
    with pytest.raises(ConfigError, match=r"texts\.jsonl: holds the texts, and would be overwritten"):
        calibrate(made / "base", texts, texts, params("activations"))
    assert texts.read_bytes() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_no_cuda(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"device: torch .* sees no cuda here; take cpu"):
        calibrate(made / "base", made / "texts.jsonl", tmp_path / "o", params("activations"), device="cuda")


def test_distances_that_cannot_be(made: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other", vocab_size=SIZES["vocab_size"] + 8)
    texts, out = made / "texts.jsonl", tmp_path / "o"
    with pytest.raises(CheckpointError, match=r"base: has logits for 128 tokens, but \S*other 136; distances compare"):
        calibrate(made / "base", texts, out, params("sensitivities", distance_to=["x"]), others={"x": other})
    with pytest.raises(ConfigError, match="distances to other models go with kind sensitivities"):
        calibrate(made / "base", texts, out, params("activations"), others={"x": made / "slow"})
    assert not out.exists()


def test_texts_that_do_not_fit(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "base", tmp_path / "base")
    tokenizer = build_tokenizer()
    tokenizer.add_tokens([f"extra{number}" for number in range(90)])
    tokenizer.save_pretrained(tmp_path / "base")
    texts, out = tmp_path / "t.jsonl", tmp_path / "o"
    first = tokenizer.convert_ids_to_tokens(128)
    texts.write_text(f'{{"prompt": "a"}}\n{{"prompt": "extra89"}}\n{{"prompt": "{first}"}}\n')
    with pytest.raises(
        CheckpointError, match=r"tokens past the model's 128, of \S+t\.jsonl, lines 2, 3; the tokenizer"
    ):
        calibrate(tmp_path / "base", texts, out, params("activations", answer="none"))
    (tmp_path / "base" / "chat_template.jinja").unlink()
    texts.write_text('{"prompt": "one"}\n{"prompt": ""}\n')
    with pytest.raises(RecordError, match=r"t\.jsonl: lines? .*2.*: fewer than 2 tokens; remove such texts"):
        calibrate(tmp_path / "base", texts, out, params("sensitivities", answer="none"))


def test_importing_the_settings_is_light() -> None:
    code = "import sys, l2s.calibration.settings; print('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_parameters_that_are_not_of_this_kind_do_not_matter(made: Path, tmp_path: Path) -> None:
    found = [run(made, tmp_path / "o", "sensitivities", block=block).digest for block in (7, 24)]
    assert found[0] == found[1]
    assert CalibrationParams(model="m", texts="t", kind="sensitivities").samples == 100


def test_weights_are_copied_out_of_the_file(tmp_path: Path) -> None:
    """So that how a file aligns its entries does not matter, and nothing is ever written to the mapping."""
    network = Network.open(Checkpoint(write_model(tmp_path / "base", dtype=torch.float32)))
    with CheckpointReader(network.checkpoint) as reader:
        mapped, found = reader.read("model.norm.weight"), network.weight(reader, "model.norm.weight")
        assert torch.equal(found, mapped) and found.data_ptr() != mapped.data_ptr() and found.data_ptr() % 64 == 0


def test_tensors_that_the_model_has_no_place_for_are_a_note(made: Path, tmp_path: Path) -> None:
    said = list[str]()
    altered(made, tmp_path / "more", lambda weights: weights.update({"model.extra.weight": torch.ones(2, 2)}))
    for folder in (made, tmp_path / "more"):
        calibrate(
            folder / "base", made / "texts.jsonl", tmp_path / "out.safetensors", params("activations"), say=said.append
        )
    (note,) = said
    assert str(tmp_path / "more") in note and "model.extra.weight" in note and "left out" in note
