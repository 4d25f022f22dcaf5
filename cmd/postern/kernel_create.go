package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

const kernelCreateAbout = `
The account that follows from version, owner and index. Its address is the same on every
chain and known offline; it is what the ZeroDev SDK's createKernelAccount computes.

  postern kernel create --owner-key owner.json --save account.json    the address, without a network
  postern kernel create --key phone.json --save account.json          one of a passkey
  postern kernel create --owner-key owner.json --rpc URL              deploys it, approved by the owner

--validator says by which contract the owner signs; the address follows from it, too:
  multi-chain-ecdsa     a key; one approval may be for many chains (the default for a key)
  ecdsa                 a key; what the SDK's signerToEcdsaValidator makes
  webauthn              a passkey, validator 0.0.3 (the default for a passkey)
  multi-chain-webauthn  a passkey; one prompt for many chains. It is 0.0.2: ZeroDev's npm packages
                        know 0.0.1 only, which its makers call unpatched

It need not be deployed before it grants: the first operation of a session key does that.`

func kernelCreate() verb {
	return verb{name: "create", usage: "[--owner-key FILE | --key FILE | --owner 0x… | --passkey …] [--rpc URL] [flags]", about: kernelCreateAbout, run: runKernelCreate}
}

// kernelCreated is what create prints.
type kernelCreated struct {
	Account     string           `json:"account"`
	Version     string           `json:"version"`
	EntryPoint  string           `json:"entryPoint"`
	Validator   string           `json:"validator"`
	Contract    string           `json:"validatorContract"`
	Owner       string           `json:"owner,omitempty"`
	Passkey     *creationPasskey `json:"passkey,omitempty"`
	Index       string           `json:"index"`
	Factory     string           `json:"factory"`
	FactoryData hexutil.Bytes    `json:"factoryData"`
	Deployed    *bool            `json:"deployed,omitempty"` // absent: not asked
	Operation   *common.Hash     `json:"userOpHash,omitempty"`
	Receipt     *receipt         `json:"receipt,omitempty"`
}

func runKernelCreate(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f kernelFlags
	f.actFlags.flags(fs)
	var made kernelCreation
	fs.StringVar(&made.Version, "version", string(kernel.V033), "`version` of Kernel: 0.3.0 to 0.3.3, or 0.2.2 to 0.2.4, which has no session keys")
	fs.StringVar(&made.Validator, "validator", "", "`name` of the root validator, see above")
	fs.StringVar(&made.Index, "index", "0", "the SDK's `index`: tells accounts of one owner apart")
	named := fs.String("passkey", "", "a `passkey` elsewhere is the owner, named as for postern hybrid add-key")
	save := fs.String("save", "", "keep the address, and what it follows from, in this `file` for --account")
	deploy := fs.Bool("deploy", false, "deploy it, also where the node is named by $POSTERN_RPC only")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	by, signer, err := f.approver.read(c)
	switch {
	case *named != "" && (by.Owner != nil || by.Passkey != nil):
		return usageError("--passkey and another owner exclude each other", "an account has one owner: give one of them")
	case *named != "":
		ref, err := parsePasskeyRef(*named)
		if err != nil {
			return err
		}
		made.Passkey = &creationPasskey{ref.credentialText(), ref.public.String()}
	case errors.Is(err, errNobody):
		return usageError("an account needs an owner", "--owner-key FILE, --owner 0x…, --key FILE or --passkey for a passkey")
	case err != nil:
		return err
	case by.Passkey != nil:
		made.Passkey = &creationPasskey{by.Passkey.CredentialID, by.Passkey.PublicKey}
	default:
		made.Owner = by.Owner
	}
	acct, err := made.account()
	if err != nil {
		return err
	}
	if *save != "" {
		if err := kernelFiles.save(*save, acct.Address(), &made); err != nil {
			return err
		}
	}
	out := describeKernel(acct, &made)
	if !*deploy && f.rpc == "" && f.bundler == "" {
		return c.printKernel(out, f.json, "No chain was asked. Next: postern grant new, or with --rpc URL or --deploy it is deployed", *save)
	}
	if by.Owner == nil && by.Passkey == nil {
		return usageError("the passkey that approves is not known well enough", "to deploy it: --key FILE, or --public-key, --credential-id, --rp-id and --origin")
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a := &kernelAct{call: c, flags: &f, acct: acct, signer: signer,
		spec: &kernelSpec{Address: acct.Address(), Create: &made, Owner: by.Owner, Passkey: by.Passkey}}
	if a.conn, err = f.dial(); err != nil {
		return err
	}
	return a.deploy(ctx, out)
}

func describeKernel(acct *kernel.Account, made *kernelCreation) *kernelCreated {
	factory, data := acct.Factory()
	out := &kernelCreated{Account: acct.Address().Hex(), Version: made.Version, EntryPoint: acct.EntryPoint().Version(),
		Validator: made.Validator, Contract: acct.RootContract().Hex(), Passkey: made.Passkey, Index: made.Index, Factory: factory.Hex(), FactoryData: data}
	if made.Owner != nil {
		out.Owner = made.Owner.Hex()
	}
	return out
}

// deploy makes the first operation, which does nothing else, and prints what became of it.
func (a *kernelAct) deploy(ctx context.Context, out *kernelCreated) error {
	code, err := a.conn.Chain.Code(ctx, a.spec.Address)
	if err != nil {
		return fmt.Errorf("read the code of %s: %w", a.spec.Address, err)
	}
	if len(code) > 0 {
		yes := true
		out.Deployed = &yes
		return a.call.printKernel(out, a.flags.json, "It is on the chain already; what it is now: postern kernel show "+out.Account, "")
	}
	if !a.flags.json {
		if err := a.call.printKernel(out, false, "", ""); err != nil {
			return err
		}
	}
	p, r, err := a.operate(ctx, []account.Call{{}}) // as the SDK does: a call of nothing to nobody
	if err != nil || p == nil {
		return err
	}
	if !a.flags.json {
		return a.call.printOutcome(p, r, false)
	}
	hash := p.Hash()
	out.Operation = &hash
	if r != nil {
		out.Receipt, out.Deployed = wireReceipt(r), &r.Success
	}
	return errors.Join(printJSON(a.call.stdout, out), badReceipt(r))
}

func (c *call) printKernel(out *kernelCreated, asJSON bool, last, saved string) error {
	if asJSON {
		return printJSON(c.stdout, out)
	}
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "account %s\n", p.bold(out.Account))
	if out.Owner != "" {
		fmt.Fprintf(c.stdout, "  owner    %s\n", out.Owner)
	} else {
		fmt.Fprintf(c.stdout, "  owner    the passkey %s\n", plain(out.Passkey.CredentialID))
	}
	fmt.Fprintf(c.stdout, "  made by  Kernel %s, EntryPoint %s, validator %s, index %s\n", out.Version, out.EntryPoint, out.Validator, out.Index)
	if saved != "" {
		fmt.Fprintf(c.stdout, "  kept in  %s, for --account\n", plain(saved))
	}
	if last != "" {
		fmt.Fprintln(c.stdout, last)
	}
	return nil
}
