"""The five types of intracranial hemorrhage, one a file.

Sizes and densities follow what is measured on real scans: smaller and darker than textbooks say.
"""

from collections.abc import Callable

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.lesions.epidural import epidural
from triage_node.train.phantom.lesions.intraparenchymal import intraparenchymal
from triage_node.train.phantom.lesions.intraventricular import intraventricular
from triage_node.train.phantom.lesions.subarachnoid import subarachnoid
from triage_node.train.phantom.lesions.subdural import subdural

LESIONS: dict[Label, Callable[[Anatomy, np.random.Generator], Lesion | None]] = {
    Label.EPIDURAL: epidural,
    Label.INTRAPARENCHYMAL: intraparenchymal,
    Label.INTRAVENTRICULAR: intraventricular,
    Label.SUBARACHNOID: subarachnoid,
    Label.SUBDURAL: subdural,
}
