# Everything a developer or CI runs. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8080
CASE ?=
MINIMUM ?= 98.8
MUTATION ?=

.PHONY: help demo test coverage lint types elm terminology units fhir-elements settings expect check conformance differential benchmark soak engine-readme interop clinical-logic fixtures mutation load sbom audit image lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.runtime ## start the service with the fixture patients and open the page
	RA_CDS_AS_OF=2026-11-23 $(BIN)/ra-cds serve --demo --port $(PORT) --open

test: $(VENV)/.dev ## everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/ra-cds check
	$(BIN)/python -m pytest -n 2 --dist worksteal

coverage: $(VENV)/.dev ## which lines the tests run
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report --skip-covered --include='ra_cds_hooks/*'

lint: $(VENV)/.dev ## format and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.dev ## mypy
	$(BIN)/mypy

elm: $(VENV)/.dev ## translate cql/*.cql into cql/elm/*.json (Node from PyPI)
	$(BIN)/python tools/elm/elm.py

terminology: $(VENV)/.dev ## write cql/RAConcepts.cql and cql/valuesets from tools/terminology/sources
	$(BIN)/python -m tools.terminology.build

units: $(VENV)/.dev ## write the table of UCUM factors
	$(BIN)/python -m tools.units.make_table

fhir-elements: $(VENV)/.dev ## write the table of FHIR element types
	$(BIN)/python tools/fhir_elements.py

settings: $(VENV)/.dev ## write docs/settings.md
	$(BIN)/python -m tools.settings_table

expect: $(VENV)/.runtime ## write expected.json: make expect CASE=v01-too-early, or all cases
	$(BIN)/ra-cds expect $(CASE)

check: $(VENV)/.runtime ## is the clinical content whole?
	$(BIN)/ra-cds check

conformance: $(VENV)/.dev ## the public CQL conformance expressions (folder: CQL_TESTS)
	$(BIN)/python -m tools.conformance --minimum $(MINIMUM)

benchmark: $(VENV)/.dev ## our engine beside cql-execution; writes benchmarks/results.md
	$(BIN)/python -m benchmarks --date $$(date -u +%F)

soak: $(VENV)/.dev ## 100,000 evaluations: does memory grow?
	$(BIN)/python -m benchmarks.soak

differential: $(VENV)/.dev ## every define of every fixture, also by cql-execution
	$(BIN)/python -m tools.conformance.differential

engine-readme: $(VENV)/.dev ## write the tables of the engine's README
	$(BIN)/python -m tools.engine_readme
	$(BIN)/python -m tools.conformance --readme

interop: $(VENV)/.dev ## third-party patients through a third-party FHIR server
	$(BIN)/python -m tools.interop

load: $(VENV)/.dev ## the service under load on 127.0.0.1, with everything on (Debian's wrk); writes benchmarks/load.md
	$(BIN)/python -m benchmarks.load --write

mutation: $(VENV)/.dev ## is every threshold and null rule held by an expectation? judges what has changed (MUTATION="--only LungSafety")
	$(BIN)/python -m tools.mutation --report $(or $(MUTATION),--stale)

clinical-logic: $(VENV)/.dev ## write docs/clinical-logic.md: every rule with its words, parameters and cases
	$(BIN)/python -m tools.clinical_logic

fixtures: $(VENV)/.dev ## write fhir_fixtures/*/bundle.json from tools/fixtures
	$(BIN)/python -m tools.fixtures

sbom: $(VENV)/.dev ## the run-time dependencies as CycloneDX JSON, build/sbom.json
	mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom.json

audit: ## known vulnerabilities of the run-time dependencies, by PyPI's advisories; fails when one cannot be looked up
	$(PYTHON) -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.cache/audit/bin/pip-audit --strict --vulnerability-service pypi --disable-pip --require-hashes -r requirements.lock

image: ## build the container image without an engine and try it (root; Debian's buildah and debootstrap)
	tools/image/build.sh
	tools/image/try.sh

lock: $(VENV)/.dev ## resolve the dependencies anew
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-header --no-emit-options -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-header --no-emit-options --extra dev -o requirements-dev.lock pyproject.toml

clean: ## remove what the targets above made
	rm -rf $(VENV) .cache build dist tools/elm/node_modules
