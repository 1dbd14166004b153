"""PACS that nobody here wrote: Orthanc, and DCMTK's storescp."""

import io
import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from programs import Program, free_port, need
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage
from pynetdicom.sop_class import Verification

FORWARD_EVERYTHING = """
function OnStoredInstance(instance, tags, metadata)
  SendToModality(instance, 'triage')
end
"""


PLUGINS = Path("/usr/share/orthanc/plugins")


def plugin(name: str) -> Path:
    """Return the path of one of Orthanc's plugins; without it the test is skipped by name, in CI it fails."""
    path = PLUGINS / f"lib{name}.so"
    if path.exists():
        return path
    if os.environ.get("TRIAGE_REQUIRE_PEERS"):
        pytest.fail(f"{path.name} is not installed: run make peers")
    pytest.skip(f"{path.name} is not installed: run make peers")


class Orthanc:
    """Orthanc as the PACS; with `forward` it pushes every instance it gets to the node, ours too.

    With `dicomweb_servers`, an empty dictionary, too, it has its DICOMweb plugin and these servers to talk to; `config`
    goes before its usual configuration.
    """

    ae_title = "ORTHANC"

    def __init__(
        self,
        folder: Path,
        forward: bool = False,
        dicomweb_servers: dict[str, dict[str, Any]] | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.dicom_port, self.http_port = free_port(), free_port()
        script = folder / "forward.lua"
        script.write_text(FORWARD_EVERYTHING if forward else "")
        configuration = {
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "DicomAet": self.ae_title,
            "DicomPort": self.dicom_port,
            "HttpPort": self.http_port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True,
            "RemoteAccessAllowed": False,
            "StableAge": 1,
            "SyncStorageArea": True,
            "TcpNoDelay": True,
            "KeepAlive": True,
            "LuaScripts": [str(script)],
            "Plugins": [],
        }
        if dicomweb_servers is not None:
            configuration["Plugins"] = [str(plugin("OrthancDicomWeb"))]
            configuration["DicomWeb"] = {"Enable": True, "Servers": dicomweb_servers}
        path = folder / "orthanc.json"
        path.write_text(json.dumps(configuration | (config or {})))
        # --verbose is off: its log would name patients.
        self.program = Program([need("Orthanc"), path], folder / "orthanc.log")
        self.program.wait_for("Orthanc has started")

    @property
    def address(self) -> str:
        """As a destination."""
        return f"{self.ae_title}@127.0.0.1:{self.dicom_port}"

    def get(self, path: str) -> Any:
        """Ask its REST interface."""
        return json.loads(self.send("GET", path))

    def introduce(self, port: int) -> None:
        """Tell it where the node is."""
        self.send("PUT", "/modalities/triage", json.dumps(["TRIAGE", "127.0.0.1", port]).encode())

    def upload(self, file: Path) -> None:
        """Put an instance into it over HTTP, as if a modality had sent it."""
        self.send("POST", "/instances", file.read_bytes())

    def push(self, study_instance_uid: str) -> dict[str, Any]:
        """Push a study to the node over one association, and return its account of it."""
        [study] = self.find("StudyInstanceUID", study_instance_uid, "/studies")
        body = json.dumps({"Resources": [study["ID"]], "Synchronous": True}).encode()
        return json.loads(self.send("POST", "/modalities/triage/store", body))

    def find(self, key: str, value: str, level: str) -> list[dict[str, Any]]:
        """Return the resources of a level with that tag."""
        found = [self.get(f"{level}/{identifier}") for identifier in self.get(level)]
        return [one for one in found if one["MainDicomTags"].get(key) == value]

    def reports(self, study_instance_uid: str) -> list[Dataset]:
        """Return the Structured Reports of ours that it has for a study."""
        reports = []
        for study in self.find("StudyInstanceUID", study_instance_uid, "/studies"):
            for series in study["Series"]:
                tags = self.get(f"/series/{series}")
                if tags["MainDicomTags"].get("Manufacturer") == "triage-node":
                    reports += [self.file(identifier) for identifier in tags["Instances"]]
        return reports

    def file(self, identifier: str) -> Dataset:
        """Return an instance it has."""
        return dcmread(io.BytesIO(self.send("GET", f"/instances/{identifier}/file")))

    def post(self, path: str, content: Any) -> Any:
        """Post JSON to its REST interface and return its JSON."""
        return json.loads(self.send("POST", path, json.dumps(content).encode()))

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request to its REST interface."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        """End it."""
        self.program.stop()


class Storescp:
    """DCMTK's storescp as a destination that writes files."""

    ae_title = "STORESCP"
    name = "storescp"

    def __init__(
        self, folder: Path, options: tuple[object, ...] = (), port: int | None = None, host: str = "127.0.0.1"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port, self.host = folder, port or free_port(), host
        log = folder.with_suffix(".log")
        self.program = Program([need(self.name), "-v", "-od", folder, *options, self.port], log)

    @property
    def address(self) -> str:
        """As a destination; it listens on all addresses of the machine."""
        return f"{self.ae_title}@{self.host}:{self.port}"

    def received(self) -> list[Path]:
        """Return the files it has written to their end: one that it still holds open is on its way."""
        files = {path for path in self.folder.iterdir() if path.is_file()}
        return sorted(files - self.program.open_files())

    def stop(self) -> None:
        """End it."""
        self.program.stop()


class Dcmrecv(Storescp):
    """DCMTK's dcmrecv likewise; it takes Comprehensive 3D SR."""

    ae_title = "DCMRECV"
    name = "dcmrecv"

    def __init__(self, folder: Path, options: tuple[object, ...] = (), port: int | None = None) -> None:
        profile = folder.with_suffix(".cfg")
        profile.write_text(
            "[[TransferSyntaxes]]\n[All]\nTransferSyntax1 = LittleEndianExplicit\n"
            f"[[PresentationContexts]]\n[SR]\nPresentationContext1 = {Comprehensive3DSRStorage}\\All\n"
            f"PresentationContext2 = {Verification}\\All\n"
            "[[Profiles]]\n[Default]\nPresentationContexts = SR\n"
        )
        super().__init__(folder, ("-xf", profile, "Default", *options), port)
