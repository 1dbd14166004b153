"""What names the node as an implementation: in files (PS3.10 7.1) and in associations (PS3.7 D.3.3.2)."""

from pydicom.uid import UID

from triage_node import __version__

IMPLEMENTATION_CLASS_UID = UID("2.25.234417362301923012394561235018772912741")
"""PS3.5 B.2: derived from a random UUID made for this project; the same in all that it writes and says."""

IMPLEMENTATION_VERSION_NAME = f"TRIAGE_{__version__}"[:16]
