"""FHIRHelpers has every conversion of the FHIR model info, and converts honestly."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tools.elm.elm import CQL_DIRECTORY
from tools.elm.translator import NODE_MODULES, install_packages

MODEL_INFO = NODE_MODULES / "cql-exec-fhir" / "lib" / "modelInfos" / "fhir-modelinfo-4.0.1.xml"
CONVERSION = re.compile(
    r'functionName="FHIRHelpers\.(?P<function>\w+)" fromType="FHIR\.(?P<type>[\w.]+)"'
)


def functions_by_operand() -> set[tuple[str, str]]:
    """(function, FHIR type) of every function of the translated FHIRHelpers."""
    document = json.loads((CQL_DIRECTORY / "elm" / "FHIRHelpers.json").read_text(encoding="utf-8"))
    return {
        (definition["name"], operand["operandTypeSpecifier"]["name"].rpartition("}")[2])
        for definition in document["library"]["statements"]["def"]
        for operand in definition["operand"]
    }


@pytest.mark.node
def test_every_conversion_of_the_model_info_exists() -> None:
    install_packages()
    text = MODEL_INFO.read_text(encoding="utf-8")
    wanted = {(match["function"], match["type"]) for match in CONVERSION.finditer(text)}
    assert len(wanted) > 200
    assert wanted - functions_by_operand() == set()
