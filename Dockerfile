# BASE may be any image with Python 3.11 or newer and its `venv`; both stages share it, so the environment fits.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
# What else is installed: comma-separated extras of pyproject.toml.
ARG EXTRAS=metrics
COPY pyproject.toml README.md LICENSE ./
COPY simulator simulator
COPY contracts contracts
# Behind a package index or certificates of your own: --secret id=pip.conf,src=… and --secret id=pip.cert,src=…
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=pip.cert,target=/etc/pip.cert \
    python3 -m venv /opt/simulator \
    && /opt/simulator/bin/python -m pip install --no-cache-dir ".[${EXTRAS}]" \
    && /opt/simulator/bin/python -m pip uninstall --yes pip setuptools

FROM ${BASE}
COPY --from=build /opt/simulator /opt/simulator
ENV PATH="/opt/simulator/bin:${PATH}" PYTHONUNBUFFERED=1

# Inside a container the server must listen on all interfaces. It would then open no sandbox by name, so access is
# set OPEN here, in plain sight: whoever reaches the port may use any sandbox. Run with -e SIMULATOR_ACCESS=closed
# (and SIMULATOR_CONTROL_TOKEN, SIMULATOR_PUBLIC_URL) where that is not meant.
ENV SIMULATOR_HOST=0.0.0.0 SIMULATOR_ACCESS=open

USER 10001:10001
WORKDIR /tmp
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["assessment-simulator", "ready"]
ENTRYPOINT ["assessment-simulator"]
CMD ["serve"]
