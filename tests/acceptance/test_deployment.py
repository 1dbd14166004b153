"""What is in `deploy/`: read by the programs that it is for, and run where that needs no engine of containers."""

import json
import re
import shutil
from pathlib import Path

import httpx2
import kubernetes_validate
import pytest
import yaml
from browsers import chromium
from certificates import Authority
from machines import blocks
from nodes import RunningNode
from ohif import Viewer, need_ohif
from pacs import Orthanc, plugin
from programs import Program, free_port, need, run

from triage_node.config import Settings, read_settings
from triage_node.identity import AuditFilters

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILES = [DEPLOY / "Dockerfile", DEPLOY / "try-out" / "Dockerfile"]
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNIT = DEPLOY / "triage-node.service"
MOST_EXPOSURE = 20
"""Tenths, of what systemd counts from 0 (safe) to 10."""


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_hadolint_has_nothing_to_say_of_a_dockerfile(dockerfile):
    answer = run("hadolint", "--failure-threshold", "warning", "--no-color", dockerfile)
    assert answer.returncode == 0, answer.stdout


def test_each_file_that_an_image_takes_from_here_is_there_and_not_ignored():
    for dockerfile in DOCKERFILES:
        allowed = re.findall(r"^!(.+)$", Path(f"{dockerfile}.dockerignore").read_text(), re.MULTILINE)
        copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
        sources = " ".join(copies).split()
        assert sources
        for source in sources:
            assert (DEPLOY.parent / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in allowed), source


def test_compose_takes_the_try_out_whose_containers_may_do_nothing_they_need_not():
    answer = run("docker-compose", "--file", DEPLOY / "try-out" / "compose.yaml", "config", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    services = json.loads(answer.stdout)["services"]
    assert {"node", "web", "orthanc"} <= set(services)
    for service in services.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert {port["host_ip"] for port in service.get("ports", ())} <= {"127.0.0.1"}
    environment = services["node"]["environment"]
    settings = {name.removeprefix("TRIAGE_").lower(): value for name, value in environment.items()}
    settings["destinations"] = json.loads(settings["destinations"])
    assert Settings(**settings).destinations[0].name == "orthanc"


def test_kubernetes_knows_every_field_of_the_manifests():
    documents = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]
    [kustomization] = [one for one in documents if one["kind"] == "Kustomization"]
    documents.remove(kustomization)
    assert sorted(kustomization["resources"]) == [one.name for one in MANIFESTS if one.name != "kustomization.yaml"]
    for document in documents:
        kubernetes_validate.validate(document, "1.30", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents[0] | {"colour": "red"}, "1.30", strict=True)


def test_each_role_has_pods_that_may_do_nothing_they_need_not():
    documents = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]
    workloads = [one for one in documents if one["kind"] in ("Deployment", "StatefulSet")]
    roles = set()
    for workload in workloads:
        pod = workload["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert container["args"][:2] == ["serve", "--roles"]
        roles.add(container["args"][2])
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
        # Docker's and Kubernetes' names for the user are one.
        assert f"--uid {pod['securityContext']['runAsUser']} " in DOCKERFILES[0].read_text()
    assert roles == {"listener", "worker", "web", "delivery", "upkeep"}


def test_the_settings_of_the_pods_are_settings(tmp_path, monkeypatch):
    secret = tmp_path / "database-url"
    secret.write_text("postgresql+psycopg://node:password@database/triage\n")
    monkeypatch.setenv("TRIAGE_DATABASE_URL_FILE", str(secret))
    for path in MANIFESTS:
        for workload in yaml.safe_load_all(path.read_text()):
            if workload["kind"] == "Deployment":
                roles = workload["spec"]["template"]["spec"]["containers"][0]["args"][2]
                settings = read_settings(DEPLOY / "kubernetes" / "triage-node.toml", roles=roles)
                assert (settings.roles, settings.metrics_port) == ((roles,), 9464)


def test_systemd_takes_the_unit_and_finds_it_little_exposed(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/triage-node/bin/triage-node", need("triage-node")))
    (tmp_path / f"{UNIT.name}.d").mkdir()
    shutil.copy(DEPLOY / "gpu.conf", tmp_path / f"{UNIT.name}.d")
    verified = run("systemd-analyze", "verify", "--man=no", "--generators=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = run("systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSURE}", "--no-pager", unit)
    assert judged.returncode == 0, judged.stdout


def test_the_settings_on_the_page_are_settings(tmp_path):
    [written] = [block for block in blocks("install.md") if "<<'END'" in block]
    file = tmp_path / "triage-node.toml"
    file.write_text(re.search(r"<<'END'\n(.*)^END$", written, re.DOTALL | re.MULTILINE)[1])
    assert str(read_settings(file).data_dir) == "/var/lib/triage-node"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """A node whose pages are reached by a proxy, and the proxy's certificate."""
    folder = tmp_path_factory.mktemp("proxied")
    host = "triage.hospital.example"
    node = RunningNode(folder, web_behind_proxy=True, web_allowed_hosts=[host], public_url=f"https://{host}")
    yield node, Authority(folder / "ca").issue("proxy", host), host
    node.stop()


def nginx(folder, node, issued, port):
    server = (DEPLOY / "nginx.conf").read_text()
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/triage-node.pem": issued.certificate,
        "/etc/ssl/private/triage-node.key": issued.key,
        "http://127.0.0.1:8080": node.web_address,
    }.items():
        assert old in server
        server = server.replace(old, str(new))
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr info; events {{}} http {{ access_log off; {paths}\n{server} }}"
    )
    tried = run("nginx", "-t", "-c", folder / "nginx.conf", "-e", "stderr")
    assert tried.returncode == 0, tried.stderr
    return [need("nginx"), "-c", folder / "nginx.conf", "-e", "stderr"], "start worker process"


def caddy(folder, node, issued, port):
    server = (DEPLOY / "Caddyfile").read_text()
    for old, new in {
        "triage.hospital.example {": f"https://triage.hospital.example:{port} {{\n\tbind 127.0.0.1",
        "/etc/ssl/triage-node.pem": issued.certificate,
        "/etc/ssl/private/triage-node.key": issued.key,
        "127.0.0.1:8080": node.web_address.removeprefix("http://"),
    }.items():
        assert old in server
        server = server.replace(old, str(new))
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{server}")
    return [need("caddy"), "run", "--config", folder / "Caddyfile"], "serving initial configuration"


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_the_pages_are_reached_by_the_reverse_proxy_of_the_page(proxy, proxied, tmp_path, wait_for):
    node, issued, host = proxied
    port = free_port()
    command, started = proxy(tmp_path, node, issued, port)
    program = Program(command, tmp_path / "log", {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
    try:
        program.wait_for(started)
        name = f"{proxy.__name__}-reader"
        password = node.command("user", "add", name, "--one-time").stdout.split()[-1]
        # Another address of this machine stands for a browser's, which claims to be one more.
        transport = httpx2.HTTPTransport(local_address="127.0.0.7", verify=False)
        forged = {"Host": host, "X-Forwarded-For": "10.9.9.9"}
        sni = {"sni_hostname": host}
        with httpx2.Client(transport=transport, headers=forged, timeout=30) as browser:
            address = f"https://127.0.0.1:{port}"
            page = browser.get(f"{address}/sign-in", extensions=sni)
            token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)[1]
            form = {"name": name, "password": password, "form_token": token}
            origin = {"Origin": f"https://{host}"}
            answer = browser.post(f"{address}/sign-in", data=form, headers=origin, extensions=sni)
            assert answer.status_code == 303, answer.text
            assert "Secure" in answer.headers["set-cookie"]
        filters = AuditFilters(user_name=name)
        accesses = wait_for(lambda: node.worklist.audit_trail.page(filters), "the access to be kept")
        assert {one.address for one in accesses} == {"127.0.0.7"}
    finally:
        program.stop()


def _pages(folder: Path) -> Path:
    """Lay OHIF's pages out as the image of the try-out has them, with its configuration."""
    folder.mkdir()
    for path in need_ohif().iterdir():
        if path.name != "app-config.js":
            (folder / path.name).symlink_to(path.absolute())
    shutil.copy(DEPLOY / "try-out" / "app-config.js", folder)
    return folder


def test_the_try_outs_pacs_forwards_and_its_viewer_is_served_at_one_origin(start, tmp_path, wait_for):
    configuration = json.loads((DEPLOY / "try-out" / "orthanc.json").read_text())
    kept = {name: configuration[name] for name in ("DicomAet", "StableAge", "DicomWeb")}
    script = DEPLOY / "try-out" / "forward.lua"
    orthanc_port, node_port = free_port(), free_port()
    own = {
        "DicomPort": orthanc_port,
        "LuaScripts": [str(script)],
        "Plugins": [str(plugin("OrthancDicomWeb"))],
        "DicomModalities": {"node": ["TRIAGE", "127.0.0.1", node_port]},
    }
    assert configuration["DicomModalities"]["node"][0] == "TRIAGE"
    orthanc = start(Orthanc, "orthanc", config=kept | own)
    node = start(
        RunningNode,
        "node",
        dicom_port=node_port,
        allowed_calling_ae_titles=["ORTHANC"],
        destinations=[
            {"name": "orthanc", "url": f"dicom://ORTHANC@127.0.0.1:{orthanc_port}", "report_style": "measurement"}
        ],
    )
    caddyfile = (DEPLOY / "try-out" / "Caddyfile").read_text()
    pages, own_pages = free_port(), free_port()
    for old, new in {
        ":3000": f":{pages}",
        ":8081": f":{own_pages}",
        "orthanc:8042": f"127.0.0.1:{orthanc.http_port}",
        "127.0.0.1:8080": node.web_address.removeprefix("http://"),
        "/srv/ohif": str(_pages(tmp_path / "ohif")),
    }.items():
        assert old in caddyfile
        caddyfile = caddyfile.replace(old, new)
    (tmp_path / "Caddyfile").write_text(caddyfile)
    web = Program([need("caddy"), "run", "--config", tmp_path / "Caddyfile"], tmp_path / "web.log")
    try:
        sent = run("triage-node", "demo", "--to", f"ORTHANC@127.0.0.1:{orthanc_port}")
        assert sent.returncode == 0, sent.stderr
        web.wait_for("serving initial configuration")
        with httpx2.Client(base_url=f"http://localhost:{pages}", timeout=60) as viewer:
            assert "app-config.js" in viewer.get("/viewer?StudyInstanceUIDs=1.2").text
            wait_for(
                lambda: len(viewer.get("/dicom-web/series", params={"Modality": "SR"}).json()) == 3, "reports", 180
            )
            studies = viewer.get("/dicom-web/studies").json()
            assert len(studies) == 3
            [uid] = [one["0020000D"]["Value"][0] for one in studies if one["00100020"]["Value"] == ["PHANTOM000022"]]
        with chromium() as browser:
            shown = Viewer.of(browser, f"http://localhost:{pages}", uid)
            wait_for(lambda: shown.brightness() > 10, "the picture is drawn at once, and is not black", 60)
            assert shown.faults() == []
            shown.screen.context.close()
        assert httpx2.get(f"http://localhost:{own_pages}/sign-in").status_code == 200
    finally:
        web.stop()
