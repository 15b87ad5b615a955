"""Few: problems, or a budget, that cannot certify the margin, whatever is answered."""

from l2s.core.errors import ConfigError
from l2s.search.race.evidence import best_margin, best_margin_once, least_problems, least_problems_once
from l2s.search.settings import SearchParams


def refuse_few(problems: int, settings: SearchParams) -> None:
    """See to it that the problems, and the budget, can certify a trial at the margin.

    Raises:
        ConfigError: they cannot, even if no problem is lost.
    """
    alpha, margin = 1 - settings.confidence, settings.margin
    least = least_problems(margin, alpha)
    most = min(problems, settings.budget.problems or problems)
    if most < least:
        what = "budget.problems: " if most < problems else f"benchmark {', '.join(settings.benchmarks)}: "
        once = least_problems_once(margin, settings.confidence), best_margin_once(most, settings.confidence)
        raise ConfigError(
            f"{what}{most} problems can certify a margin of {100 * best_margin(most, alpha):.1f} points at best "
            f"({100 * once[1]:.1f} at a single look), even if none is lost; a margin of {100 * margin:g} points takes "
            f"at least {least} ({once[0]} at a single look): take more problems or a wider margin"
        )
