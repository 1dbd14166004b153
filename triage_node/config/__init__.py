"""The settings of the node: one table, read once, frozen."""

from triage_node.config.reading import SETTINGS_FILE, read_settings
from triage_node.config.settings import SECRETS, SUBJECTS, Origin, Settings

__all__ = ["SECRETS", "SETTINGS_FILE", "SUBJECTS", "Origin", "Settings", "read_settings"]
