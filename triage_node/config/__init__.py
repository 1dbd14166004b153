"""The settings of the node: one table, read once, frozen."""

from triage_node.config.reading import SETTINGS_FILE, read_settings
from triage_node.config.roles import ROLES, Role
from triage_node.config.settings import SECRETS, SUBJECTS, Origin, Settings

__all__ = ["ROLES", "SECRETS", "SETTINGS_FILE", "SUBJECTS", "Origin", "Role", "Settings", "read_settings"]
