"""Show a stage run by plain ``dvc repro`` in Prefect, where an API is configured; call it plainly elsewhere."""

import os
from collections.abc import Callable

from l2s.core.progress import Track


def observed(
    stage: str, work: Callable[[Track, Callable[[str], None]], None], track: Track, say: Callable[[str], None]
) -> None:
    """Run ``work(track, say)``; as a Prefect task named like the stage if ``PREFECT_API_URL`` is set."""
    if not os.environ.get("PREFECT_API_URL"):
        work(track, say)
        return
    from prefect import task
    from prefect.logging import get_run_logger

    from l2s.core.progress import reported

    @task(name=stage.partition("@")[0], task_run_name=stage)
    def run() -> None:
        logger = get_run_logger()

        def both(sentence: str) -> None:
            logger.info(sentence)
            say(sentence)

        work(reported(logger.info), both)

    run()
