"""What ``l2s search --dry`` tells: the first trials, and what the budget comes to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from l2s.planning.estimates import Estimate, Estimator, require_shape
from l2s.planning.lengths import longest, questions_of
from l2s.planning.machine import Past, read_costs
from l2s.planning.shapes import folder_shape
from l2s.planning.work import Lengths
from l2s.search.candidates.ranges import Choice
from l2s.search.file import SearchFile
from l2s.search.space import Space, recipes_of


def first_trials(asked: SearchFile, space: Space, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Values of the first batch: starting points, then what the sampler proposes."""
    from l2s.search.candidates.proposals import Proposals
    from l2s.search.candidates.starts import starts_of

    models = {name: Path(path) for name, path in asked.models.items()}
    starts = starts_of(asked.start, space, asked.recipes, models, say)
    front = asked.goal == "front"
    proposals = Proposals(space, asked.sampler, asked.seed, asked.budget.trials, starts=starts, front=front)
    return [
        {
            one.name: one.options[int(found.values[one.name])]
            if isinstance(one, Choice)
            else one.value(found.values[one.name])
            for one in space.dimensions
        }
        for found in proposals.ask(min(asked.batch, asked.budget.trials))
    ]


def estimate_of(asked: SearchFile, space: Space) -> tuple[Estimate, Mapping[str, None]]:
    """The whole budget, as ``l2s plan`` has it; responses are taken to be as long as they can be."""
    estimator = Estimator(Past(read_costs()), None, 1)
    shape = require_shape(asked.slow, folder_shape(Path(asked.models[asked.slow])))
    most, limit = longest(asked.decoding.sampling.max_tokens, shape.context)
    estimator.assume(limit)
    problems = sum(questions_of(one.named, one, None) for one in asked.asked())
    recipe = next(recipes_of(space))
    found = estimator.search("search", asked, recipe, shape, problems, Lengths.all_of([most]), asked.decoding)
    return found, estimator.assumptions
