#!/usr/bin/env bash
# What Flow costs in size: a program with an HTTP client and passkeys, without flow and flow/access and with them; and the
# symbols of Flow in postern itself, which are less than what they bring (types, tables).
set -euo pipefail
cd "$(dirname "$0")/.."
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
export CGO_ENABLED=0
program() { # name, imports, values
  mkdir "$tmp/$1.d"
  cat >"$tmp/$1.d/main.go" <<EOF
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/postern-dev/postern/passkey"
	$2
)

func main() {
	fmt.Println(len(os.Args), []any{http.Get, json.Marshal, json.Unmarshal, passkey.ParseAssertion, (*passkey.Assertion).Verify, passkey.WalletMode{}.Read, $3})
}
EOF
  go build -trimpath -ldflags '-s -w' -o "$tmp/$1" "$tmp/$1.d/main.go"
  stat -c %s "$tmp/$1"
}
without=$(program without '' '')
with=$(program with '"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"' \
  '(*flow.Transaction).Sign, (*flow.Transaction).VerifySignature, flow.Decode, flow.ParseSignable, (*flow.Proof).Verify, (*flow.Proof).Script, flow.ParseProof, flow.Policy{}.Sponsor, flow.CreateAccount, flow.AddKeys, flow.RevokeKey, (*access.Client).Prepare, (*access.Client).Send, (*access.Client).Wait, (*access.Client).Script, (*access.Client).FindAccounts, access.NewIndexer')
echo "a program with HTTP and passkeys: $without bytes; with flow and flow/access: $with; more by $(((with - without) / 1024)) KiB"
go build -o "$tmp/postern" ./cmd/postern
go tool nm -size "$tmp/postern" | awk '$4 ~ /^(main|github.com\/postern-dev\/postern)[.\/]/ && tolower($4) ~ /[^r]flow/ { n += $2 }
  END { printf "symbols of Flow in postern: %d KiB\n", n / 1024 }'
stat -c '%s' "$tmp/postern" | awk '{ printf "postern, not stripped: %.1f MiB\n", $1 / 1048576 }'
