# Assay: the commands of a working day. Needs Go 1.26 or later and GNU make;
# Python 3 with venv for what runs real installers.
SHELL       := /bin/bash
GO          ?= go
PYTHON      ?= python3
VERSION     ?= 0.1.0-dev
VENV        := .venv
TOOLS       := pip uv poetry pipx build pip-tools tox nox keyring pypi-attestations
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
FUZZTIME    ?= 60s
RACE        ?= ./...

export GOTOOLCHAIN := local

.PHONY: build demo test stress live tools backends routes race lint vuln cross bench bench-install fuzz clean help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/' | sed 's/^/  make /'

build: ## build bin/assay, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/assay ./cmd/assay

demo: build ## install a small real project through Assay, then watch two attacks being refused
	@bash scripts/demo.sh

test: ## everything that needs no network
	@bash scripts/test.sh

stress: ## 200 installations at once, from an index that misbehaves
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ASSAY_TEST_STRESS=200 $(GO) test -count=1 -timeout 60m -v -run '^TestStress$$' ./cmd/assay

live: build ## the real index and the newest installers (says so where no index can be reached)
	@bash scripts/live.sh

tools: ## virtual environments with the newest installers and two old pips, for the tests that use real ones
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --upgrade pip
	@$(VENV)/bin/python -m pip install --quiet --upgrade $(TOOLS)
	@# PDM with the versions that its authors tested: its ranges admit some that break it.
	@test -x $(VENV)-pdm/bin/python || $(PYTHON) -m venv $(VENV)-pdm
	@$(VENV)-pdm/bin/python -m pip install --quiet --upgrade --disable-pip-version-check 'pdm[locked]'
	@ln -sf ../../$(VENV)-pdm/bin/pdm $(VENV)/bin/pdm
	@for old in 23:23.2.1 24:24.0; do \
	  dir=$(VENV)-pip$${old%%:*}; \
	  test -x $$dir/bin/python || $(PYTHON) -m venv $$dir || exit 1; \
	  $$dir/bin/python -m pip install --quiet --disable-pip-version-check "pip==$${old#*:}" || exit 1; \
	done

backends: ## build hundreds of wheels and sdists with real build back ends, old and new, and read them strictly
	@PYTHON='$(PYTHON)' bash scripts/backends.sh

routes: tools ## every way to a file with every installer, held to docs/installers/routes.md (ARGS=-update writes it anew)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ASSAY_TEST_ROUTES=1 $(GO) test -count=1 -timeout 45m ./cmd/assay -run 'TestRoutes' $(ARGS)

race: ## the race detector over RACE, by default everything (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short $(RACE)

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

vuln: ## known vulnerabilities in what is linked (says so where its database cannot be reached)
	@bash scripts/vuln.sh '$(GO) run $(GOVULNCHECK)'

cross: ## the other platforms compile
	@for target in darwin/arm64 windows/amd64; do \
	  echo "build $$target"; \
	  CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -o /dev/null ./cmd/assay || exit 1; \
	done

bench: ## every figure, each against a peer in the same run
	@bash scripts/bench.sh

bench-install: ## what an application of 60 packages takes to install, with Assay and without
	@bash scripts/bench-install.sh

fuzz: ## every fuzz target for FUZZTIME
	@bash scripts/fuzz.sh $(FUZZTIME)

clean: ## remove what was built, and the demo
	rm -rf bin .demo
