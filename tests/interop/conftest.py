"""Both servers once for all tests here: sekmet-fhir as the EHR's FHIR server, and our service.

What third parties warn about is theirs: the generators and the FHIR server run in processes of
their own, so that our warnings stay errors.
"""

from datetime import date

import pytest

from tools.interop.cds_hooks_client import CdsClient
from tools.interop.cds_server import CdsServer
from tools.interop.fhir_server import FhirServer
from tools.interop.run import SMALL, Run, fire_all, generate

AS_OF = date(2026, 11, 23)


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory):
    with FhirServer(tmp_path_factory.mktemp("fhir-server")) as server:
        yield server


@pytest.fixture(scope="session")
def cds_server(tmp_path_factory):
    with CdsServer(tmp_path_factory.mktemp("cds-server"), AS_OF) as server:
        yield server


@pytest.fixture(scope="session")
def client(fhir_server, cds_server):
    made = CdsClient(cds_server.base_url, fhir_server.base_url, fhir_server.token)
    yield made
    made.session.close()


@pytest.fixture(scope="session")
def run(tmp_path_factory, fhir_server, client):
    """Third-party patients stored and the hook fired for each, plain and with overlay."""
    made = Run(SMALL, AS_OF)
    made.records = generate(tmp_path_factory.mktemp("records"), SMALL, AS_OF)
    fire_all(made, fhir_server, client)
    return made
