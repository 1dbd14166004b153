"""CPU seconds of `triage-node --help`, the operating system's own account of the process."""

import os
import resource
import statistics

from programs import run

ROUNDS = 7


def test_help_is_light():
    seconds = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("triage-node", "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    median = statistics.median(seconds)
    print(
        f"\ntriage-node --help, median of {ROUNDS}: {median:.2f} s of CPU on {os.cpu_count()} cores (the bar is 0.5 s)"
    )
