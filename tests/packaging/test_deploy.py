"""What is promised of the manifests: hardening, probes, nothing that cannot be parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted(DEPLOY.rglob("*.yaml"))


def manifest(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_yaml(path: Path) -> None:
    assert list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_the_kustomization_names_files_that_are_there() -> None:
    folder = DEPLOY / "kubernetes"
    listed = manifest("kubernetes/kustomization.yaml")
    assert [name for name in listed["resources"] if not (folder / name).exists()] == []
    others = {p.name for p in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert others == set(listed["resources"])
    assert (folder / "issuers.toml").exists()


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
