"""What is promised of the manifests: hardening, probes, no field that their readers do not know."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from ra_cds_hooks.cli.config import notes
from ra_cds_hooks.settings import Settings, load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted(DEPLOY.rglob("*.yaml"))


def manifest(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_yaml(path: Path) -> None:
    assert list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def kubernetes_faults(document: Any) -> str:
    """What a strict Kubernetes would refuse in a document; "" for nothing."""
    try:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return ""


# kustomize reads its own file; it is no resource.
RESOURCES = [p for p in (DEPLOY / "kubernetes").glob("*.yaml") if p.name != "kustomization.yaml"]


@pytest.mark.parametrize("path", RESOURCES, ids=lambda path: path.name)
def test_kubernetes_knows_every_field(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert kubernetes_faults(document) == ""


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    deployment = manifest("kubernetes/deployment.yaml")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    container["readinesProbe"] = container.pop("readinessProbe")
    assert "readinesProbe" in kubernetes_faults(deployment)


def compose_check(path: Path) -> int:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(path)], check=False, capture_output=True).returncode


def test_compose_knows_every_field(tmp_path: Path) -> None:
    assert compose_check(DEPLOY / "compose.yaml") == 0
    wrong = manifest("compose.yaml")
    wrong["services"]["ra-cds"]["readonly"] = wrong["services"]["ra-cds"].pop("read_only")
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(wrong))
    assert compose_check(tmp_path / "compose.yaml") == 1


def of_the_image() -> dict[str, str]:
    text = (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"(RA_CDS_\w+)=(\S+)", text.partition(" AS run")[2]))


def composed() -> dict[str, str]:
    """The service's environment, each variable that the operator has to give set to a long word."""
    given = manifest("compose.yaml")["services"]["ra-cds"]["environment"]
    word = {"RA_CDS_PUBLIC_BASE_URL": "https://cds.example.org"}
    return {
        name: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda m: word.get(m[1], "x" * 20), value)
        for name, value in given.items()
    }


def kustomized() -> dict[str, str]:
    maps = manifest("kubernetes/kustomization.yaml")["configMapGenerator"]
    [literals] = [m["literals"] for m in maps if m["name"] == "ra-cds"]
    secret = {"RA_CDS_DATABASE_URL": "postgresql+pg8000://h/d", "RA_CDS_OVERRIDE_SECRET": "x" * 20}
    return dict(line.split("=", 1) for line in literals) | secret


@pytest.mark.parametrize("environment", [composed, kustomized])
def test_what_is_deployed_needs_no_second_look(
    monkeypatch: pytest.MonkeyPatch, environment: Any
) -> None:
    for name, value in (of_the_image() | environment()).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.host, settings.workers) == ("0.0.0.0", 2)
    assert list(notes(settings)) == []


def test_the_kustomization_names_files_that_are_there() -> None:
    folder = DEPLOY / "kubernetes"
    listed = manifest("kubernetes/kustomization.yaml")
    assert [name for name in listed["resources"] if not (folder / name).exists()] == []
    others = {p.name for p in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert others == set(listed["resources"])
    assert (folder / "issuers.toml").exists()


def test_the_pod_has_no_variables_of_services() -> None:
    """Kubernetes tells a pod of each Service of its namespace in variables, by the Service's name.

    That of ``ra-cds`` would be RA_CDS_PORT=tcp://10.96.0.9:80, over the image's 8080: no start.
    """
    name = manifest("kubernetes/service.yaml")["metadata"]["name"]
    assert f"{name}_port".replace("-", "_").upper() == "RA_CDS_PORT"
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    assert pod["enableServiceLinks"] is False


def test_what_the_pod_refers_to_is_generated_or_told_how_to_make() -> None:
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    maps = {m["name"] for m in manifest("kubernetes/kustomization.yaml")["configMapGenerator"]}
    [configured, secret] = container["envFrom"]
    volumes = {v["name"]: v for v in pod["volumes"]}
    assert configured["configMapRef"]["name"] in maps
    assert volumes["issuers"]["configMap"]["name"] in maps
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    told = (DEPLOY.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    command = told[told.index(f"create secret generic {secret['secretRef']['name']}") :]
    for name in ("RA_CDS_DATABASE_URL", "RA_CDS_OVERRIDE_SECRET"):
        assert f"--from-literal={name}=" in command.partition("```")[0]
    [rule] = manifest("kubernetes/network-policy.yaml")["spec"]["ingress"]
    [(label, value)] = rule["from"][0]["namespaceSelector"]["matchLabels"].items()
    assert f"{label}={value}" in told


def test_who_stops_it_waits_longer_than_it_needs_for_requests_in_flight() -> None:
    """Docker kills after ten seconds where nothing else is said."""
    server = DEPLOY.parent / "ra_cds_hooks" / "operation" / "server.py"
    found = re.search(r"^graceful_timeout = (\d+)$", server.read_text(encoding="utf-8"), re.M)
    assert found
    needs = int(found[1])
    composed_service = manifest("compose.yaml")["services"]["ra-cds"]
    assert int(composed_service["stop_grace_period"].removesuffix("s")) > needs
    told = (DEPLOY.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert all(int(s) > needs for s in re.findall(r"--stop-timeout (\d+)", told) or ["0"])
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    [program, seconds] = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert pod["terminationGracePeriodSeconds"] > needs + int(seconds)


def test_the_pod_is_locked_down() -> None:
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_a_pod_that_waits_for_a_fhir_server_is_not_killed_for_it() -> None:
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    patience = pod["containers"][0]["livenessProbe"]["timeoutSeconds"]
    # A probe waits behind one round of requests, or two.
    assert patience > 2 * Settings.model_fields["fhir_budget_seconds"].default


def test_where_workers_share_their_numbers_can_be_written() -> None:
    folder = "PROMETHEUS_MULTIPROC_DIR=/tmp/"
    assert folder in (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")
    pod = manifest("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    [mount] = [m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == "/tmp"]
    assert {"name": mount["name"], "emptyDir": {}} in pod["volumes"]
    assert not mount.get("readOnly")
    assert "/tmp" in manifest("compose.yaml")["services"]["ra-cds"]["tmpfs"]


def test_the_composed_service_is_locked_down_and_on_loopback() -> None:
    service = manifest("compose.yaml")["services"]["ra-cds"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "RA_CDS_ALLOW_ANONYMOUS" not in service["environment"]
