"""The night as a Prefect flow, and its deployment. Imported late: Prefect takes seconds.

``prefect.yaml`` names :func:`nightly` for a work pool; :func:`serve` is the same deployment without one.
"""

import logging
from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger
from prefect.logging.handlers import APILogWorker
from prefect.states import Completed, Failed, State

from flows.nightly.night import news_of, page_of, run_night
from l2s.config import Config
from l2s.core.errors import ConfigError, L2SError
from l2s.core.progress import reported
from l2s.nightly.night import Night
from tasks.nightly.hook import notify
from tasks.stage import DATA, HIDDEN

COLUMNS = (
    "run",
    "benchmark",
    "outcome",
    "n",
    "accuracy",
    "accuracy_before",
    "p_holm",
    "ratio",
    "rewritten",
    "regraded",
)


def _named() -> str:
    return f"night of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


@flow(name="l2s-nightly", flow_run_name=_named, log_prints=False)
def nightly() -> State[str | L2SError]:
    """One night in the current folder's project; failed if it found a significant regression."""
    logger = get_run_logger()
    try:
        config = Config.read()
        night = run_night(config, DATA, HIDDEN, datetime.now(UTC), reported(logger.info), logger.info)
    except L2SError as error:  # what a user can mend is a sentence here too
        return Failed(message=str(error), data=error)
    except KeyboardInterrupt:  # of a terminal, which this process shares with the one that serves: it has said so
        raise SystemExit(130) from None
    _publish(night)
    if night.outcome != "regression":
        return Completed(message=f"{night.night}: {night.sentence}", data=night.night)
    for failure in notify(config.nightly.on_regression, news_of(night, page_of(DATA, night))):
        logger.error("%s", failure)
    return Failed(message=f"{night.night}: {night.sentence}", data=night.night)


def run_observed() -> str:
    """Run the flow now, against the API that is configured; the name of the night.

    Raises:
        L2SError: what a user can mend.
    """
    logging.getLogger("prefect").setLevel(logging.INFO)
    try:
        state: State[str | L2SError] = nightly(return_state=True)
    finally:
        APILogWorker.drain_all(timeout=20)
        EventsWorker.drain_all(timeout=20)
    found: str | BaseException = state.result(raise_on_failure=False)
    if isinstance(found, BaseException):
        raise found
    return found


def serve(cron: str) -> None:
    """Serve the deployment ``l2s-nightly/nightly`` on this schedule until it is stopped.

    Raises:
        ConfigError: the schedule is none.
    """
    nightly.serve(name="nightly", cron=cron, limit=1, print_starting_message=False)


def check_cron(cron: str) -> None:
    """Refuse what is no schedule.

    Raises:
        ConfigError: says what was expected.
    """
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=cron)
    except ValueError:
        raise ConfigError(
            f"--cron '{cron}': not a schedule; expected five fields, minute hour day month weekday, e.g. '0 2 * * *'"
        ) from None


def _publish(night: Night) -> None:
    """The comparison as artifacts of the run."""
    create_markdown_artifact(f"**{night.outcome}**: {night.sentence}", key="l2s-nightly-outcome")
    if night.compared:
        rows = [{column: getattr(row, column) for column in COLUMNS} for row in night.compared]
        create_table_artifact(rows, key="l2s-nightly", description=f"Night {night.night} against {night.baseline}")
