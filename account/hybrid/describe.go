package hybrid

import "github.com/postern-dev/postern/account"

// DescribeCall implements [account.Describer] for the account's calls to itself.
func (a *Account) DescribeCall(c account.Call) (string, bool) { return "", false }

// WarnCall implements [account.Warner].
func (a *Account) WarnCall(c account.Call) string { return "" }

// DescribeCall implements [account.Describer] for the account's calls to itself.
func (s *Stateless) DescribeCall(c account.Call) (string, bool) { return "", false }

// WarnCall implements [account.Warner].
func (s *Stateless) WarnCall(c account.Call) string { return "" }
