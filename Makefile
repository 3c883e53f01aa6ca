# Everything a checkout needs is made here; `make help` lists what can be asked for.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Each of the many processes that tests start would compile all that it imports, anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/pytest
# What boots machines, or waits for leases, has targets of its own.
APART := --ignore=tests/systemd/booted --ignore=tests/debian --ignore=tests/cluster/faults
# What tests write is gone with the shell that runs them.
IN_SCRATCH := export TMPDIR=$$(.ci/scratch); trap 'rm -rf "$$TMPDIR"' EXIT
# Two more workers than there are cores: half of what tests do is to wait. Each has a long stretch,
# as the tests of a module share a daemon; who is through with it takes half of another's.
PARALLEL := -n $(shell expr $$(nproc) + 2) --dist worksteal
# What is pure is covered whole, branches too.
COVERED := $(BIN)/coverage report --include='waremind/domain/*,waremind/protocol.py' --fail-under=100 --skip-covered

.PHONY: help
help:  ## list what can be asked for
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The stamp is newer than the lock exactly when the environment is as the lock says.
$(VENV)/.made: uv.lock pyproject.toml .ci/bootstrap
	@.ci/bootstrap $(PYTHON) $(VENV)
	touch $@

.PHONY: lock
lock: $(VENV)/.made  ## write anew what is installed: uv.lock, and from it what servers install
	@$(BIN)/uv lock --quiet
	.ci/server_lock $(BIN)/uv >waremind/requirements.lock

.PHONY: run
run: $(VENV)/.made  ## the daemon, on its own PostgreSQL
	@exec $(BIN)/waremind daemon

.PHONY: demo
demo: $(VENV)/.made  ## the whole story, without a phone and without the internet
	@PYTHONPATH=tests $(BIN)/python -m demo

.PHONY: test
test: lint  ## everything that makes a checkout trusted
	@$(IN_SCRATCH)
	$(BIN)/coverage erase
	$(PYTEST) $(PARALLEL) $(APART) --cov --cov-report=
	$(COVERED)

.PHONY: retest
retest: $(VENV)/.made  ## what failed the last time, alone and one after the other
	@$(IN_SCRATCH)
	$(PYTEST) -n 0 --cov --cov-append --cov-report= --last-failed --last-failed-no-failures=all $(APART)
	$(COVERED)

.PHONY: retest-systemd
retest-systemd: $(VENV)/.made  ## what failed the last time under systemd
	@$(PYTEST) tests/systemd/booted --last-failed --last-failed-no-failures=none

.PHONY: retest-yours
retest-yours: $(VENV)/.made  ## what failed the last time on the programs in BIN_DIR
	@$(IN_SCRATCH)
	TEST_BIN_DIR=$(BIN_DIR) $(PYTEST) -n 0 --last-failed --last-failed-no-failures=none tests/store tests/delivery

.PHONY: plans
plans: ROWS ?= 1000000
plans: $(VENV)/.made  ## the plans of hot statements at ROWS=1000000 rows, on each PostgreSQL there is
	@$(IN_SCRATCH)
	ROWS=$(ROWS) $(PYTEST) -n 0 --timeout 1800 tests/store/test_plans.py

.PHONY: test-yours
test-yours retest-yours: BIN_DIR ?= $(firstword $(wildcard /usr/lib/postgresql/*/bin))
test-yours: $(VENV)/.made  ## store and delivery on the programs in BIN_DIR (apt-get install postgresql)
	@$(IN_SCRATCH)
	TEST_BIN_DIR=$(BIN_DIR) $(PYTEST) $(PARALLEL) tests/store tests/delivery

.PHONY: lint
lint: $(VENV)/.made  ## formatting, lint, types, layers
	@$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/basedpyright
	PYTHONPATH=. $(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.made  ## let ruff format the tree
	@$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test-install
test-install: $(VENV)/.made  ## README's lines for a server, in an environment of their own; fetches packages
	@$(IN_SCRATCH)
	.ci/install_as_on_a_server $(PYTHON) "$$TMPDIR/opt"

.PHONY: docs
docs: $(VENV)/.made  ## draw the generated pages anew
	@PYTHONPATH=tests $(BIN)/python -m docs.drawn

.PHONY: test-systemd
test-systemd: $(VENV)/.made  ## the daemon's life under a real systemd, booted in namespaces; AWAY=300 for long outages
	@$(PYTEST) tests/systemd/booted

.PHONY: test-user
test-user: $(VENV)/.made  ## what takes a session over, or asks its PostgreSQL, as a user without privileges (for root: nobody)
	@.ci/as_a_user $(PYTEST) $(PARALLEL) -p no:cacheprovider tests/whatsapp/test_sandbox.py tests/whatsapp/test_harm.py \
		tests/store/test_embedded_life.py tests/store/test_embedded_roles.py tests/store/test_dsn.py

.PHONY: test-debian
test-debian: $(VENV)/.made  ## the pages typed on a fresh Debian 12 and 13, and 13's systemd; fetches packages
	@$(PYTEST) tests/debian tests/systemd/booted --debian=trixie

.PHONY: bench
bench: $(VENV)/.made  ## every number that is claimed, as a ratio measured in one run
	@PYTHONPATH=tests $(BIN)/python -m bench $(BENCH)

.PHONY: rules
rules: $(VENV)/.made  ## what is previewed is what fires: all rules, all zones, 2024 to 2037; plans, and edits, by dice
	@PYTHONPATH=tests $(BIN)/python -W error -m campaigns.rules
	PYTHONPATH=tests $(BIN)/python -W error -m campaigns.calendar
	PYTHONPATH=tests $(BIN)/python -W error -m campaigns.calendar_edits

.PHONY: fuzz
fuzz: $(VENV)/.made  ## bad input hurts nobody beside it: SECONDS=600; SEED= PART= ROUND= as it was printed
	@PYTHONPATH=tests $(BIN)/python -m campaigns.fuzz --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) \
		$(if $(PART),--part $(PART)) $(if $(ROUND),--round $(ROUND))

.PHONY: flood
flood: $(VENV)/.made  ## one client asks for too much, and nobody else notices: SECONDS=20 RUNS=100000 (as root)
	@PYTHONPATH=tests $(BIN)/python -m campaigns.flood --seconds $(or $(SECONDS),20) --runs $(or $(RUNS),100000) $(FLOOD)

.PHONY: crash
crash: $(VENV)/.made  ## kill -9 at random points under due deliveries: SEEDS=200 DELIVERIES=1000
	@PYTHONPATH=tests $(BIN)/python -m campaigns.crash --seeds $(or $(SEEDS),200) --deliveries $(or $(DELIVERIES),1000)

.PHONY: crash-cluster
crash-cluster: $(VENV)/.made  ## two nodes killed, stopped and cut off under due deliveries: SEEDS=50 DELIVERIES=500 FIRST=1
	@$(IN_SCRATCH)
	PYTHONPATH=tests $(BIN)/python -m campaigns.crash_cluster --seeds $(or $(SEEDS),50) \
		--deliveries $(or $(DELIVERIES),500) --first $(or $(FIRST),1)

.PHONY: cluster
cluster: $(VENV)/.made  ## real nodes on one database: shares, killed, stopped, hung, and their PostgreSQL away for AWAY=8
	@$(IN_SCRATCH)
	$(PYTEST) -n 0 tests/cluster

.PHONY: retest-cluster
retest-cluster: $(VENV)/.made  ## what failed the last time among real nodes
	@$(IN_SCRATCH)
	$(PYTEST) -n 0 tests/cluster --last-failed --last-failed-no-failures=none

.PHONY: cluster-upgrade
cluster-upgrade: $(VENV)/.made  ## three nodes become another release, one after another under load, and nothing is late: BOUND=2
	@$(IN_SCRATCH)
	BOUND=$(or $(BOUND),2) $(PYTEST) -n 0 -s tests/cluster/faults/test_upgrade.py

.PHONY: cluster-faults
cluster-faults: $(VENV)/.made  ## how long accounts are silent, and that nothing is sent twice: FAULTS=50 SEED=1 BOUND=15
	@$(IN_SCRATCH)
	PYTHONPATH=tests $(BIN)/python -m campaigns.cluster --faults $(or $(FAULTS),50) --seed $(or $(SEED),1) \
		--bound $(or $(BOUND),15)

.PHONY: many-accounts
many-accounts: $(VENV)/.made  ## so many accounts on so many nodes, simulated: ACCOUNTS=10000 NODES=11 REMINDERS=1000000
	@$(IN_SCRATCH)
	PYTHONPATH=tests $(BIN)/python -m campaigns.many_accounts --accounts $(or $(ACCOUNTS),10000) \
		--nodes $(or $(NODES),11) --reminders $(or $(REMINDERS),1000000) $(MANY)

.PHONY: full-node
full-node: $(VENV)/.made  ## so many accounts on one node, each with its session: ACCOUNTS=1000
	@PYTHONPATH=tests $(BIN)/python -m campaigns.full_node --accounts $(or $(ACCOUNTS),1000)

.PHONY: scrapes
scrapes: $(VENV)/.made  ## a day's worth of metrics while messages are sent, and no growth: SCRAPES=5760
	@PYTHONPATH=tests $(BIN)/python -m campaigns.scrapes --scrapes $(or $(SCRAPES),5760)

.PHONY: outages
outages: $(VENV)/.made  ## your PostgreSQL fails in every way under due deliveries: SEEDS=12 DELIVERIES=400 LAST=0
	@PYTHONPATH=tests $(BIN)/python -m campaigns.outages --seeds $(or $(SEEDS),12) --deliveries $(or $(DELIVERIES),400) \
		--last $(or $(LAST),0)

.PHONY: crash-accounts
crash-accounts: $(VENV)/.made  ## kill -9 amid pair, unpair, delete: ROUNDS=100
	@PYTHONPATH=tests $(BIN)/python -m campaigns.account_kills --rounds $(or $(ROUNDS),100)

.PHONY: soak
soak: $(VENV)/.made  ## a busy life, and what must not grow or break: MINUTES=60 SEED=1 DATABASE="embedded yours"
	@PYTHONPATH=tests $(BIN)/python -m campaigns.soak --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED)) \
		$(if $(DATABASE),--database $(DATABASE))
