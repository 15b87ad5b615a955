"""Problems in, responses out: only what the store lacks is generated."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from l2s.checkpoints import Checkpoint
from l2s.core.digests import SHA256
from l2s.core.errors import RecordError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.generation.answerer import Answerer, Counts, Digests
from l2s.generation.controls.asking import FirstQuestion
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.spelling import StopStrings
from l2s.generation.controls.words import delimiters_of
from l2s.generation.engines.load import load_engine
from l2s.generation.prompts.paper import examples_for
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.text import stop_strings_of
from l2s.generation.prompts.tokenizer import ModelTokenizer, tokenizer_digest
from l2s.generation.settings import DecodingParams, PromptParams
from l2s.generation.store.store import ResponseStore, Stored
from l2s.records import Problems, Responses, read_rows, table_of, write_rows
from l2s.records.acted import Spent, share_acted_on

__all__ = ["Counts", "Run", "generate_responses"]


class Run(NamedTuple):
    """How a run's model is asked."""

    name: str
    """A column of every row."""
    decoding: DecodingParams
    control: Control = NoControl()
    models: Path = Path()
    """Folder that a model's name in the control (cothink's outliner) is relative to."""


class Answered(NamedTuple):
    """What was said to the control's first question, for one sample."""

    text: str
    closed: bool
    tokens: int


class Asked(NamedTuple):
    """What the model is asked for one sample of a problem."""

    problem: Row
    text: str
    prompt: Prompt
    first: Answered | None
    """None: the control asks nothing first."""


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
    with ResponseStore(store) as responses:
        answerer = _answerer(model, words, weights_digest, run.decoding, responses, track)
        answers = answer_problems(answerer, rows, run, say)
        write_rows(out, answers, Responses)
    if sentence := _idle(run, answers):
        say(sentence)
    return answerer.counts


def answer_problems(
    answerer: Answerer, rows: Sequence[Row], run: Run, say: Callable[[str], None] = lambda sentence: None
) -> list[Row]:
    """Answer problems, in their order; arguments and errors are those of :func:`generate_responses`."""
    model, words, decoding, control = answerer.folder, answerer.words, run.decoding, run.control
    control.refuse(decoding)
    words.prompt(rows[0]["problem"], _style_for(decoding.prompt, rows[0]))  # what fails does so before weights are read
    first, answered = control.first_question(), list[Answered]()
    if first is not None and first.model is not None:
        folder = run.models / first.model
        its, digest = ModelTokenizer(folder), Checkpoint(folder).digest
        other = _answerer(folder, its, digest, decoding, answerer.store, answerer.track)
        answered = _first_answers(other, rows, decoding, first, f"first answers of {folder.name}")
        answerer.counts = other.counts
        del other  # it is in memory only meanwhile
    for note in (*answerer.engine.notes, *words.template.unknown(decoding.prompt.template_kwargs)):
        say(f"{model}: {note}" if str(model) not in note else note)
    if first is not None and first.model is None:
        answered = _first_answers(answerer, rows, decoding, first, f"first answers for {run.name}")
    asked = _asked(words, rows, decoding, control, answered)
    return list(_traced(answerer, run, asked)) if control.traces else _answered_once(answerer, run, asked)


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


def _answerer(
    model: Path, words: ModelTokenizer, weights: str, decoding: DecodingParams, store: ResponseStore, track: Track
) -> Answerer:
    """One whose model lies in a folder, and may have answers that an earlier version stored."""
    return Answerer(
        model, weights, words, lambda: load_engine(model, decoding), store, track,
        lambda: Digests(Checkpoint(model).digest_by(SHA256), tokenizer_digest(model, SHA256)),
    )  # fmt: skip


def _first_answers(
    answerer: Answerer, rows: Sequence[Row], decoding: DecodingParams, first: FirstQuestion, label: str
) -> list[Answered]:
    """What is said to the control's first question, for every sample of every problem; thinking is not prefilled."""
    style = decoding.prompt.model_copy(update={"prefill": ""})
    sampling = decoding.sampling.model_copy(update={"max_tokens": first.max_tokens})
    short = decoding.model_copy(update={"prompt": style, "sampling": sampling})
    prompts = [
        Prompt(f"{row['benchmark']} first", row["id"], sample, *written[1:])
        for row in rows
        for written in [answerer.words.prompt(first.ask(row["problem"]), _style_for(style, row))]
        for sample in range(sampling.samples)
    ]
    found = dict(answerer.answers(prompts, short, NoControl(), label))
    responses = [found[place] for place in range(len(prompts))]
    return [Answered(answerer.words.text(one.ids), one.closed, one.tokens) for one in responses]


def _asked(
    words: ModelTokenizer, rows: Sequence[Row], decoding: DecodingParams, control: Control, answered: Sequence[Answered]
) -> list[Asked]:
    """What the model is asked, for every sample of every problem."""
    style, first, said = control.prompt(decoding.prompt), control.first_question(), iter(answered)
    asked = list[Asked]()
    for row in rows:
        own, problem, one = _style_for(style, row), row["problem"], None
        for sample in range(decoding.sampling.samples):
            if first is not None:
                one = next(said)
                problem = first.put(row["problem"], one.text if one.closed else "", style.closing)
            if first is not None or sample == 0:
                written = words.prompt(problem, own)
            prompt = Prompt(row["benchmark"], row["id"], sample, *written[1:])
            asked.append(Asked(row, written.text, prompt, one))
    return asked


def _style_for(style: PromptParams, row: Row) -> PromptParams:
    """The prompt's settings with the set of examples that the row's benchmark takes."""
    if style.style != "cot" or style.examples != "auto":
        return style
    return style.model_copy(update={"examples": examples_for(row["benchmark"])})


def _traced(answerer: Answerer, run: Run, asked: Sequence[Asked]) -> Iterator[Row]:
    """The rows that the control makes of each trace, in the order of problems and samples."""
    delimiters = delimiters_of(answerer.words.tokenizer, run.decoding.prompt, run.control)
    found = run.control.rows(answerer.answers, [one.prompt for one in asked], run.decoding, delimiters)
    for one in answerer.track(found, f"generating {run.name}", len(asked) * run.control.rows_per_sample):
        yield _row(answerer, run, asked[one.place], one.sample, one.response) | one.more


def _answered_once(answerer: Answerer, run: Run, asked: Sequence[Asked]) -> list[Row]:
    """A row for each prompt, in order; token ids are let go as soon as the row is made."""
    rows: list[Row] = [{}] * len(asked)
    prompts = [one.prompt for one in asked]
    for place, response in answerer.answers(prompts, run.decoding, run.control, f"generating {run.name}"):
        first = asked[place].first
        rows[place] = _row(answerer, run, asked[place], asked[place].prompt.sample, response)
        if first is not None:
            tokens = response.tokens + first.tokens
            rows[place] |= {"tokens": tokens, "first_tokens": first.tokens, "first_answer": first.text}
    return rows


def _row(answerer: Answerer, run: Run, asked: Asked, sample: int, response: Stored) -> Row:
    """What is written of a response (see :class:`l2s.records.Responses`): its text as far as the first stop string."""
    words = answerer.words
    text = StopStrings(stop_strings_of(run.decoding.prompt), words.text).before(words.text(response.ids))
    return {
        "run": run.name,
        "model": answerer.folder.name,
        "sample": sample,
        **asked.problem,
        "prompt": asked.text,
        "response": text,
        "tokens": response.tokens,
        "response_tokens": len(response.ids),
        "retokenised": words.length(text.strip()),
        "think_tokens": response.think_tokens,
        "finish": response.finish,
        "limit": response.limit,
        "closed": response.closed,
        "seed": run.decoding.sampling.seed,
        "engine": answerer.engine.name,
    }
