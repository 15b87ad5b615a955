"""Every method: the files of ``methods/``, as one type that a block's ``method`` chooses from."""

from typing import Annotated

from l2s.core.kinds import Kinds
from l2s.training import methods
from l2s.training.settings import TrainingParams

TRAININGS = Kinds(methods, TrainingParams, block="{method: sft, model: models/slow, data: {…}}")

AnyTraining = Annotated[TrainingParams, TRAININGS]
"""A training of whatever method."""

parse_training = TRAININGS.parse
