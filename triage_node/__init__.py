"""A triage node for suspected intracranial hemorrhage on head CT. It notifies, it never diagnoses."""

__version__ = "0.1.0"
