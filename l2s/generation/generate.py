"""Problems in, responses out: only what the store lacks is generated."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from l2s.checkpoints import Checkpoint
from l2s.digests import SHA256
from l2s.errors import RecordError
from l2s.generation.calls import Calls, Counts, Digests
from l2s.generation.controls.delimiters import delimiters_of
from l2s.generation.controls.kinds.fractured import fractured, refuse_what_repeats
from l2s.generation.controls.kinds.styles import asks_first, first_question, problem_after, prompt_under
from l2s.generation.engines.engine import Engine, Prompt
from l2s.generation.engines.load import load_engine
from l2s.generation.prompts.paper import examples_for
from l2s.generation.prompts.tokenizer import ModelTokenizer, tokenizer_digest
from l2s.generation.rows import RowWriter
from l2s.generation.settings import ControlParams, DecodingParams, PromptParams
from l2s.generation.store.store import ResponseStore
from l2s.progress import Track, silent
from l2s.records import Problems, Responses, Row, read_rows, table_of, write_rows
from l2s.records.acted import Spent, share_acted_on

__all__ = ["Counts", "generate_responses"]


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
    *,
    run: str,
    decoding: DecodingParams,
    control: ControlParams,
    store: Path,
    track: Track = silent,
    models: Path = Path(),
    say: Callable[[str], None] = lambda sentence: None,
) -> Counts:
    """Answer every problem of the files ``problems`` with ``model``; write ``out`` whole, in the problems' order.

    Each response is in the store as soon as it is finished, so a run killed at any moment continues.

    Args:
        weights_digest: content digest of ``model``; with prompt, sampling, control and engine it keys the store.
        run: name of the run, a column of every row; the model's name is its folder's.
        models: folder that a model's name in the control (cothink's outliner) is relative to.
        say: told what the user should know of model, template and control.

    Raises:
        RecordError, CheckpointError, EngineError, ConfigError: bad problems, model or settings.
    """
    rows = [row for path in problems for row in read_problems(path)]
    if not rows:
        raise RecordError(f"{', '.join(map(str, problems))}: no problems; expected JSONL rows id, problem, gold")
    if control.kind == "fractured":
        refuse_what_repeats(control, decoding)
    words = ModelTokenizer(model)
    words.prompt(rows[0]["problem"], _style_for(decoding.prompt, rows[0]))  # what fails does so before weights are read
    with ResponseStore(store) as responses:
        outlined, answered = Counts(0, 0), list[Answered]()
        if control.outliner is not None:
            outliner = models / control.outliner
            outlined, answered = _outlines(outliner, rows, decoding, control, responses, track)
        engine = _engine(model, decoding)
        calls = Calls(engine, weights_digest, responses, model.name, track, outlined, _earlier(model))
        for note in (*engine.notes, *words.template.unknown(decoding.prompt.template_kwargs)):
            say(f"{model}: {note}" if str(model) not in note else note)
        writer = RowWriter(run, model, engine.name, decoding, words)
        if asks_first(control) and control.outliner is None:
            answered = _first_answers(calls, rows, decoding, control, control.estimate_tokens, f"estimates for {run}")
        asked = Asked(rows, *_prompts(calls, rows, decoding, control, answered), answered)
        found = _fractured if control.kind == "fractured" else _answered_once
        answers = list(found(calls, writer, asked, control))
        write_rows(out, answers, Responses)
    if sentence := _idle(control, run, answers):
        say(sentence)
    return calls.counts


def read_problems(path: Path) -> list[Row]:
    """Problems of a file; a row that names no benchmark is of the one that the file is named after.

    Raises:
        RecordError: rows that are no problems.
    """
    name = path.name
    for ending in (".gz", ".zst", ".jsonl", ".json"):
        name = name.removesuffix(ending)
    rows = [_problem(row, name) for row in read_rows(path)]
    table_of(rows, Problems, str(path))
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


def _idle(control: ControlParams, run: str, rows: Sequence[Row]) -> str | None:
    """What to say of a control that did nothing at all."""
    spent = (Spent(r["finish"], r["think_tokens"], r["tokens"], r["response_tokens"]) for r in rows)
    if share_acted_on(control.kind, control.identity(), spent) != 0:
        return None
    thought = sum(row["think_tokens"] > 0 for row in rows)
    why = (
        "the model opened thinking in none of them (whole_text: true in a control takes all of a response for it)"
        if thought == 0
        else f"thinking was opened in {thought:,} of them and gave it no cause to"
    )
    return f"{run}: control {control.kind} acted on none of {len(rows):,} responses: {why}"


def _earlier(model: Path) -> Callable[[], Digests]:
    """How to make the digests under which an earlier version stored the model's responses."""
    return lambda: Digests(Checkpoint(model).digest_by(SHA256), tokenizer_digest(model, SHA256))


def _engine(model: Path, decoding: DecodingParams) -> Engine:
    return load_engine(
        decoding.engine, model, decoding.device, decoding.rows_at_once, threads=decoding.threads,
        tensor_parallel_size=decoding.tensor_parallel_size, data_parallel_size=decoding.data_parallel_size,
    )  # fmt: skip


def _outlines(
    outliner: Path,
    rows: Sequence[Row],
    decoding: DecodingParams,
    control: ControlParams,
    store: ResponseStore,
    track: Track,
) -> tuple[Counts, list[Answered]]:
    """cothink: the other model's outlines; it is in memory only meanwhile."""
    engine = _engine(outliner, decoding)
    calls = Calls(engine, Checkpoint(outliner).digest, store, outliner.name, track, earlier=_earlier(outliner))
    label = f"outlines of {outliner.name}"
    answered = _first_answers(calls, rows, decoding, control, control.outline_tokens, label)
    return calls.counts, answered


def _first_answers(
    calls: Calls, rows: Sequence[Row], decoding: DecodingParams, control: ControlParams, most: int, label: str
) -> list[Answered]:
    """What is said to the control's first question, for every sample of every problem; thinking is not prefilled."""
    style = decoding.prompt.model_copy(update={"prefill": ""})
    sampling = decoding.sampling.model_copy(update={"max_tokens": most})
    short = decoding.model_copy(update={"prompt": style, "sampling": sampling})
    prompts = [
        Prompt(f"{row['benchmark']} first", row["id"], sample, *asked[1:])
        for row in rows
        for asked in [calls.engine.prompt(first_question(control, row["problem"]), _style_for(style, row))]
        for sample in range(sampling.samples)
    ]
    found = dict(calls.answers(prompts, short, ControlParams(), label))
    responses = [found[place] for place in range(len(prompts))]
    return [Answered(calls.engine.text(one.ids), one.closed, one.tokens) for one in responses]


def _prompts(
    calls: Calls, rows: Sequence[Row], decoding: DecodingParams, control: ControlParams, answered: Sequence[Answered]
) -> tuple[list[str], list[Prompt]]:
    """Text and token ids of every sample's prompt."""
    style, samples = prompt_under(control, decoding.prompt), decoding.sampling.samples
    texts, prompts = list[str](), list[Prompt]()
    for number, row in enumerate(rows):
        own = _style_for(style, row)
        for sample in range(samples):
            problem = row["problem"]
            if answered:
                first = answered[number * samples + sample]
                said = first.text if first.closed else ""
                problem = problem_after(control, problem, said, style.closing)
            if answered or sample == 0:
                asked = calls.engine.prompt(problem, own)
            texts.append(asked.text)
            prompts.append(Prompt(row["benchmark"], row["id"], sample, *asked[1:]))
    return texts, prompts


def _style_for(style: PromptParams, row: Row) -> PromptParams:
    """The prompt's settings with the set of examples that the row's benchmark takes."""
    if style.style != "cot" or style.examples != "auto":
        return style
    return style.model_copy(update={"examples": examples_for(row["benchmark"])})


def _answered_once(calls: Calls, writer: RowWriter, asked: Asked, control: ControlParams) -> list[Row]:
    """A row for each prompt, in order; token ids are let go as soon as the row is made."""
    rows: list[Row] = [{}] * len(asked.prompts)
    samples = writer.decoding.sampling.samples
    for place, response in calls.answers(asked.prompts, writer.decoding, control, f"generating {writer.run}"):
        more = {}
        if asked.answered:
            first = asked.answered[place]
            more = {"tokens": response.tokens + first.tokens, "first_tokens": first.tokens, "first_answer": first.text}
        problem, text, sample = asked.problems[place // samples], asked.texts[place], asked.prompts[place].sample
        rows[place] = writer.row(problem, text, sample, response, **more)
    return rows


def _fractured(calls: Calls, writer: RowWriter, asked: Asked, control: ControlParams) -> Iterator[Row]:
    """A row for each solution of the plan."""
    delimiters = delimiters_of(writer.words.tokenizer, writer.decoding.prompt, control)
    samples = writer.decoding.sampling.samples
    label = f"generating {writer.run}"
    for found in fractured(calls, asked.prompts, writer.decoding, control, delimiters, label):
        axes = {"trace": found.trace, "depth": found.depth, "solution": found.solution}
        problem, text = asked.problems[found.place // samples], asked.texts[found.place]
        yield writer.row(problem, text, found.sample, found.response, **axes, plan_tokens=found.plan_tokens)
