"""Backups of a node: made while it runs, verified by reading them, kept in a number, restored into an empty folder."""

from triage_node.backup.backup_folder import BackupFolder, Kept
from triage_node.backup.inventory import Contents, Inventory
from triage_node.backup.making import Making, make_backup
from triage_node.backup.progress import Progress, nothing_said
from triage_node.backup.restoring import Restored, restore_backup
from triage_node.backup.verifying import verify_backup

__all__ = [
    "BackupFolder",
    "Contents",
    "Inventory",
    "Kept",
    "Making",
    "Progress",
    "Restored",
    "make_backup",
    "nothing_said",
    "restore_backup",
    "verify_backup",
]
