"""The stage ``analyse``: accuracy, length and paired comparisons of every run, with intervals."""

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, Say, Stage, folders_of_runs


def work(config: Config, name: None, track: Track, say: Say) -> None:
    """Summarise every run's verdicts."""
    from l2s.analysis.analyse import analyse
    from l2s.analysis.inputs.reading import read_verdicts
    from l2s.analysis.output.summary import write_summary
    from tasks.inputs.facts import facts_of

    settings = config.analysis.model_copy(update={"candidates": config.candidates()})
    verdicts = read_verdicts([DATA / "verdicts" / f"{run}.jsonl" for run in config.runs], settings, track)
    report = analyse(verdicts, settings, facts_of(config, DATA))
    write_summary(report, DATA / "summary")
    say(report.chosen.reason)


def reads(config: Config, name: None) -> dict[str, set[str]]:
    """Verdicts, what trainings say that they cost, and what searches found."""
    return {
        **folders_of_runs(config, name),
        "data/trained": set(config.training),
        "data/searches": set(config.searches),
    }


STAGE = Stage(
    "analyse", work, reads=reads, repeats=lambda parameters, name: True, libraries=("scipy.optimize", "scipy.stats")
)
