"""The engine `process`: one worker, in a process of this machine.

Started by `Supervisor` as a program, with the name of its node.
"""

import os
import signal
import sys

from triage_node.json_log import configure_logging_as
from triage_node.pipeline.node_pipe import NodePipe
from triage_node.pipeline.worker import Worker


def main() -> int:
    """Analyze until the node ends."""
    # Ctrl-C is for the node, which ends its worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    node = NodePipe()
    configure_logging_as(node.settings.log_format, node.settings.log_level)
    node.follow(gone=lambda: os._exit(0))
    return Worker(f"{sys.argv[1]}:{os.getpid()}", lambda: node.settings, node.tell).run()


if __name__ == "__main__":
    sys.exit(main())
