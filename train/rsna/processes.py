"""Jobs in several processes, a few of them in memory at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
# Jobs under way for each process: the next one waits, more would only fill memory.
AHEAD = 2


def in_processes(work: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    """Yield the results as they come; the first error ends the work, jobs that are under way are finished."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[Result]] = set()
        try:
            for job in jobs:
                running.add(pool.submit(work, job))
                if len(running) >= workers * AHEAD:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in running)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
