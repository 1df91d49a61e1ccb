"""Which servers may be called, and what scopes allow."""

import json

import pytest

from ra_cds_hooks.errors import InvalidRequest
from ra_cds_hooks.fhir.client import same_server
from ra_cds_hooks.hooks.parse import parse_hook_request
from ra_cds_hooks.hooks.trust import Reach, base_url, may_call, reach

from .conftest import hook_body

LISTED = ["https://ehr.example.org/fhir", "https://proxy.example.org"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/fhir", True),
        ("http://localhost/fhir", True),
        ("http://[::1]:9/fhir", True),
        ("https://ehr.example.org/fhir", True),
        ("https://ehr.example.org/fhir/", True),
        ("https://EHR.example.org:443/fhir/r4", True),
        ("https://proxy.example.org/any/path", True),
        ("http://ehr.example.org/fhir", False),
        ("https://ehr.example.org/fhirx", False),
        ("https://ehr.example.org/other", False),
        ("https://ehr.example.org:8443/fhir", False),
        ("https://ehr.example.org/fhir/../other", False),
        ("https://ehr.example.org.evil.test/fhir", False),
        ("https://evil.test/fhir", False),
        ("http://10.0.0.1/fhir", False),
        ("http://169.254.169.254/latest", False),
        ("http://2130706433/fhir", False),
        ("http://0177.0.0.1/fhir", False),
        ("http://localhost.evil.test/fhir", False),
    ],
)
def test_only_loopback_and_listed_servers(url, expected):
    assert may_call(base_url(url), LISTED) is expected


def test_a_listed_server_is_not_called_without_tls():
    plain = "http://ehr.example.org/fhir"
    assert not may_call(plain, [plain])


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/fhir", "http://[::1]/fhir"])
def test_loopback_is_listed_too_where_it_is_not_open(url):
    assert may_call(url, [], loopback=True)
    assert not may_call(url, LISTED, loopback=False)
    assert may_call(f"{url}/r4", [*LISTED, f"{url}/"], loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "", "ehr.example.org", "file:///etc/passwd", "ftp://h/x", "http://", "http://h:0/x",
        "http://user@127.0.0.1/fhir", "http://127.0.0.1\\@evil.test/", "http://h/x?y=z",
        "http://h/x#y", "http://h/ x", "http://h:99999/x", "http://[::1/x", "http://h%2f/x",
        "http://localhost\r\nHost: evil/x", "http://ｌocalhost/x",
    ],
)  # fmt: skip
def test_what_is_no_base_url_is_a_400(url):
    with pytest.raises(InvalidRequest, match="not the base URL") as caught:
        parse_hook_request(json.dumps(hook_body(fhirServer=url)).encode(), "patient-view")
    assert caught.value.field == "fhirServer"
    assert str(caught.value).count("fhirServer") == 1
    assert url not in str(caught.value) or not url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/fhir?page=2", True),
        ("https://h/fhir/Observation?page=2", True),
        ("https://h:443/fhir/Observation", True),
        ("https://h/fhirb/Observation", False),
        ("https://h/fhir/%2E%2e/admin", False),
        ("https://h/fhir/..%2fadmin", False),
        ("https://h/fhir/%2e%5Cadmin", False),
        ("https://h/fhir/..;/admin", False),
        ("https://h/fhir/..;x=1/admin", False),
        ("https://h/fhir/.;x/..%3B/admin", False),
        ("https://h/fhir/Observation;v=1/..a;b", True),
        ("https://h/fhir/a..b/Observation?_id=../x", True),
        ("https://h.evil/fhir/Observation", False),
        ("http://h/fhir/Observation", False),
        ("https://x@h/fhir/Observation", False),
        ("about:blank", False),
        ("https://h:x/fhir", False),
    ],
)
def test_a_page_must_lie_on_the_same_server(url, expected):
    assert same_server("https://h/fhir", url) is expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, Reach.ALL),
        ("", Reach.ALL),
        ("openid fhirUser", Reach.ALL),
        ("patient/Observation.read", Reach.ALL),
        ("patient/Observation.rs", Reach.ALL),
        ("user/*.read", Reach.ALL),
        ("system/*.cruds", Reach.ALL),
        ("patient/*.*", Reach.ALL),
        ("patient/Observation.r", Reach.NONE),
        ("patient/Observation.write", Reach.NONE),
        ("patient/Observation.cud", Reach.NONE),
        ("patient/Condition.read", Reach.NONE),
        ("patient/Observation.rs?category=laboratory", Reach.PART),
        ("patient/Observation.rs?category=laboratory patient/*.rs", Reach.ALL),
    ],
)
def test_scopes_of_both_versions(scope, expected):
    assert reach(scope, "Observation", search=True) is expected


def test_a_read_needs_r_and_a_search_s():
    assert reach("patient/Patient.r", "Patient", search=False) is Reach.ALL
    assert reach("patient/Patient.s", "Patient", search=False) is Reach.NONE
