# Two commands do everything on a fresh machine with Node 20, npm and make: `make demo` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help setup build types lint format test test-slow test-package test-node test-web pictures test-queue queue-long test-examples fuzz demo bench check-models conformance docs-site families ops-page faults clean

PYTHON ?= python3
STAMP := node_modules/.lan-onnx-setup

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): package.json package-lock.json
	@# Not npm ci: it refuses a lock file that lacks native packages of foreign platforms, and not every registry mirror serves those.
	@# Without the CUDA part that onnxruntime-node's install script fetches (docs/adr/0017).
	ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save --no-fund --no-audit --loglevel=error
	@touch $(STAMP)

setup: $(STAMP) ## install the packages of the lock file

build: setup ## compile to dist/
	npm run --silent build

types: setup ## type-check everything, tests included
	npm run --silent types

lint: setup ## eslint and prettier
	npm run --silent lint

format: setup ## rewrite the sources in the project's format
	npm run --silent format

test: setup ## all tests; FILES="test/model test/check/check.test.ts" for some
	npm test --silent -- $(FILES)

test-slow: setup ## checks that take minutes: whole networks at full size, legacy graphs
	LAN_ONNX_SLOW=1 npm test --silent -- test/slow test/nets/real-models

test-package: build ## pack it, install that in an empty folder and use it from there; needs the npm registry
	LAN_ONNX_PACKAGE=1 npm test --silent -- test/package

NODES ?= 22 24
test-node: build ## test-package and a whole audit on other Node versions, which the npm registry has (NODES="22 24")
	for node in $(NODES); do LAN_ONNX_PACKAGE=1 LAN_ONNX_NODE=$$node npm test --silent -- test/package || exit 1; done

test-web: setup ## reports and the page in a browser (Debian's Chromium, installed where it is missing): complete, accessible, printable; screenshots in out/web
	bash test/web/setup.sh
	LAN_ONNX_WEB=1 npm test --silent -- test/web

queue-long: build ## 2,000 pictures through a real Redis, a worker, the server and the coordinator killed on the way, and what a queue costs; some minutes, needs $$SHARED
	bash test/redis/setup.sh
	node_modules/.bin/tsx bench/queue.ts --model $(SHARED)/models/cifar10_resnet8.onnx --data $(SHARED)/datasets/cifar10-first4000.bin $(QUEUE)

test-examples: setup ## what the documents and examples say: code as typed, API and ops as the sources have them; scripts where $(PYTHON) has what they need
	LAN_ONNX_EXAMPLES=1 LAN_ONNX_PYTHON=$(PYTHON) npm test --silent -- test/examples

test-queue: setup ## several processes on one machine, killed; audits through a real Redis (Debian's, installed where it is missing): workers, server and coordinator killed, hostile jobs
	bash test/redis/setup.sh
	LAN_ONNX_QUEUE=1 npm test --silent -- test/redis test/workers

pictures: setup ## the README's pictures of pages, docs/images/page.webp and, with $$SHARED, report.png (Debian's Chromium)
	bash test/web/setup.sh
	node_modules/.bin/tsx tools/pictures.ts

FUZZ ?= --seconds 120
fuzz: setup ## damaged models and files through the library, in processes that may die (FUZZ="--models 100000 --files 20000 --seconds 3600")
	node --import tsx test/fuzz/run.ts $(FUZZ)

demo: build ## why does this classifier say "tank"? An audit of the paper's tank detector: pictures and report in out/demo
	node dist/src/cli/main.js audit tank --image models/tank/pictures/tank/05.png models/tank/pictures/tank/07.png --noise "bootstrap:models/tank/pictures/no tank" --beta 1 --out out/demo

SHARED ?= ../shared

check-models: build ## compare the real models of $$SHARED/models with onnxruntime, forward and gradients
	node dist/src/cli/main.js check $(SHARED)/models/*.onnx

conformance: setup ## the official ONNX backend tests (of $$SHARED/conformance, or $$LAN_ONNX_CONFORMANCE), counts per op, and the model zoo's coverage
	node_modules/.bin/tsx test/conformance/run.ts
	node_modules/.bin/tsx test/conformance/zoo.ts

ops-page: setup ## rewrite docs/ops.md from the adapters
	npm run --silent docs:ops

docs-site: setup ## the documentation as a site of static files in out/site, from the repository's own pages
	node_modules/.bin/tsx tools/site/build.ts

FAMILIES ?= .
families: setup ## docs/families.md: export small models of 100 architecture families with $(PYTHON) and take each through inspect, check and audit (FAMILIES='^timm' for some)
	$(PYTHON) tools/families/export.py out/families --missing --only '$(FAMILIES)'
	node_modules/.bin/tsx tools/families/table.ts out/families '$(FAMILIES)'

bench: setup ## forward + gradient, a LAN step and tfjs against a bare forward pass, on four networks (BENCH="--batch 1 --threads 1")
	node_modules/.bin/tsx bench/speed.ts --tfjs $(BENCH)

faults: build ## kill -9 at 100 moments, signals, full and read-only disks, two processes on one folder (FAULTS="--kills 20 --only train")
	node_modules/.bin/tsx test/faults/run.ts $(FAULTS)

clean: ## remove what was built
	rm -rf dist out
