"""A triage node for suspected intracranial hemorrhage on head CT. It notifies, it never diagnoses."""

__version__ = "0.2.0"

# Before TensorFlow, which brings a SQLite of its own that lacks the text index.
import sqlite3  # noqa: F401
