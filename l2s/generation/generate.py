"""Problems in, responses out: only what the store lacks is generated."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from l2s.errors import RecordError
from l2s.generation.engine import Engine, Generated, Prompt, load_engine
from l2s.generation.settings import ControlParams, DecodingParams
from l2s.generation.store import ResponseStore, Stored, response_key
from l2s.generation.styles import prompt_under
from l2s.progress import Track, silent
from l2s.records import Problems, Responses, Row, read_rows, write_rows


class Counts(NamedTuple):
    """How many responses came from where."""

    stored: int
    generated: int


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
) -> Counts:
    """Answer every problem of the files ``problems`` with ``model``; write ``out`` whole, in the problems' order.

    Each response is in the store as soon as it is finished, so a run killed at any moment continues.

    Args:
        weights_digest: content digest of ``model``; with prompt, sampling, control and engine it keys the store.
        run: name of the run, a column of every row; the model's name is its folder's.

    Raises:
        RecordError, CheckpointError, EngineError: bad problems, model or settings.
    """
    rows = [row for path in problems for row in read_rows(path, Problems)]
    if not rows:
        raise RecordError(
            f"{', '.join(map(str, problems))}: no problems; expected JSONL rows benchmark, id, problem, gold"
        )
    engine = load_engine(
        decoding.engine, model, decoding.device, decoding.rows_at_once, threads=decoding.threads,
        tensor_parallel_size=decoding.tensor_parallel_size, data_parallel_size=decoding.data_parallel_size,
    )  # fmt: skip
    style = prompt_under(control, decoding.prompt)
    texts, prompts = [], []
    for row in rows:
        text, ids = engine.prompt(row["problem"], style)
        texts.append(text)
        prompts += [Prompt(row["benchmark"], row["id"], sample, ids) for sample in range(decoding.sampling.samples)]
    keys = [_key(engine, weights_digest, prompt, decoding, control) for prompt in prompts]
    with ResponseStore(store) as responses:
        found = responses.find(keys)
        missing = [index for index, key in enumerate(keys) if key not in found]
        wanted = [prompts[index] for index in missing]
        for done in track(_generated(engine, wanted, decoding, control), f"generating {run}", len(wanted)):
            key = keys[missing[done.index]]
            found[key] = Stored(done.ids, done.finish, done.closed, done.think_tokens, done.tokens)
            responses.put(key, found[key])
    samples = decoding.sampling.samples
    write_rows(
        out,
        [
            _response(
                rows[index // samples],
                texts[index // samples],
                prompts[index],
                found[key],
                engine,
                run,
                model,
                decoding,
            )
            for index, key in enumerate(keys)
        ],
        Responses,
    )
    return Counts(len(keys) - len(missing), len(missing))


def _generated(
    engine: Engine, prompts: Sequence[Prompt], decoding: DecodingParams, control: ControlParams
) -> Iterator[Generated]:
    return engine.generate(prompts, decoding.sampling, control, decoding.prompt)


def _key(engine: Engine, weights: str, prompt: Prompt, decoding: DecodingParams, control: ControlParams) -> bytes:
    sampling = decoding.sampling.model_dump(exclude={"samples", "seed"})
    drawn = None if decoding.sampling.greedy else [decoding.sampling.seed, prompt.benchmark, prompt.problem_id]
    return response_key(
        weights=weights,
        tokenizer=engine.tokenizer_digest,
        prompt=prompt.ids,
        delimiters=[decoding.prompt.opening, decoding.prompt.closing],
        sampling=sampling,
        stream=drawn,
        sample=prompt.sample,
        control=control.identity(),
        engine=engine.name,
        device=decoding.device,
    )


def _response(
    problem: Row,
    text: str,
    prompt: Prompt,
    stored: Stored,
    engine: Engine,
    run: str,
    model: Path,
    decoding: DecodingParams,
) -> Row:
    return {
        "run": run,
        "model": model.name,
        "sample": prompt.sample,
        **{key: value for key, value in problem.items() if key != "problem"},
        "prompt": text,
        "response": engine.text(stored.ids),
        "tokens": stored.tokens,
        "response_tokens": len(stored.ids),
        "think_tokens": stored.think_tokens,
        "finish": stored.finish,
        "closed": stored.closed,
        "seed": decoding.sampling.seed,
        "engine": engine.name,
    }
