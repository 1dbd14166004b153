"""The real pool on a real cluster of Ray, with analyzers that one study ends at once: prints who was answered.

A study that ends a process for good is not to be had on purpose; a process that ends in the middle of one is.
"""

import json
import os
import time

from triage_node.archive.analyzer import Task
from triage_node.archive.engine import Cluster
from triage_node.archive.ray_engine import RayEngine
from triage_node.archive.ray_pool import RayPool
from triage_node.archive.result_rows import StudyRows
from triage_node.archive.study_list import ListedStudy

STUDIES, DEADLY = 12, 3


class Mortal:
    """Answers without a model, and takes its time to start as one with it does."""

    def __init__(self) -> None:
        time.sleep(2)

    def ready(self) -> bool:
        return True

    def analyze(self, task: Task) -> StudyRows:
        if task.study.number == DEADLY:
            os._exit(1)
        time.sleep(0.05)
        return StudyRows(task.study.number, [])


def main() -> None:
    with RayEngine(Cluster(workers=2)):
        import ray

        actor = ray.remote(Mortal).options(num_cpus=1, max_restarts=-1, max_task_retries=0, max_concurrency=2)
        pool = RayPool(ray, [actor.remote() for _ in range(2)], 60)
        tasks = [Task(ListedStudy(number, f"1.2.{number}", ())) for number in range(STUDIES)]
        found = [one for answered in pool.run(tasks) for one in answered]
    given_up = [one.study.number for one in found if isinstance(one, Task)]
    answered = [one.number for one in found if isinstance(one, StudyRows)]
    print(json.dumps({"given_up": given_up, "answered": answered}))


if __name__ == "__main__":
    main()
