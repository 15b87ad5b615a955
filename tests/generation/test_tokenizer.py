"""Model folders as text: tokenizer.json as it stands, every stop token, and one sentence for a bad folder."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

from l2s.core.errors import CheckpointError, EngineError
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import PromptParams, SamplingParams

TEXT = "12345 + 678 = 13023,  cafe\u0301 \n\n</think> naïve x²"


def write_folder(folder: Path, vocabulary: int = 400, **settings: object) -> Path:
    """A folder that says ``qwen2``, with rules of its own: other digits, no normalisation, a token in front."""
    folder.mkdir()
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|endoftext|>", "<|im_end|>", "<s>"],
    )  # fmt: skip
    inner.train_from_iterator(["12345 678 1234 123 </think>\n\n"] * 20, trainer)
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    inner.save(str(folder / "tokenizer.json"))
    config = {"model_type": "qwen2", "vocab_size": vocabulary, "eos_token_id": 0, "max_position_embeddings": 64}
    (folder / "config.json").write_text(json.dumps(config))
    said = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>", **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def test_text_is_cut_as_tokenizer_json_says(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words = ModelTokenizer(folder)
    for special in (True, False):
        expected = file.encode(TEXT, add_special_tokens=special).ids
        assert words.tokenizer(TEXT, add_special_tokens=special)["input_ids"] == expected
    ids = file.encode(TEXT, add_special_tokens=False).ids
    assert words.text(ids) == file.decode(ids, skip_special_tokens=False) == TEXT
    assert AutoTokenizer.from_pretrained(folder)(TEXT)["input_ids"] != file.encode(TEXT).ids, "why it is not used"


def test_plain_prompts_have_the_tokenizers_own_tokens_and_lengths_too(tmp_path: Path) -> None:
    words = ModelTokenizer(write_folder(tmp_path / "m"))
    text, ids, *_ = words.prompt("12", PromptParams(style="plain"))
    assert text == "12" and ids[0] == 2 and words.length("12") == len(ids)


def test_every_stop_token_counts(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    assert ModelTokenizer(folder).stops == {0, 1}
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, 7, 9]}))
    words = ModelTokenizer(folder)
    assert words.stops == {0, 1, 7, 9}
    assert words.text([20, 7]) == words.text([20]), "the stop token is no part of the text"


def test_the_room_is_what_the_prompt_leaves(tmp_path: Path) -> None:
    words = ModelTokenizer(write_folder(tmp_path / "m"))
    assert words.context_left([1] * 60, SamplingParams()) == 4
    assert words.context_left([1] * 60, SamplingParams(context=70)) == 10, (
        "a limit that is set stands, above the config's too"
    )
    assert words.context_left([1] * 80, SamplingParams(context=70)) == -10


@pytest.mark.parametrize("content", ["{", '{"model": 3}', "", '{"model": {"type": "BPE", "vocab": {}, "merges": [1]}}'])
def test_a_broken_tokenizer_is_one_sentence(tmp_path: Path, content: str) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(
        CheckpointError, match=r"m: transformers cannot load its tokenizer \(.*expected a whole"
    ) as error:
        ModelTokenizer(folder)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(CheckpointError, match="m: holds no tokenizer"):
        ModelTokenizer(folder)


def test_a_tokenizer_of_another_model_is_one_sentence(tmp_path: Path) -> None:
    words = ModelTokenizer(write_folder(tmp_path / "m", vocabulary=40))
    with pytest.raises(
        CheckpointError, match="the model has embeddings for 40; tokenizer and weights are not of the same"
    ):
        words.prompt("zz", PromptParams(style="plain"))


def test_a_model_without_a_template_says_what_to_set(tmp_path: Path) -> None:
    words = ModelTokenizer(write_folder(tmp_path / "m"))
    with pytest.raises(EngineError, match=r"no chat template; set prompt.style to 'plain' \(and prompt.template"):
        words.prompt("1", PromptParams())


@pytest.mark.parametrize(
    "template", ["{% if %}", "{{ raise_exception('no system turn') }}", "{{ messages[3].content }}"]
)
def test_a_template_that_fails_is_one_sentence(tmp_path: Path, template: str) -> None:
    words = ModelTokenizer(write_folder(tmp_path / "m", chat_template=template))
    with pytest.raises(EngineError, match="its chat template cannot render a turn of system and user: ") as error:
        words.prompt("1", PromptParams(system="s"))
    assert "\n" not in str(error.value)


def test_an_empty_prompt_begins_with_the_token_between_texts(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    content = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps({**content, "post_processor": None}))
    assert ModelTokenizer(folder).prompt("", PromptParams(style="plain"))[:2] == ("", [1])
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": None}))
    with pytest.raises(EngineError, match="empty prompt, and the tokenizer has no token to begin with"):
        ModelTokenizer(folder).prompt("", PromptParams(style="plain"))


@pytest.mark.parametrize("context", [0, -1])
def test_a_context_without_room_for_a_token_is_refused(tmp_path: Path, context: int) -> None:
    folder = write_folder(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text()) | {"max_position_embeddings": context}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError) as error:
        ModelTokenizer(folder)
    expected = "expected a number of tokens from 1, found"
    assert str(error.value) == f"{folder / 'config.json'}: max_position_embeddings: {expected} {context}"


@pytest.mark.parametrize("layers", [10**30, 2049])
@pytest.mark.parametrize("inner", [False, True])
def test_more_layers_than_any_model_has_are_refused_before_they_are_built(
    tmp_path: Path, layers: int, inner: bool
) -> None:
    folder = write_folder(tmp_path / "m")
    said = {"num_hidden_layers": layers}
    config = json.loads((folder / "config.json").read_text()) | ({"text_config": said} if inner else said)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"config\.json: speaks of \S+ layers; expected at most 2048: fetch"):
        ModelTokenizer(folder)
