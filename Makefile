# The front door: `make help`. Each target is one script, so that it can be read and run without make.
PG_MAJOR := 15
PG_CONFIG ?= /usr/lib/postgresql/$(PG_MAJOR)/bin/pg_config
export DG_PG_MAJOR = $(PG_MAJOR)
export PG_CONFIG
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup test demo demo-shell install bench lint package clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

setup: ## install what building and testing need and this machine lacks
	@pg_test/setup.sh

test: ## run all tests: lint, Rust tests, SQL suites, drills, demo
	@pg_test/run.sh

demo: setup ## build in release, start a private PostgreSQL and walk through the product on the sample shop
	@pg_test/demo/run.sh

demo-shell: ## open psql in the demo's database (make demo runs first where needed)
	@pg_test/demo/shell.sh

install: setup ## build and install into the PostgreSQL of PG_CONFIG
	@pg_test/install.sh

bench: setup ## measure the cost against an ungoverned twin (QUICK=1: a rough answer in minutes)
	@QUICK=$(QUICK) pg_test/bench/run.sh

lint: setup ## rustfmt, clippy, rustdoc, shellcheck
	@pg_test/lint.sh

package: setup ## build the Debian package postgresql-15-data-governance into target/
	@pg_test/package.sh

clean: ## stop private servers and remove everything that was built
	@pg_test/clean.sh
