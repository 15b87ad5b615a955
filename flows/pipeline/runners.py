"""Where stages run: threads, processes, a Dask or a Ray cluster, all by Prefect's own task runners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from l2s.core.errors import ConfigError
from l2s.core.params import nearest

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

RUNNERS = ("threads", "processes", "dask", "ray")


def check_runner(name: str, address: str | None) -> None:
    """Refuse what :func:`task_runner` cannot make.

    Raises:
        ConfigError: an unknown name, or an address where none is taken.
    """
    if name not in RUNNERS:
        raise ConfigError(f"runner '{name}' is not known{nearest(name, RUNNERS)}")
    if address is not None and name in ("threads", "processes"):
        raise ConfigError(f"--address: runner '{name}' takes none; it is for dask and ray")


def task_runner(name: str, jobs: int, address: str | None) -> TaskRunner[Any]:
    """The task runner of that name.

    Args:
        name: one of RUNNERS.
        jobs: stages at a time, on a cluster that is started for the run.
        address: a Dask scheduler or Ray head that runs already; its workers must see this folder under this path.
    """
    from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

    if name == "threads":
        return ThreadPoolTaskRunner(max_workers=jobs)
    if name == "processes":
        return ProcessPoolTaskRunner(max_workers=jobs)
    if name == "dask":
        return _dask(jobs, address)
    return _ray(jobs, address)


def _dask(jobs: int, address: str | None) -> TaskRunner[Any]:
    from prefect_dask import DaskTaskRunner

    if address:
        return DaskTaskRunner(address=address)
    import dask

    dask.config.set({"distributed.worker.daemon": False})  # a stage is a process that its worker starts
    local = {"n_workers": jobs, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=local)


def _ray(jobs: int, address: str | None) -> TaskRunner[Any]:
    from prefect_ray import RayTaskRunner

    if address:
        return RayTaskRunner(address=address)
    return RayTaskRunner(init_kwargs={"num_cpus": jobs, "include_dashboard": False, "log_to_driver": False})
