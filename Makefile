# What there is to run. `make` alone lists it.
PREFIX ?= /usr/local
# The Swift standard library is linked in, so that the binary starts in milliseconds and runs without a toolchain.
RELEASE = -c release --static-swift-stdlib
SWIFT_SOURCES = Sources Tests Benchmarks Examples Package.swift

.PHONY: help prerequisites build demo test goldens check format lint fuzz docs install

help:
	@echo 'make demo             decide about the example fleet'
	@echo 'make test             build and run all tests'
	@echo 'make goldens          rewrite the expected texts of tests and README'
	@echo 'make check            lint and test: what a change must pass'
	@echo 'make build            the release command line tool, .build/release/rulecheck'
	@echo 'make install PREFIX=  put it, its man page and completions into PREFIX (default $(PREFIX))'
	@echo 'make format | lint    apply | check the code format'
	@echo 'make docs             build the documentation of the library; fails for dead links and names without words'
	@echo 'make fuzz             fuzz each parser and reader for 20 s'

prerequisites:
	@scripts/prerequisites

build: prerequisites
	swift build $(RELEASE) --product rulecheck

demo: prerequisites
	@scripts/demo

test: prerequisites
	swift build --build-tests
	swift test --skip-build --disable-xctest

goldens: prerequisites
	swift build --build-tests
	UPDATE_GOLDENS=1 swift test --skip-build --disable-xctest

check: lint test

format:
	swift format -i -r -p $(SWIFT_SOURCES)

lint:
	swift format lint --strict -r -p $(SWIFT_SOURCES)

fuzz: prerequisites
	Tests/Fuzz/run.sh 20

docs: prerequisites
	@scripts/docs

install: build
	install -D -m 755 -s .build/release/rulecheck $(DESTDIR)$(PREFIX)/bin/rulecheck
	scripts/install-extras .build/release/rulecheck $(DESTDIR)$(PREFIX)/share
