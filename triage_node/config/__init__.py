"""The settings of the node: one table, read once, frozen."""

from triage_node.config.displayed import HIDDEN, Shown, shown, without_secrets
from triage_node.config.reading import SETTINGS_FILE, read_settings
from triage_node.config.reference import markdown as reference_markdown
from triage_node.config.reference import starter_file
from triage_node.config.reloading import RELOADED, in_force
from triage_node.config.settings import SECRETS, SUBJECTS, Origin, Settings

__all__ = [
    "HIDDEN",
    "RELOADED",
    "SECRETS",
    "SETTINGS_FILE",
    "SUBJECTS",
    "Origin",
    "Settings",
    "Shown",
    "in_force",
    "read_settings",
    "reference_markdown",
    "shown",
    "starter_file",
    "without_secrets",
]
