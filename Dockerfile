# syntax=docker/dockerfile:1
# Two stages: the first builds a virtual environment, the second has no build tool and no root.
# The CQL is compiled in the first stage; a worker of the second reads what was kept (docs/adr/0006).
# Runs with a read-only root file system: only /data (feedback store) and /tmp (shared metrics) are written.
#   docker build -t ra-cds-hooks .
#   docker run --read-only --tmpfs /tmp -v ra-cds-data:/data -e RA_CDS_ALLOW_ANONYMOUS=1 -p 127.0.0.1:8080:8080 ra-cds-hooks
# Listens on all addresses of the container, so it starts only with RA_CDS_ISSUERS (docs/security.md) or, on a loopback port
# or behind a gateway that authenticates, with RA_CDS_ALLOW_ANONYMOUS=1.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/ra-cds
COPY requirements.lock ./
RUN /opt/ra-cds/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY ra_cds_hooks ra_cds_hooks
COPY cql cql
COPY fhir_fixtures fhir_fixtures
RUN /opt/ra-cds/bin/python -m pip install --no-deps . \
    && RA_CDS_CACHE_DIR=/opt/ra-cds/compiled /opt/ra-cds/bin/ra-cds check \
    && chmod -R a+rX /opt/ra-cds/compiled \
    && /opt/ra-cds/bin/python -m pip uninstall --yes pip setuptools

FROM ${BASE} AS run
LABEL org.opencontainers.image.title="ra-cds-hooks" \
      org.opencontainers.image.description="CDS Hooks 2.0 decision support for refractory rheumatoid arthritis; not clinically validated" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 ra-cds \
    && useradd --system --uid 10001 --gid ra-cds --home-dir /data --no-create-home --shell /usr/sbin/nologin ra-cds \
    && install -d -o ra-cds -g ra-cds -m 0750 /data \
    && { ! python -m pip --version >/dev/null 2>&1 || python -m pip uninstall --yes pip setuptools wheel; }
COPY --from=build /opt/ra-cds /opt/ra-cds
ENV PATH=/opt/ra-cds/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RA_CDS_HOST=0.0.0.0 \
    RA_CDS_PORT=8080 \
    RA_CDS_WORKERS=2 \
    RA_CDS_CACHE_DIR=/opt/ra-cds/compiled \
    PROMETHEUS_MULTIPROC_DIR=/tmp/ra-cds-metrics \
    RA_CDS_DATABASE_URL=sqlite:////data/feedback.sqlite
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['RA_CDS_PORT'] + '/healthz', timeout=2)"]
CMD ["gunicorn", "--config=python:ra_cds_hooks.operation.server", "--worker-tmp-dir=/dev/shm"]
