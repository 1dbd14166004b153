#!/bin/sh
# The node's commands with the user, the settings and the folder of its service: /usr/local/bin/triage-node.
exec sudo -u triage-node -- /opt/triage-node/bin/triage-node --config /etc/triage-node/triage-node.toml "$@"
