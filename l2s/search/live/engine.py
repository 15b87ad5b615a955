"""LiveEngine: one engine for many models of one shape, whose weights are swapped in place where that is sound.

Whether it is sound on this build and device is found out by a probe: problems are answered in place and by a fresh
engine. Until enough of them agree, every model has a fresh engine; where one does not agree, each one has from then on.
So every response is one that a fresh engine gives, and it is stored as that.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from l2s.core.errors import EngineError
from l2s.core.scratch import Scratch
from l2s.generation.controls.control import Control
from l2s.generation.engines.engine import Engine, Generated, Weights
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import PromptParams, SamplingParams

PROBED = 8
"""Problems that must be answered alike in place and by a fresh engine."""
CHANGED = 3
"""Of them those whose answer is another than the last model's: what has not been swapped shows there alone."""
PREFIX = "l2s-engine-"


class Held(Protocol):
    """A model that the engine may be given."""

    @property
    def digest(self) -> str:
        """Digest of all that decides what it answers."""
        ...

    @property
    def frame(self) -> str:
        """Digest of all of that but the weights: models with the same take each other's weights."""
        ...

    @property
    def weights(self) -> Weights:
        """Its weights, for a swap."""
        ...

    def folder(self, empty: Path) -> Path:
        """Folder of the model, for a start; where it has none, ``empty`` is filled."""
        ...


class LiveEngine:
    """Answers with the model that it was told to take last; its name is a fresh engine's, as its responses are."""

    def __init__(
        self, load: Callable[[Path], Engine], place: Path | None = None,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:  # fmt: skip
        """Start nothing yet.

        Args:
            load: makes an engine of a folder.
            place: for folders of models that have none (default: the system's for temporary files).
            say: told where weights are not swapped.
        """
        self._load, self._place, self._say = load, place, say
        self._engine: Engine | None = None
        self._folder: Scratch | None = None
        self._wanted: Held | None = None
        self._holds = self._frame = ""
        self._compared = self._changed = 0
        self._fresh_each = False
        self.name = ""
        self.notes: tuple[str, ...] = ()

    @property
    def engine(self) -> Engine:
        """The engine of models of this frame."""
        assert self._engine is not None, "take a model first"
        return self._engine

    @property
    def proven(self) -> bool:
        """Has the probe passed?"""
        return not self._fresh_each and self._compared >= PROBED and self._changed >= CHANGED

    def take(self, model: Held) -> None:
        """Answer with this model from now on; its weights are swapped in when a response has to be generated."""
        self._wanted = model
        if self._engine is not None and self._frame != model.frame:
            self._say(
                "weights cannot be swapped in place between models that differ in config, tokenizer, or names, shapes "
                "and formats of weights; an engine is started at each change from one to the other"
            )
        if self._engine is None or self._frame != model.frame:
            self._start(model)

    @property
    def words(self) -> ModelTokenizer:
        """The model's text to ids and back."""
        return self.engine.words

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""

        def answers() -> dict[int, Generated]:
            found = self.engine.generate(prompts[:PROBED], sampling, control, style)
            return {one.index: one for one in found}

        assert self._wanted is not None, "take a model first"
        if self._holds != self._wanted.digest:
            self._change(self._wanted, answers)
        yield from self.engine.generate(prompts, sampling, control, style)

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        """Not by hand: :meth:`take` decides.

        Raises:
            EngineError: always.
        """
        raise EngineError("a live engine takes models, not weights")

    def close(self) -> None:
        """Let go of engine and folders."""
        if self._engine is not None:
            self._engine.close()
        if self._folder is not None:
            self._folder.close()
        self._engine = self._folder = None
        self._holds = ""

    def _change(self, model: Held, answers: Callable[[], dict[int, Generated]]) -> None:
        """Swap weights, or start anew; as long as the swap is not proven, do both and compare."""
        if self._fresh_each:
            self._start(model)
            return
        before = {} if self.proven else answers()  # its prompts are then in the engine's caches too
        try:
            self.engine.reload(model.weights, model.digest, proven=self.proven)
        except EngineError as error:
            self._give_up(str(error))
            self._start(model)
            return
        self._holds = model.digest
        if not self.proven:
            in_place = answers()
            self._start(model)
            self._compare(before, in_place, answers())

    def _compare(
        self, before: dict[int, Generated], in_place: dict[int, Generated], fresh: dict[int, Generated]
    ) -> None:  # fmt: skip
        wrong = sum(in_place[index] != one for index, one in fresh.items())
        if wrong:
            self._give_up(f"with weights swapped in place {self.name} answers {wrong} of {len(fresh)} problems "
                          "otherwise than when it is started with them")  # fmt: skip
        self._compared += len(fresh)
        self._changed += sum(before[index] != one for index, one in fresh.items())

    def _give_up(self, why: str) -> None:
        self._fresh_each = True
        self._say(f"{why}; so each trial starts an engine of its own")

    def _start(self, model: Held) -> None:
        self.close()
        self._folder = Scratch(PREFIX, self._place)
        self._engine = self._load(model.folder(self._folder.path))
        self._holds, self._frame = model.digest, model.frame
        self.name, self.notes = self._engine.name, self._engine.notes
