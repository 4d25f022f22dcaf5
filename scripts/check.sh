#!/usr/bin/env bash
# The checks that need no test run: formatting, vet, staticcheck, known vulnerabilities, types of the page's JavaScript.
set -euo pipefail
export CGO_ENABLED=0

bad=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
[ -z "$bad" ] || { echo "not gofmt-ed: $bad" >&2; exit 1; }
echo "ok gofmt"

go mod verify >/dev/null
cp go.mod go.sum "${tmp:=$(mktemp -d)}"
trap 'rm -rf "$tmp"' EXIT
go mod tidy
diff -u "$tmp/go.mod" go.mod && diff -u "$tmp/go.sum" go.sum || { cp "$tmp"/go.* .; echo "go.mod is not tidy: run 'go mod tidy'" >&2; exit 1; }
echo "ok go.mod is tidy"

go vet ./...
echo "ok go vet"

go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
echo "ok staticcheck"

if curl -fsS --max-time 10 -o /dev/null https://vuln.go.dev/index/db.json 2>/dev/null; then
  go run golang.org/x/vuln/cmd/govulncheck@v1.3.0 ./...
  echo "ok govulncheck"
else
  echo "SKIPPED govulncheck: its database (vuln.go.dev) cannot be reached from here"
fi

if [ -x interop/js/node_modules/.bin/tsc ] && [ -f wallet/tsconfig.json ]; then
  interop/js/node_modules/.bin/tsc -p wallet/tsconfig.json
  echo "ok tsc --checkJs"
else
  echo "SKIPPED tsc: run scripts/deps.sh first" >&2
  exit 1
fi
