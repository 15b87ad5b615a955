"""Problems in, responses out: only what the store lacks is generated."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from l2s.checkpoints import Checkpoint
from l2s.core.digests import SHA256
from l2s.core.errors import RecordError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.generation.calls import Calls, Counts, Digests
from l2s.generation.controls.asking import FirstQuestion
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.words import delimiters_of
from l2s.generation.engines.engine import Engine
from l2s.generation.engines.load import load_engine
from l2s.generation.prompts.paper import examples_for
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer, tokenizer_digest
from l2s.generation.rows import RowWriter
from l2s.generation.settings import DecodingParams, PromptParams
from l2s.generation.store.store import ResponseStore
from l2s.records import Problems, Responses, read_rows, table_of, write_rows
from l2s.records.acted import Spent, share_acted_on

__all__ = ["Counts", "Run", "generate_responses"]


class Answerer(NamedTuple):
    """A model that answers."""

    folder: Path
    """Where it lies; by its last part rows and store call the model."""
    weights: str
    """Content digest of all that decides what it answers; with prompt, sampling, control and engine it keys the store.
    """
    words: ModelTokenizer
    engine: Callable[[], Engine]
    """Called when its turn comes: where a control has another model answer first, that one is in memory before."""
    earlier: Callable[[], Digests] | None = None
    """Makes the digests under which an earlier version stored its responses."""


class Run(NamedTuple):
    """How a run's model is asked."""

    name: str
    """A column of every row."""
    decoding: DecodingParams
    control: Control = NoControl()
    models: Path = Path()
    """Folder that a model's name in the control (cothink's outliner) is relative to."""


class Asked(NamedTuple):
    """What the model is asked; the second and third for every sample of every problem."""

    problems: Sequence[Row]
    texts: Sequence[str]
    prompts: Sequence[Prompt]
    answered: Sequence["Answered"]
    """To the control's first question; empty where it asks none."""


class Answered(NamedTuple):
    """What was said to the first question of one sample."""

    text: str
    closed: bool
    tokens: int


def generate_responses(
    model: Path,
    weights_digest: str,
    problems: Sequence[Path],
    out: Path,
    run: Run,
    store: Path,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> Counts:
    """Answer every problem of the files ``problems`` with ``model``; write ``out`` whole, in the problems' order.

    Each response is in the store as soon as it is finished, so a run killed at any moment continues.

    Args:
        weights_digest: content digest of ``model``; with prompt, sampling, control and engine it keys the store.
        run: its name, and how the model is asked; the model's name is its folder's.
        store: the file of the response store.
        track: shows the responses as they are generated.
        say: told what the user should know of model, template and control.

    Raises:
        RecordError, CheckpointError, EngineError, ConfigError: bad problems, model or settings.
    """
    rows = [row for path in problems for row in read_problems(path)]
    if not rows:
        raise RecordError(f"{', '.join(map(str, problems))}: no problems; expected JSONL rows id, problem, gold")
    run.control.refuse(run.decoding)
    words = ModelTokenizer(model)
    answerer = Answerer(model, weights_digest, words, lambda: engine_for(model, run.decoding), _earlier(model))
    with ResponseStore(store) as responses:
        answers, counts = answer_problems(answerer, rows, run, responses, track, say)
        write_rows(out, answers, Responses)
    if sentence := _idle(run, answers):
        say(sentence)
    return counts


def answer_problems(
    answerer: Answerer,
    rows: Sequence[Row],
    run: Run,
    store: ResponseStore,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> tuple[list[Row], Counts]:
    """Answer problems, in their order; arguments and errors are those of :func:`generate_responses`."""
    model, words, decoding, control = answerer.folder, answerer.words, run.decoding, run.control
    control.refuse(decoding)
    words.prompt(rows[0]["problem"], _style_for(decoding.prompt, rows[0]))  # what fails does so before weights are read
    first, counts, answered = control.first_question(), Counts(0, 0), list[Answered]()
    if first is not None and first.model is not None:
        counts, answered = _answers_of_another(run.models / first.model, rows, decoding, first, store, track)
    engine = answerer.engine()
    calls = Calls(engine, answerer.weights, store, model.name, track, counts, answerer.earlier)
    for note in (*engine.notes, *words.template.unknown(decoding.prompt.template_kwargs)):
        say(f"{model}: {note}" if str(model) not in note else note)
    if first is not None and first.model is None:
        answered = _first_answers(calls, rows, decoding, first, f"first answers for {run.name}")
    asked = Asked(rows, *_prompts(calls, rows, decoding, control, answered), answered)
    answers = _rows(calls, RowWriter(run.name, model, engine.name, decoding, words), asked, control)
    return answers, calls.counts


def read_problems(path: Path) -> list[Row]:
    """Problems of a file; a row that names no benchmark is of the one that the file is named after.

    Raises:
        RecordError: rows that are no problems.
    """
    name = path.name
    for ending in (".gz", ".zst", ".jsonl", ".json"):
        name = name.removesuffix(ending)
    read = read_rows(path)
    rows = [_problem(row, name) for row in read]
    table_of(rows, Problems, str(path), added=() if any("benchmark" in row for row in read) else ("benchmark",))
    return rows


def _problem(row: Row, benchmark: str) -> Row:
    """A row with its benchmark; an id or answer that is a number is taken as JSON writes it."""
    named = row if "benchmark" in row else {"benchmark": benchmark, **row}
    numbers = {key: json.dumps(named[key]) for key in ("id", "gold") if _is_number(named.get(key))}
    return {**named, **numbers} if numbers else named


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _idle(run: Run, rows: Sequence[Row]) -> str | None:
    """What to say of a control that did nothing at all."""
    control = run.control
    spent = (Spent(r["finish"], r["think_tokens"], r["tokens"], r["response_tokens"]) for r in rows)
    if share_acted_on(control.kind, control.identity(), spent) != 0:
        return None
    thought = sum(row["think_tokens"] > 0 for row in rows)
    why = (
        "the model opened thinking in none of them (thinking_scope: response takes all of a response for it)"
        if thought == 0
        else f"thinking was opened in {thought:,} of them and gave it no cause to"
    )
    return f"{run.name}: control {control.kind} acted on none of {len(rows):,} responses: {why}"


def _earlier(model: Path) -> Callable[[], Digests]:
    """How to make the digests under which an earlier version stored the model's responses."""
    return lambda: Digests(Checkpoint(model).digest_by(SHA256), tokenizer_digest(model, SHA256))


def engine_for(model: Path, decoding: DecodingParams) -> Engine:
    """The engine that the settings name, with a model in it."""
    return load_engine(
        decoding.engine, model, decoding.device, decoding.max_batch_size, threads=decoding.threads,
        tensor_parallel_size=decoding.tensor_parallel_size, data_parallel_size=decoding.data_parallel_size,
    )  # fmt: skip


def _answers_of_another(
    model: Path, rows: Sequence[Row], decoding: DecodingParams, first: FirstQuestion, store: ResponseStore, track: Track
) -> tuple[Counts, list[Answered]]:
    """What another model says to the first question; it is in memory only meanwhile."""
    calls = Calls(
        engine_for(model, decoding), Checkpoint(model).digest, store, model.name, track, earlier=_earlier(model)
    )
    answered = _first_answers(calls, rows, decoding, first, f"first answers of {model.name}")
    return calls.counts, answered


def _first_answers(
    calls: Calls, rows: Sequence[Row], decoding: DecodingParams, first: FirstQuestion, label: str
) -> list[Answered]:
    """What is said to the control's first question, for every sample of every problem; thinking is not prefilled."""
    style = decoding.prompt.model_copy(update={"prefill": ""})
    sampling = decoding.sampling.model_copy(update={"max_tokens": first.max_tokens})
    short = decoding.model_copy(update={"prompt": style, "sampling": sampling})
    prompts = [
        Prompt(f"{row['benchmark']} first", row["id"], sample, *asked[1:])
        for row in rows
        for asked in [calls.engine.prompt(first.ask(row["problem"]), _style_for(style, row))]
        for sample in range(sampling.samples)
    ]
    found = dict(calls.answers(prompts, short, NoControl(), label))
    responses = [found[place] for place in range(len(prompts))]
    return [Answered(calls.engine.text(one.ids), one.closed, one.tokens) for one in responses]


def _prompts(
    calls: Calls, rows: Sequence[Row], decoding: DecodingParams, control: Control, answered: Sequence[Answered]
) -> tuple[list[str], list[Prompt]]:
    """Text and token ids of every sample's prompt."""
    style, samples = control.prompt(decoding.prompt), decoding.sampling.samples
    first = control.first_question()
    texts, prompts = list[str](), list[Prompt]()
    for number, row in enumerate(rows):
        own = _style_for(style, row)
        for sample in range(samples):
            problem = row["problem"]
            if first is not None:
                one = answered[number * samples + sample]
                problem = first.put(problem, one.text if one.closed else "", style.closing)
            if first is not None or sample == 0:
                asked = calls.engine.prompt(problem, own)
            texts.append(asked.text)
            prompts.append(Prompt(row["benchmark"], row["id"], sample, *asked[1:]))
    return texts, prompts


def _style_for(style: PromptParams, row: Row) -> PromptParams:
    """The prompt's settings with the set of examples that the row's benchmark takes."""
    if style.style != "cot" or style.examples != "auto":
        return style
    return style.model_copy(update={"examples": examples_for(row["benchmark"])})


def _rows(calls: Calls, writer: RowWriter, asked: Asked, control: Control) -> list[Row]:
    """The rows of the run, in the order of problems and samples."""
    label, quiet = f"generating {writer.run}", replace(calls, track=silent)
    if not control.traces:
        return _answered_once(calls, writer, asked, control, label)
    delimiters = delimiters_of(writer.words.tokenizer, writer.decoding.prompt, control)
    found = control.rows(quiet.answers, asked.prompts, writer.decoding, delimiters)
    samples, rows = writer.decoding.sampling.samples, list[Row]()
    for one in calls.track(found, label, len(asked.prompts) * control.rows_per_sample):
        problem, text = asked.problems[one.place // samples], asked.texts[one.place]
        rows.append(writer.row(problem, text, one.sample, one.response, **one.more))
    calls.counts = quiet.counts
    return rows


def _answered_once(calls: Calls, writer: RowWriter, asked: Asked, control: Control, label: str) -> list[Row]:
    """A row for each prompt, in order; token ids are let go as soon as the row is made."""
    rows: list[Row] = [{}] * len(asked.prompts)
    samples = writer.decoding.sampling.samples
    for place, response in calls.answers(asked.prompts, writer.decoding, control, label):
        more = {}
        if asked.answered:
            first = asked.answered[place]
            more = {"tokens": response.tokens + first.tokens, "first_tokens": first.tokens, "first_answer": first.text}
        problem, text, sample = asked.problems[place // samples], asked.texts[place], asked.prompts[place].sample
        rows[place] = writer.row(problem, text, sample, response, **more)
    return rows
