"""The hook's Decision is the one a plain Bundle gives, and requests never mix."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ra_cds_hooks.decision import decide
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import reading_for

from .conftest import FIXTURES, NOW, URL, bundle_of

VIGNETTES = sorted(p.name for p in FIXTURES.glob("v??-*") if "--" not in p.name)
# A prefetch has no key for these, so only the hook counts them as not obtained.
NOT_COMPARED = {"incomplete", "dataIssues"}


def with_beyond_prefetch(request, bundle):
    """What no key brings a client may send under its type's name: here it sends all there is."""
    for kind in ("AdverseEvent", "Procedure", "CarePlan"):
        found = [e for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
        request["prefetch"][kind] = {"resourceType": "Bundle", "type": "searchset", "entry": found}
    return request


def of_hook(response, content):
    assert response.status_code == 200
    return response.get_json()["extension"][content.extension_key]


def test_the_vignettes_are_there():
    assert len(VIGNETTES) == 15


@pytest.mark.parametrize("case", VIGNETTES)
def test_hook_and_bundle_agree(client, content, hook_request, case):
    request = with_beyond_prefetch(hook_request(bundle_of(case)), bundle_of(case))
    hook = of_hook(client.post(URL, json=request), content)
    reading = reading_for(content, load_settings())
    plain = decide(content, PatientRecord.read_bundle(bundle_of(case), reading), NOW).document
    for member in (set(hook) | set(plain)) - NOT_COMPARED:
        assert hook.get(member) == plain.get(member), member


def test_requests_at_once_never_mix(make_app, content, hook_request):
    app = make_app()
    bodies = [hook_request(bundle_of(case)) for case in VIGNETTES]
    expected = [of_hook(app.test_client().post(URL, json=body), content) for body in bodies]

    def call(number):
        response = app.test_client().post(URL, json=bodies[number % len(bodies)])
        return number % len(bodies), of_hook(response, content)

    with ThreadPoolExecutor(8) as pool:
        for number, got in pool.map(call, range(70)):
            assert got == expected[number]
