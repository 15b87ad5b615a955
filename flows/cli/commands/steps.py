"""The single steps on the user's own files, in the order in which they are listed."""

from flows.cli.commands.answers import generate, sample
from flows.cli.commands.grades import analyse, grade, verify
from flows.cli.commands.models import calibrate, check, merge, texts, train
from flows.cli.commands.search import search

COMMANDS = (check, merge, texts, calibrate, generate, sample, train, search, verify, grade, analyse)
