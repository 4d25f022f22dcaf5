#!/usr/bin/env bash
# Names what this machine lacks, installs it where that is possible (Debian, as root), and stops with a list where it is not.
set -euo pipefail

need_apt=()
have() { command -v "$1" >/dev/null 2>&1; }

have gcc || need_apt+=(gcc libc6-dev)          # the race detector needs cgo
have node || need_apt+=(nodejs)
have npm || need_apt+=(npm)
have git || need_apt+=(git)
have chromium || have chromium-browser || have google-chrome || need_apt+=(chromium)

# Building and running everything writes 3 GB, with the Flow emulator 5 at most. A build cache that many edits have filled is a usual reason
# for less; a machine that only tests may lose it, a person's is theirs to empty.
room() { df -Pk "${TMPDIR:-/tmp}" "$(go env GOCACHE)" 2>/dev/null | awk 'NR > 1 && (!least || $4 < least) { least = $4 } END { print int(least / 1048576) }'; }
if have go && [ "$(room)" -lt 6 ]; then
  if [ -n "${CI:-}" ]; then
    echo "$(room) GB of disk free: emptying Go's build cache, $(du -sh "$(go env GOCACHE)" | cut -f1)"
    go clean -cache
  fi
  [ "$(room)" -ge 3 ] || { echo "missing: 3 GB of free disk for builds, found $(room) (try: go clean -cache)" >&2; exit 1; }
fi

# PostgreSQL, of which tests start their own; without it they are skipped, and say so.
if ! have postgres && ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
  if have apt-get && [ "$(id -u)" = 0 ]; then
    need_apt+=(postgresql)
    # Debian's package would make a cluster, and start it, unless it is told not to.
    no_cluster=/etc/postgresql-common/createcluster.d/postern.conf
    trap 'rm -f "$no_cluster"' EXIT
    mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' >"$no_cluster"
  else
    echo "no PostgreSQL here: tests that start one will be skipped (Debian: apt-get install postgresql)"
  fi
fi

if [ ${#need_apt[@]} -gt 0 ]; then
  if have apt-get && [ "$(id -u)" = 0 ]; then
    echo "installing: ${need_apt[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    apt-get install -y -qq --no-install-recommends "${need_apt[@]}" >/dev/null
  else
    echo "missing on this machine: ${need_apt[*]}" >&2
    echo "hint: install them (Debian: apt-get install ${need_apt[*]}) and run again" >&2
    exit 1
  fi
fi

have go || { echo "missing: Go 1.26 or newer (https://go.dev/dl/)" >&2; exit 1; }
node_major=$(node -p 'process.versions.node.split(".")[0]')
[ "$node_major" -ge 20 ] || { echo "missing: Node.js 20 or newer (found $(node --version))" >&2; exit 1; }

install_npm() { # folder: once per lock file
  local stamp="$1/node_modules/.lock.sha256" sum
  sum=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
  echo "npm packages of $1"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
  echo "$sum" >"$stamp"
}
install_npm contracts
install_npm interop/js

go mod download
echo "go $(go env GOVERSION | sed s/^go//), node $(node --version), $( (chromium --version || chromium-browser --version || google-chrome --version) 2>/dev/null | head -1)"
