"""Sources: every published benchmark we read, by name."""

from l2s.benchmarks import aime, amc23, college_math, gpqa, gsm8k, math500, minerva_math, olympiadbench
from l2s.benchmarks.source import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        gsm8k.SOURCE,
        math500.SOURCE,
        aime.AIME24,
        aime.AIME25,
        amc23.SOURCE,
        minerva_math.SOURCE,
        olympiadbench.SOURCE,
        college_math.SOURCE,
        gpqa.SOURCE,
    )
}
