"""The settings of the node: one table, read once, frozen."""

from triage_node.config.in_force import RELOADED, in_force
from triage_node.config.reading import SETTINGS_FILE, read_settings
from triage_node.config.settings import SECRETS, SUBJECTS, Origin, Settings

__all__ = ["RELOADED", "SECRETS", "SETTINGS_FILE", "SUBJECTS", "Origin", "Settings", "in_force", "read_settings"]
