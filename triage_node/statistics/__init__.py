"""How many, how fast, how well: roll-ups, drift, agreement, waiting times, queues."""
