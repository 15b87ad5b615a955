"""What is trained on, in token ids: prompts as the engine has them, responses with the stop token that ends them."""

from collections.abc import Sequence
from pathlib import Path

from l2s.core.errors import CheckpointError, ConfigError
from l2s.generation.levels import Level
from l2s.generation.prompts.tokenizer import ModelTokenizer, Written
from l2s.generation.settings import PromptParams
from l2s.tokenizing import tokenizing


class Words:
    """Texts of a training to ids; never messages, whose rendering may add tokens that generation does not."""

    def __init__(self, start: Path, prompt: PromptParams, level_template: str) -> None:
        """Read the start model's tokenizer.

        Raises:
            CheckpointError: it has none, or no token ends a response.
        """
        self.model, self._style, self._template = ModelTokenizer(start), prompt, level_template
        self.tokenizer = self.model.tokenizer
        if not self.model.stops:
            raise CheckpointError(f"{start}: no token ends a response; expected eos_token_id in generation_config.json")
        end = self.tokenizer.eos_token_id
        self.stop: int = end if end in self.model.stops else min(self.model.stops)

    def prompt(self, problem: str, level: Level | None = None, turn: str | None = None) -> Written:
        """The prompt, with the level's line where one is asked for; ``turn``: as a reward would have it."""
        line = turn or "{problem}"
        if level is not None:
            line = line.replace("{problem}", self._template.replace("{level}", level))
        style = self._style.model_copy(update={"template": self._style.template.replace("{problem}", line)})
        return self.model.prompt(problem, style)

    def ids(self, text: str) -> list[int]:
        """Token ids of a text within a prompt or a response: special tokens are read, none is added."""
        with tokenizing(self.tokenizer):
            return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def response(self, text: str) -> list[int]:
        """Token ids of a whole response; its stop token is the last."""
        return [*self.ids(text), self.stop]

    def refuse_alike(self, levels: Sequence[Level], problem: str) -> None:
        """Refuse level lines that are one text to the model, or that it has no words for.

        Raises:
            ConfigError: two levels have the same ids, or a line has unknown tokens.
        """
        seen = dict[tuple[int, ...], str]()
        for level in levels:
            ids = tuple(self.prompt(problem, level).ids)
            if (unknown := self.tokenizer.unk_token_id) is not None and ids.count(unknown) > self._unknown(problem):
                raise ConfigError(
                    f"level_template: the tokenizer of {self.model.path} has no token for a word of "
                    f"{self._template.replace('{level}', level)!r}; write it in words that the model knows"
                )
            if ids in seen:
                raise ConfigError(
                    f"level_template: '{level}' and '{seen[ids]}' are the same tokens to {self.model.path}; "
                    "write levels in words that the model tells apart"
                )
            seen[ids] = level

    def _unknown(self, problem: str) -> int:
        return self.prompt(problem).ids.count(self.tokenizer.unk_token_id)
