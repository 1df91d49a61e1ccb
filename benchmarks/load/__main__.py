"""Throughput and latency of the real service under load, with everything on.

    python -m benchmarks.load [--seconds 10] [--soak-minutes 0] [--write]

gunicorn as in the container, callers verified (ES384, each token once), audit and the Decision
extension on, cards looked for in every answer. The generator (Debian's wrk) runs on the same cores;
its own share of the processor is told. Only 127.0.0.1 is called.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from benchmarks import machine, records
from ra_cds_hooks.decision import Content, load_content
from ra_cds_hooks.hooks.prefetch import prefetch_from_bundle
from ra_cds_hooks.settings import load_settings

HERE = Path(__file__).parent
PAGE = HERE.parent / "load.md"
PORT = 18110
BASE = f"http://127.0.0.1:{PORT}"
ISS = "https://load.example.org"
REVIEW, SIGN = "ra-refractory-review", "ra-escalation-safety-sign"
WARM_SECONDS = 3
WARM_CLIENTS = 16
CLIENTS = (1, 8, 64)
# More tokens than the machine can use in one run: signing them costs about 0.3 ms each.
TOKENS_PER_SECOND = 400
AUDIT = "audit.jsonl"
ORDER_CASE = "order-jaki--do-first"


def main() -> int:
    """Run the load; 0 when every answer was a 200 with cards."""
    parser = argparse.ArgumentParser(prog="load", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--soak-minutes", type=float, default=0.0)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    content = load_content(load_settings().content_dir)
    key = ec.generate_private_key(ec.SECP384R1())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies = _bodies(content, folder)
        with _service(folder, key, options.workers) as server:
            for label, path, body in bodies:  # each worker fills its caches once
                _run(folder, key, label, path, body, WARM_CLIENTS, WARM_SECONDS)
            rows = [
                _run(folder, key, label, path, body, clients, options.seconds)
                for label, path, body in bodies
                for clients in CLIENTS
            ]
            _require_verified_and_audited(folder, bodies[0][1], rows)
            soak = _soak(folder, key, bodies[0], server, options.soak_minutes)
    text = _page(rows, soak, options.workers, options.seconds)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    wrong = [row for row in rows if row["errors"] or row["withoutCards"] or row["ranOut"]]
    return 1 if wrong else 0


def _bodies(content: Content, folder: Path) -> list[tuple[str, str, Path]]:
    """(label, path, file with the body) of each kind of request."""
    small = orjson.loads(records.fixture(records.TYPICAL).read_bytes())
    large = orjson.loads(records.grown(600, related=True))
    made = []
    for label, bundle in (("60 resources", small), ("600 resources", large)):
        made.append((f"patient-view, {label}", REVIEW, _request(content, REVIEW, bundle)))
    order = orjson.loads(records.fixture(ORDER_CASE).read_bytes())
    signed = _request(content, SIGN, order)
    patient = signed["context"]["patientId"]
    draft = {
        "resourceType": "MedicationRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.whocc.no/atc", "code": "L04AF01"}]
        },
    }
    signed["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    made.append(("order-sign", SIGN, signed))
    found = []
    for number, (label, service, body) in enumerate(made):
        path = folder / f"body-{number}.json"
        path.write_bytes(orjson.dumps(body))
        found.append((label, f"/cds-services/{service}", path))
    return found


def _request(content: Content, service_id: str, bundle: dict[str, Any]) -> dict[str, Any]:
    service = content.services[service_id]
    patient = next(
        e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    return {
        "hook": service.hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": patient},
        "prefetch": prefetch_from_bundle(service, bundle, patient),
    }


@contextmanager
def _service(folder: Path, key: Any, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """gunicorn as the container runs it, with an issuer; stopped at the end."""
    jwk = {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": "load", "use": "sig"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [jwk]}))
    (folder / "issuers.toml").write_text(f'[[issuer]]\niss = "{ISS}"\njwks_file = "jwks.json"\n')
    environment = {
        **os.environ,
        "RA_CDS_ISSUERS": str(folder / "issuers.toml"),
        "RA_CDS_PUBLIC_BASE_URL": BASE,
        "RA_CDS_DATABASE_URL": f"sqlite:///{folder / 'store.sqlite'}",
        "RA_CDS_AS_OF": "2026-11-23",
        "RA_CDS_LOG_LEVEL": "INFO",
        "RA_CDS_PORT": str(PORT),
        "RA_CDS_WORKERS": str(workers),
        "RA_CDS_JWT_REPLAY": "database",
        "RA_CDS_AUDIT": "file",
        "RA_CDS_AUDIT_FILE": str(folder / AUDIT),
        "RA_CDS_AUDIT_REQUIRED": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "--config=python:ra_cds_hooks.operation.server"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(server)
            yield server
        finally:
            server.terminate()
            server.wait(timeout=40)


def _wait(server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("the service did not start")
        try:
            with urllib.request.urlopen(f"{BASE}/healthz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the service did not answer within a minute")


def _require_verified_and_audited(folder: Path, path: str, rows: list[dict[str, Any]]) -> None:
    """Raises RuntimeError when anyone is answered, or when an answer is not in the audit."""
    call = urllib.request.Request(f"{BASE}{path}", b"{}", {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(call, timeout=10).close()
        raise RuntimeError("a call without a token was answered")
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code != 401:
                raise RuntimeError(f"a call without a token was a {refused.code}") from None
    with (folder / AUDIT).open("rb") as file:
        audited = sum(1 for _ in file)
    answered = sum(row["requests"] for row in rows)
    if audited < answered:
        raise RuntimeError(f"{answered} answers, {audited} of them in the audit")


def _settled() -> None:
    """Wait until the service has done with what the generator left behind when its time was over.

    The generator hangs up on its open connections; their requests are in the service's queue, and
    the next row would begin with a wait that is none of its own.
    """
    before, now = [], ["unknown"]
    while before != now:
        before = now
        time.sleep(1)
        with urllib.request.urlopen(f"{BASE}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        now = [line for line in lines if line.startswith("ra_cds_requests_total")]


def _tokens(folder: Path, key: Any, path: str, count: int) -> Path:
    """A file of tokens for one URL, each good once and for twenty minutes."""
    now = int(time.time())
    file = folder / "tokens.txt"
    with file.open("w") as out:
        for _ in range(count):
            claims = {
                "iss": ISS,
                "aud": f"{BASE}{path}",
                "iat": now,
                "exp": now + 1200,
                "jti": str(uuid.uuid4()),
            }
            out.write(jwt.encode(claims, key, "ES384", {"kid": "load"}) + "\n")
    return file


def _run(
    folder: Path, key: Any, label: str, path: str, body: Path, clients: int, seconds: int
) -> dict[str, Any]:
    """One load of ``clients`` connections for ``seconds``; wrk's numbers, errors, and its cost."""
    tokens = _tokens(folder, key, path, TOKENS_PER_SECOND * (seconds + 2))
    threads = 1 if clients == 1 else 2
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [
            *("wrk", f"-t{threads}", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s"),
            *("-s", str(HERE / "client.lua"), BASE, "--", str(tokens), str(body), path),
            *("cards", "1"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _settled()
    line = next(x for x in run.stdout.splitlines() if x.startswith("RESULT "))
    row: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row |= {
        "label": label,
        "clients": clients,
        "perSecond": row["requests"] / row["seconds"],
        "errors": sum(row[k] for k in ("connect", "read", "write", "timeout", "not200")),
        "generator": 100 * spent / row["seconds"] / (os.cpu_count() or 1),
    }
    return row


def _usage(server: subprocess.Popen[bytes]) -> dict[str, int]:
    """Resident memory (MiB), file handles and threads of the master and its workers together."""
    total = {"memory": 0, "handles": 0, "threads": 0}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent = int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])
            if server.pid not in (pid, parent):
                continue
            status = (stat.parent / "status").read_text()
            handles = len(list((stat.parent / "fd").iterdir()))
        except OSError:
            continue
        values = dict(x.split(":", 1) for x in status.splitlines() if ":" in x)
        total["memory"] += int(values["VmRSS"].split()[0]) // 1024
        total["threads"] += int(values["Threads"])
        total["handles"] += handles
    return total


def _soak(
    folder: Path,
    key: Any,
    body: tuple[str, str, Path],
    server: subprocess.Popen[bytes],
    minutes: float,
) -> list[dict[str, Any]]:
    """Usage at the start and after each minute of load at 8 clients."""
    if minutes <= 0:
        return []
    label, path, file = body
    _run(folder, key, label, path, file, 8, 10)  # warm: caches are filled once
    found = [{"minute": 0.0, **_usage(server)}]
    for number in range(1, int(minutes) + 1):
        row = _run(folder, key, label, path, file, 8, 55)
        found.append({"minute": float(number), **_usage(server), "errors": row["errors"]})
    return found


def _page(
    rows: list[dict[str, Any]], soak: list[dict[str, Any]], workers: int, seconds: int
) -> str:
    seen = machine.description()
    lines = [
        "# Load",
        "",
        f"Written by `make load`. {seen['cpu']}, {seen['cores']} cores shared by service and "
        f"generator, {seen['memory']}, {seen['python']}; gunicorn with {workers} workers of 4 "
        f"threads; {seconds} s each, after {WARM_SECONDS} s of each kind that are not counted (a "
        "worker's first answer takes 0.2 s longer: templates). Callers verified (ES384, every "
        "token once, remembered in the database), each evaluation audited to a file before its "
        "answer leaves, Decision extension on, cards looked for in every answer.",
        "",
        "| Request | Clients | Requests/s | p50 ms | p95 ms | p99 ms | Errors | Without cards "
        "| Generator's share of CPU |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['label']} | {r['clients']} | {r['perSecond']:.1f} | {r['p50']:.0f} | "
        f"{r['p95']:.0f} | {r['p99']:.0f} | {r['errors']} | {r['withoutCards']} | "
        f"{r['generator']:.1f} % |"
        for r in rows
    ]
    if soak:
        lines += ["", "## Soak", "", "8 clients, patient-view with 60 resources.", ""]
        lines += ["| Minute | Memory MiB | File handles | Threads |", "|---|---|---|---|"]
        lines += [
            f"| {s['minute']:.0f} | {s['memory']} | {s['handles']} | {s['threads']} |" for s in soak
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
