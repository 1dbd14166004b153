"""The CT files that ship with pydicom and pydicom-data are decoded bit for bit as pydicom decodes them."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from triage_node.errors import InvalidInstance
from triage_node.imaging import Instance
from triage_node.imaging.header import text
from triage_node.imaging.pixel_data.pixels import stored_values

FOLDERS = [
    Path(folder) / below
    for package, below in (("pydicom", "data/test_files"), ("data_store", "data"))
    for folder in find_spec(package).submodule_search_locations
]


def ct_instances() -> list[Instance]:
    found = []
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()):
        try:
            instance = Instance.read(path)
        except InvalidInstance:
            continue
        if text(instance.header, "Modality") == "CT" and text(instance.header, "Rows"):
            found.append(instance)
    return found


INSTANCES = ct_instances()


def test_the_packages_bring_their_files():
    syntaxes = {UID(instance.transfer_syntax_uid).name for instance in INSTANCES}
    assert len(INSTANCES) >= 18
    assert {"Explicit VR Little Endian", "JPEG 2000 Image Compression (Lossless Only)"} < syntaxes


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.path.name)
def test_ct_files_of_the_packages_are_decoded_as_pydicom_decodes_them(instance):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom, of what is odd in these files
        ds = pydicom.dcmread(instance.path)
        expected = ds.pixel_array
    numbers = range(1, int(ds.get("NumberOfFrames") or 1) + 1)
    values = np.stack(list(stored_values(instance, numbers)))
    np.testing.assert_array_equal(values, expected.reshape(values.shape))
