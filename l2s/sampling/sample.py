"""Sample: several responses a problem from one model, each with a verdict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.generation.generate import Counts, Run, generate_responses
from l2s.verification.io.graded_files import verify_file


def sample_responses(
    model: Path,
    weights_digest: str,
    problems: Sequence[Path],
    out: Path,
    run: Run,
    store: Path,
    *,
    grader: str = "l2s",
    jobs: int = 1,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> tuple[Counts, list[Row]]:
    """Answer and grade; ``out`` is written whole, in the order of problems and samples.

    Responses are kept in the store as they finish, so that a run killed at any moment continues. Arguments and errors
    are those of :func:`~l2s.generation.generate.generate_responses` and
    :func:`~l2s.verification.io.graded_files.verify_file`.

    Returns:
        How many responses came from where, and the verdicts.
    """
    with TemporaryDirectory(prefix="l2s-sample-") as folder:
        responses = Path(folder) / "responses.jsonl"
        counts = generate_responses(model, weights_digest, problems, responses, run, store, track, say)
        return counts, verify_file(responses, out, grader, jobs, track)
