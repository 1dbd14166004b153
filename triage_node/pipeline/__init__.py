"""Read, predict, report: the one sentence, and the worker process that runs it."""
