#!/usr/bin/env bash
# Everything: installs what is missing, then the static checks, the contracts, the Go tests (race detector wherever the
# embedded chain is not linked), the JavaScript tests, and the demo as a user runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI="${CI:-}" CGO_ENABLED=0
start=$SECONDS
# What tests leave behind goes with this run, however it ends. Others may enter: PostgreSQL runs as another user.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/postern.XXXXXX")
trap 'rm -rf "$TMPDIR"' EXIT
chmod 755 "$TMPDIR"
export TMPDIR
# gotestsum names every skipped test and why; plain `go test` swallows that.
gotest() { go run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails -- "$@"; }
phase() { echo; echo "== $* ($((SECONDS - start)) s)"; }

phase "what this machine has"
bash scripts/deps.sh

phase "static checks"
bash scripts/check.sh

phase "contract artifacts equal their sources"
(cd contracts && node build.mjs --check)

# The race detector builds everything a second time with cgo. Packages whose tests link the embedded chain
# (go-ethereum's node) are left out: it is a quarter of an hour of compiling for code that is not ours.
all=$(go list ./...)
heavy=$(go list -test -f '{{$p := .ForTest}}{{if not $p}}{{$p = .ImportPath}}{{end}}{{range .Deps}}{{if eq . "github.com/ethereum/go-ethereum/core/vm"}}{{$p}}{{"\n"}}{{end}}{{end}}' ./... | sed 's/\.test$//; s/_test$//' | sort -u)
light=$(comm -23 <(sort <<<"$all") <(sort <<<"$heavy"))

phase "Go tests with the race detector: $(wc -l <<<"$light") packages"
# shellcheck disable=SC2086
CGO_ENABLED=1 gotest -race $light

phase "Go tests with the embedded chain: $(wc -l <<<"$heavy") packages"
# shellcheck disable=SC2086
gotest -timeout 30m $heavy

phase "Flow, judged by itself"
# CI builds the emulator once per machine, in a run that has the time: all of it is to stay below half an hour.
late=""
if [ -n "$CI" ] && [ $((SECONDS - start)) -lt 1200 ]; then
  export POSTERN_FLOW_BUILD=1
elif [ -n "$CI" ]; then
  late="this run has taken 20 minutes already"
fi
bash scripts/flow.sh "$late"

phase "JavaScript tests"
node --test wallet/jstest/*.mjs

phase "claims of compatibility, judged by others"
node interop/js/run.mjs

phase "the demo, as a user runs it"
make --no-print-directory demo

echo
echo "all green in $((SECONDS - start)) s"
