"""Instances in the spool and the worklist of a site, as the intake leaves them."""

from collections.abc import Iterable
from pathlib import Path

from sites import Site

from triage_node.ingest.header import read_header
from triage_node.ingest.unindexed_instance import received_instance


def keep(site: Site, paths: Iterable[Path]) -> list[Path]:
    """Keep and register files; return where they lie in the spool."""
    kept_at = []
    for path in paths:
        content = path.read_bytes()
        header = read_header(content)
        incoming = site.spool.keep([content], header.study_instance_uid, header.sop_instance_uid)
        site.spool.file(incoming, header.study_instance_uid, header.sop_instance_uid)
        received_at = site.worklist.audit_trail.clock()
        site.worklist.registration.register([received_instance(header, len(content), received_at)])
        site.spool.forget(incoming)
        kept_at.append(site.spool.layout.instance(header.study_instance_uid, header.sop_instance_uid))
    return kept_at


def parts_of(answer) -> list[tuple[dict[str, str], bytes]]:
    """Return headers and content of each part of a multipart answer."""
    boundary = answer.headers["content-type"].split("boundary=")[1].strip('"').encode()
    first, *parts, last = answer.content.split(b"\r\n--" + boundary)
    assert first == b""
    assert last == b"--\r\n"
    found = []
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().strip().split("\r\n")]
        headers = {name.lower(): value for name, value in lines}
        assert int(headers["content-length"]) == len(content)
        found.append((headers, content))
    return found
