"""Tasks on a Dask cluster: one of the user's, or one of processes of this machine."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Generic

from omrclip.errors import ClusterUnavailable, ConfigurationError
from omrclip.jobs.batches.executors import Item, Lost, Outcome, Result, outcome_of, run_safely

TASKS_A_THREAD = 2
"""Tasks that are submitted for each thread of the cluster: one runs, and one waits in its place."""
CONNECTION_LOST = "The connection to the Dask scheduler was lost. Run the same command again to continue."
CONNECT_SECONDS = 30
"""How long the executor waits for the scheduler."""

LOCAL_CLUSTER: Final = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
}
"""Dask's settings for a cluster on this machine. By default Dask samples each worker a hundred times a second, and
checks its event loops fifty times a second. With two workers this takes 6 % of a processor, for a dashboard that is not
shown. It measures the memory of each worker ten times a second, and the load of each process twice: together 4 % in the
command alone."""


class DaskCluster(Generic[Item, Result]):
    """The workers of a Dask cluster. They need omrclip, and have to reach the sources and the results.

    A scheduler blames all tasks that were assigned to a worker for its end.
    """

    def __init__(self, work: Callable[[Item], Result], scheduler: str | None, processes: int | None = None) -> None:
        """Connect to a cluster.

        Args:
            work: a function of a module, because workers import it.
            scheduler: the address of the scheduler, such as `tcp://host:8786`. None to start a cluster here.
            processes: number of processes of a cluster that is started here.

        Raises:
            ConfigurationError: Dask is not installed.
            ClusterUnavailable: the scheduler cannot be reached.
        """
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError:
            raise ConfigurationError("Dask is not installed: pip install 'omrclip[dask]'") from None
        self._work = work
        self._futures: dict[Any, Item] = {}
        self._cluster: Any = None
        if scheduler is None:
            with dask.config.set(LOCAL_CLUSTER):
                self._cluster = LocalCluster(
                    n_workers=processes or os.cpu_count() or 1, threads_per_worker=1, dashboard_address=None
                )
        try:
            self._client: Any = Client(self._cluster or scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterUnavailable(f"The Dask scheduler {scheduler} cannot be reached: {error}") from None
        self.capacity = self._capacity()

    def submit(self, item: Item) -> None:
        """Give an item to the scheduler. Raises ClusterUnavailable."""
        self._check()
        self._futures[self._client.submit(run_safely, self._work, item, pure=False)] = item

    def outcomes(self, timeout: float) -> Sequence[Outcome[Item, Result]]:
        """Wait until items are finished. Raises ClusterUnavailable."""
        from distributed import CancelledError, wait

        with self._client.as_current(), suppress(TimeoutError, CancelledError):
            wait(list(self._futures), timeout=timeout, return_when="FIRST_COMPLETED")
        self._check()
        self.capacity = self._capacity()
        return [self._outcome(future) for future in list(self._futures) if future.done()]

    def close(self) -> None:
        """Cancel what is not done, and disconnect."""
        with suppress(Exception):  # the scheduler may be gone
            self._client.cancel(list(self._futures))
        self._futures.clear()
        self._client.close(timeout=CONNECT_SECONDS)
        if self._cluster is not None:
            self._cluster.close(timeout=CONNECT_SECONDS)

    def _outcome(self, future: Any) -> Outcome[Item, Result]:
        from distributed import KilledWorker

        item = self._futures.pop(future)
        if future.status == "finished":
            return outcome_of(item, future.result())
        if future.status != "error":  # it is cancelled if the client loses its connection
            raise ClusterUnavailable(CONNECTION_LOST)
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Lost(item, "the Dask worker was lost, which happens when memory runs out")
        reason = f"{type(error).__name__}: {error}"
        raise ClusterUnavailable(f"A Dask worker cannot run omrclip. Install the same version of it there. {reason}")

    def _capacity(self) -> int:
        """Tasks for all threads of the cluster. Workers may come and go."""
        threads: int = sum(self._client.nthreads().values())
        return TASKS_A_THREAD * max(1, threads)

    def _check(self) -> None:
        if self._client.status != "running":
            raise ClusterUnavailable(CONNECTION_LOST)
