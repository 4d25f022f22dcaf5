#!/usr/bin/env bash
# The tests of flow/..., the journey, the commands and the pages once more, against a Flow emulator and flow-go, where these are built already
# or may be: a first build takes 5 CPU minutes and 1.5 GB of modules. Without them exchanges were replayed, and the pages' tests were skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
sum=$(cat interop/flow/go.sum interop/flow/*/*.go interop/flow/build.sh | sha256sum | cut -c1-16)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/postern"
dir="${POSTERN_FLOW:-$cache/flow-$sum}"
if [ ! -x "$dir/emulator" ] || [ ! -x "$dir/oracle" ]; then
  if [ -z "${POSTERN_FLOW_BUILD:-}" ]; then
    echo "SKIPPED the Flow emulator and flow-go: not built yet${1:+, and $1}; POSTERN_FLOW_BUILD=1 builds them (5 CPU minutes, 1.5 GB)"
    exit 0
  fi
  if ! (cd interop/flow && CGO_ENABLED=0 go list -deps -tags no_cgo ./emulator ./oracle >/dev/null); then
    echo "SKIPPED the Flow emulator and flow-go: their modules could not be downloaded"
    exit 0
  fi
  [ -n "${POSTERN_FLOW:-}" ] || rm -rf "$cache"/flow-* # built from older sources
  begun=$SECONDS
  interop/flow/build.sh "$dir"
  echo "built the Flow emulator and the oracle in $((SECONDS - begun)) s"
fi
POSTERN_FLOW="$dir" CGO_ENABLED=0 go test -count 1 -timeout 20m ./flow/...
POSTERN_FLOW="$dir" CGO_ENABLED=0 go test -count 1 -run 'Flow|TestScripts/flow_tx' ./journeys ./cmd/postern
# An app with the unmodified @onflow/fcl: 270 packages, 130 MB, 20 s, for that one test; once per lock file.
fcl=interop/js/fcl
sum=$(sha256sum $fcl/package-lock.json | cut -d' ' -f1)
if [ "$(cat $fcl/node_modules/.lock.sha256 2>/dev/null)" != "$sum" ]; then
  if (cd $fcl && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
    echo "$sum" >$fcl/node_modules/.lock.sha256
  else
    echo "SKIPPED the app with @onflow/fcl: its packages could not be installed"
  fi
fi
POSTERN_FLOW="$dir" CGO_ENABLED=0 go test -count 1 ./wallet/browsertest -run Flow
