from l2s.api import analyse as analyse
from l2s.api import calibrate as calibrate
from l2s.api import check as check
from l2s.api import generate as generate
from l2s.api import grade as grade
from l2s.api import merge as merge
from l2s.api import sample as sample
from l2s.api import search_recipe as search_recipe
from l2s.api import train as train
from l2s.api import verify as verify
from l2s.core.errors import L2SError as L2SError
from l2s.generation.controls.control import ControlParams as ControlParams
from l2s.merging.recipe import MergeRecipe

Recipe = MergeRecipe
__version__: str
__all__: list[str]
