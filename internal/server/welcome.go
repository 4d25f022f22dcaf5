package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/hybrid"
)

// welcome tells the person who started it where things are and what to do next.
func (s *Stack) welcome(cfg UpConfig, took time.Duration) {
	info := s.chain.Info()
	var versions []string
	for _, ep := range info.EntryPoints {
		v := ep.Version
		if ep.Candidate {
			v += " (release candidate " + ep.Package + ")"
		}
		versions = append(versions, v)
	}
	state := "in memory, gone when this ends (keep it: --data DIR)"
	if cfg.DataDir != "" {
		state = "kept in " + cfg.DataDir
	}
	if cfg.Store != "" {
		state += "; passkeys kept in PostgreSQL"
	}
	rules := info.Rules
	if info.OsakaAt > 0 {
		rules += " until " + time.Unix(info.OsakaAt, 0).Format(time.DateTime) + ", then osaka"
	}
	origin := s.Origin()
	projects := ""
	for _, id := range slices.Sorted(maps.Keys(cfg.Passkeys.Projects)) {
		projects += fmt.Sprintf("            %s/passkeys/api/v4/%s\n", origin, id)
	}
	if _, ok := cfg.Alloc[common.HexToAddress(Kernel().MetaFactory)]; ok {
		projects += fmt.Sprintf("  sessions  %s/grant for owners, %s/session for keys (ZeroDev's Kernel)\n", origin, origin)
	}
	if s.flow != "" {
		projects += fmt.Sprintf("  flow      %s/flow   accounts of %s\n", origin, s.flow)
	}
	framework := hybrid.V130().Version
	fmt.Fprintf(s.out, `Postern is up after %s.

  wallet    %s
  JSON-RPC  %s/rpc   chain %d, %s rules: node, bundler and paymaster
            EntryPoints %s
            MetaMask's Delegation Framework %s, token %s
  passkeys  %s/passkeys   RP ID %s
%s  recovery  %s/recovery   what would lock an account, and guardians
  rescue    %s/rescue   a page that works when all of this is gone: save it
  state     %s

Next: open the wallet, make a passkey, take coins from the faucet, send some.
For development only: every program on this machine can use faucet and paymaster. Ctrl-C ends it.
`, took.Round(time.Millisecond), origin, origin, info.ChainID, rules, strings.Join(versions, ", "), framework, info.Token, origin, rpID, projects, origin, origin, state)
	for _, missing := range s.binding.Missing {
		fmt.Fprintf(s.out, "Not listening on %s.\n", missing)
	}
}
