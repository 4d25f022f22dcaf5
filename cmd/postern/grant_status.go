package main

import (
	"context"
	"flag"
)

const grantStatusAbout = `
Where an approval stands on its chain – approved, enabled, expired, revoked – and what is
left of its limits: uses, budget, time.

  postern grant status approval.grant --rpc URL

Exit code 0: it can make operations. 1: it cannot any more.`

func grantStatus() verb {
	return verb{name: "status", usage: "[approval.grant|approval.txt|-] --rpc URL [flags]", about: grantStatusAbout, run: runGrantStatus}
}

// opened is what open and status print.
type opened struct {
	Permission string    `json:"permissionId"`
	Name       string    `json:"name,omitempty"`
	Account    string    `json:"account"`
	Chains     []string  `json:"chains,omitempty"` // that it is for, as far as it says
	Owner      string    `json:"owner,omitempty"`
	Key        string    `json:"sessionKey,omitempty"`
	Secret     bool      `json:"holdsPrivateKey"`
	Expires    string    `json:"expires,omitempty"`
	Words      []string  `json:"words,omitempty"`
	Status     *standing `json:"status,omitempty"`
	File       string    `json:"file,omitempty"` // that was written
}

// standing is where a permission is on a chain.
type standing struct {
	ChainID    string   `json:"chainId"`
	State      string   `json:"state"`
	Usable     bool     `json:"usable"`
	Deployed   bool     `json:"accountDeployed"`
	ValidAfter uint64   `json:"validAfter,omitempty"` // Unix seconds
	ValidUntil uint64   `json:"validUntil,omitempty"`
	Messages   bool     `json:"signsMessages"`
	Left       []left   `json:"left"`
	Words      []string `json:"words"`
}

// left is what one policy has left.
type left struct {
	Policy  string  `json:"policy"`
	Wei     string  `json:"wei,omitempty"`
	Uses    *uint64 `json:"uses,omitempty"`
	StartAt uint64  `json:"startAt,omitempty"`
	ResetAt uint64  `json:"resetAt,omitempty"`
}

// openFlags are those of open and status.
type openFlags struct {
	network
	readFlags
	version string
	json    bool
}

func (f *openFlags) flags(fs *flag.FlagSet) {
	f.network.flags(fs)
	f.readFlags.flags(fs)
	fs.StringVar(&f.version, "version", "", "`version` of Kernel, where neither the chain nor the SDK's text tells it")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
}

func runGrantStatus(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f openFlags
	f.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if _, err := rpcURL(f.rpc); err != nil {
		return err
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	a, _, err := c.readApproval(rest, &f.readFlags)
	if err != nil {
		return err
	}
	defer a.wipe()
	info := &opened{Permission: a.any().Fields().PermissionID.String(), Account: a.any().Fields().Account.Hex()}
	usable, err := f.hold(ctx, a, key, info)
	if err != nil {
		return err
	}
	if f.json {
		err = printJSON(c.stdout, info.Status)
	} else {
		c.printStanding(info)
	}
	if err == nil && !usable {
		return errWrong
	}
	return err
}
