# `make demo` and `make test` need only Python 3.11+ and make; everything else they set up themselves.
PYTHON ?= python3
PY := .venv/bin/python

.PHONY: help demo test test-fast test-wild lint format bench catalogue lock update sbom check-deploy clean setup-demo setup-test setup-deploy

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: setup-demo  ## a portal, a gateway and the widget on this machine; prints the card to open
	@$(PY) -m sandbox

test: setup-test  ## every test; one alone: make test ARGS=tests/card/test_rows.py; on PostgreSQL: DATABASE=postgresql
	@$(PY) tools/test.py $(ARGS)

test-fast: setup-test  ## the tests that need no browser, no server and no random search
	@$(PY) tools/test.py --fast

test-wild: setup-test  ## the random searches, with other examples on each run and fifty times as many
	@$(PY) tools/test.py -m hypothesis --hypothesis-profile wild --ignore-glob '**/browser' --numprocesses 2

lint: setup-test  ## style, types, and who may import whom
	@$(PY) tools/lint.py

format: setup-test  ## bring Python, JavaScript, CSS and templates into their form
	@$(PY) tools/lint.py --write

bench: setup-test  ## the benchmark tables
	@$(PY) -m benchmarks && $(PY) -m benchmarks.processor && $(PY) -m benchmarks.fairness && $(PY) -m benchmarks.workday \
		&& $(PY) -m benchmarks.browser && $(PY) -m benchmarks.kills && $(PY) -m benchmarks.mirror

catalogue: setup-demo  ## collect the texts into the translations; a new language: make catalogue ARGS=de
	@$(PY) tools/catalogue.py $(ARGS)

lock: setup-demo  ## requirements*.in -> hashed requirements*.txt
	@.venv/bin/pip install -q uv && for name in requirements requirements-voice requirements-demo requirements-test requirements-otel requirements-speech requirements-deploy; do \
	  .venv/bin/uv pip compile -q $(UPGRADE) --python-version 3.11 --universal --generate-hashes --no-header $$name.in -o $$name.txt; done

update: setup-demo  ## every package at its newest version, in requirements*.in and with hashes in requirements*.txt
	@.venv/bin/pip install -q uv && $(PY) tools/update.py && $(MAKE) lock UPGRADE=--upgrade

sbom: setup-deploy  ## what the service is made of, as CycloneDX: sbom.json
	@cat requirements.txt requirements-voice.txt | .venv/deploy/bin/cyclonedx-py requirements - --output-reproducible --of JSON -o sbom.json

check-deploy: setup-deploy  ## Dockerfile, compose.yaml, manifests, units and Caddyfile, as those who read them say
	@.venv/deploy/bin/hadolint Dockerfile
	@.venv/deploy/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	@.venv/deploy/bin/kubernetes-validate --strict --quiet deploy/kubernetes/widget.yaml
	@$(PY) tools/https.py .venv/deploy/bin/caddy
	@! command -v systemd-analyze > /dev/null || ! systemd-analyze verify deploy/systemd/*.service 2>&1 | grep -v 'is not executable'

clean:  ## forget the environment and the demo's data
	rm -rf .venv .run

setup-demo:
	@$(PYTHON) tools/setup.py demo

setup-test:
	@$(PYTHON) tools/setup.py test

setup-deploy: setup-demo
	@.venv/bin/pip install -q uv && .venv/bin/uv venv -q --allow-existing .venv/deploy && \
	  .venv/bin/uv pip sync -q --require-hashes --python .venv/deploy/bin/python requirements-deploy.txt
