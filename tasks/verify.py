"""The stage ``verify@<run>``: a verdict on every response of a run."""

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Grade one run's responses."""
    from l2s.verification.io.graded_files import verify_file

    responses, out = DATA / "responses" / f"{name}.jsonl", DATA / "verdicts" / f"{name}.jsonl"
    rows = verify_file(responses, out, grader=config.grading.grader, jobs=config.grading.jobs, track=track, say=say)
    say(f"{sum(row['correct'] for row in rows)} of {len(rows)} correct")


STAGE = Stage("verify", work, names=lambda config: config.runs)
