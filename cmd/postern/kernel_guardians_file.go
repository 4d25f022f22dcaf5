package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/seal"
)

// kernelRecoveryFormat marks the files that the guardians of a Kernel account pass around.
const kernelRecoveryFormat = "postern/kernel-recovery/1"

// A kernelRecoveryFile is such a file. It holds no secret.
type kernelRecoveryFile struct {
	Format    string            `json:"format"`
	ChainID   string            `json:"chainId"`
	Account   common.Address    `json:"account"`
	Version   string            `json:"version"` // of Kernel
	NewOwner  kernelOwner       `json:"newOwner"`
	Nonce     *hexutil.Big      `json:"nonce"` // of the operation
	Threshold uint32            `json:"threshold"`
	Delay     int64             `json:"delaySeconds"`
	Guardians []kernelFileGuard `json:"guardians"`
}

type kernelFileGuard struct {
	Address   common.Address `json:"address"`
	Weight    uint32         `json:"weight"`
	Signature hexutil.Bytes  `json:"signature,omitempty"`
}

// A kernelRecovery is a proposal with what guardians have signed of it. Every signature in it
// is verified.
type kernelRecovery struct {
	chainID  *big.Int
	version  kernel.Version
	newOwner kernelOwner
	proposal *guardians.Proposal
	setup    guardians.Setup
	signed   []guardians.Signed
}

var errRecoveryFile = errors.New("it is no recovery of a Kernel account")

// newKernelRecovery makes the proposal that gives the account the new owner.
func newKernelRecovery(chainID *big.Int, acct common.Address, v kernel.Version, to kernelOwner, nonce *big.Int, s guardians.Setup) (*kernelRecovery, error) {
	root, err := to.root()
	if err != nil {
		return nil, err
	}
	after, err := kernel.Attach(acct, v, root) // as it will be: checks the new owner
	if err != nil {
		return nil, err
	}
	p, err := guardians.Propose(after, root, nonce)
	if err != nil {
		return nil, err
	}
	if err := inForce(s); err != nil {
		return nil, err
	}
	return &kernelRecovery{chainID: chainID, version: v, newOwner: to, proposal: p, setup: s}, nil
}

// maxGuards is more than anybody has.
const maxGuards = 128

// inForce refuses what cannot be on a chain. Others' tools set guardians that Check would not
// let in, without a delay for one.
func inForce(s guardians.Setup) error {
	sum := uint64(0)
	for i, g := range s.Guardians {
		if g.Weight == 0 || slices.ContainsFunc(s.Guardians[:i], func(o guardians.Guardian) bool { return o.Address == g.Address }) {
			return errRecoveryFile
		}
		sum += uint64(g.Weight)
	}
	if len(s.Guardians) > maxGuards || s.Threshold == 0 || uint64(s.Threshold) > sum || s.Delay < 0 {
		return errRecoveryFile
	}
	return nil
}

// parseKernelRecovery reads a file strictly, and verifies all that is in it.
func parseKernelRecovery(text []byte) (*kernelRecovery, error) {
	var f kernelRecoveryFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.Format != kernelRecoveryFormat || dec.More() || f.Nonce == nil {
		return nil, errRecoveryFile
	}
	return f.recovery()
}

func (f *kernelRecoveryFile) recovery() (*kernelRecovery, error) {
	id, err := parseChainID(f.ChainID)
	if err != nil {
		return nil, err
	}
	v := kernel.Version(f.Version)
	if _, err := kernel.ForVersion(v, nil); err != nil {
		return nil, err
	}
	if !v.AtLeast(kernel.V031) {
		return nil, &kernel.UnsupportedError{Version: v, What: "has no guardians", Way: "upgrade to Kernel 0.3.1 or later"}
	}
	if f.Delay < 0 || f.Delay > int64(math.MaxInt64/time.Second) || len(f.Guardians) > maxGuards {
		return nil, errRecoveryFile
	}
	s := guardians.Setup{Threshold: f.Threshold, Delay: time.Duration(f.Delay) * time.Second}
	for _, g := range f.Guardians {
		s.Guardians = append(s.Guardians, guardians.Guardian{Address: g.Address, Weight: g.Weight})
	}
	out, err := newKernelRecovery(id, f.Account, v, f.NewOwner, (*big.Int)(f.Nonce), s)
	if err != nil {
		return nil, err
	}
	for _, g := range f.Guardians {
		if len(g.Signature) == 0 {
			continue
		}
		if err := out.add(g.Address, g.Signature); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add takes a guardian's signature, after verifying it.
func (r *kernelRecovery) add(who common.Address, signature []byte) error {
	if _, err := guardians.Approve(r.setup, r.proposal, r.chainID, guardians.Signed{Guardian: who, Signature: signature}); err != nil {
		return err
	}
	sig, err := seal.KernelECDSA(signature) // as the contract takes it
	if err != nil {
		return err
	}
	if r.of(who) == nil {
		r.signed = append(r.signed, guardians.Signed{Guardian: who, Signature: sig})
	}
	return nil
}

// of is a guardian's signature; nil if there is none.
func (r *kernelRecovery) of(who common.Address) []byte {
	for _, s := range r.signed {
		if s.Guardian == who {
			return s.Signature
		}
	}
	return nil
}

// same reports whether two files are about the same.
func (r *kernelRecovery) same(o *kernelRecovery) bool {
	return r.chainID.Cmp(o.chainID) == 0 && r.proposal.Hash() == o.proposal.Hash() && r.version == o.version && sameSetup(r.setup, o.setup)
}

// merge takes over what stands in another file of the same.
func (r *kernelRecovery) merge(o *kernelRecovery) error {
	for _, s := range o.signed {
		if err := r.add(s.Guardian, s.Signature); err != nil {
			return err
		}
	}
	return nil
}

func (r *kernelRecovery) file() *kernelRecoveryFile {
	f := &kernelRecoveryFile{Format: kernelRecoveryFormat, ChainID: r.chainID.String(), Account: r.proposal.Account, Version: string(r.version),
		NewOwner: r.newOwner, Nonce: (*hexutil.Big)(r.proposal.Nonce), Threshold: r.setup.Threshold, Delay: int64(r.setup.Delay / time.Second)}
	for _, g := range r.setup.Guardians {
		f.Guardians = append(f.Guardians, kernelFileGuard{g.Address, g.Weight, r.of(g.Address)})
	}
	return f
}

// weight is that of the guardians for whom the question is answered with yes.
func (r *kernelRecovery) weight(of func(common.Address) bool) (sum uint64) {
	for _, g := range r.setup.Guardians {
		if of(g.Address) {
			sum += uint64(g.Weight)
		}
	}
	return sum
}

// isGuardian refuses everybody else.
func (r *kernelRecovery) isGuardian(who common.Address, names *nameBook) error {
	hint := "asked are"
	for i, g := range r.setup.Guardians {
		if g.Address == who {
			return nil
		}
		if i > 0 {
			hint += ","
		}
		hint += " " + names.key(g.Address)
	}
	return failf("not-a-guardian", hint, "%s is no guardian of the account %s", names.key(who), r.proposal.Account)
}

func (c *call) readKernelRecovery(path string) (*kernelRecovery, error) {
	text, _, err := c.readArgument([]string{path})
	if err != nil {
		return nil, err
	}
	return kernelRecoveryIn(path, text)
}

// kernelRecoveryIn reads the text of a file; the path is what errors call it.
func kernelRecoveryIn(path string, text []byte) (*kernelRecovery, error) {
	out, err := parseKernelRecovery(text)
	if err != nil {
		f := explain(err)
		if f.Code == "failed" || f.Code == "usage" || f.Code == "bad-setup" {
			f.Code, f.exit = "bad-file", exitFailure
		}
		f.Message, f.Hint = path+": "+f.Message, "take the file as it was made: postern kernel guardians propose … --out FILE"
		return nil, f
	}
	return out, nil
}

// readKernelRecoveries lays the guardians' copies of one file together.
func (c *call) readKernelRecoveries(paths []string) (*kernelRecovery, error) {
	all, err := c.readKernelRecovery(paths[0])
	if err != nil {
		return nil, err
	}
	for _, path := range paths[1:] {
		more, err := c.readKernelRecovery(path)
		if err != nil {
			return nil, err
		}
		if !all.same(more) {
			return nil, failf("wrong-file", "give copies of one file", "%s is about something else than %s", clip(path), clip(paths[0]))
		}
		if err := all.merge(more); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// writeKernelRecovery keeps a file for guardians. It replaces one of the same only, and keeps
// what was signed in it.
func (c *call) writeKernelRecovery(path string, r *kernelRecovery) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode().IsRegular() && info.Size() == 0:
	case !info.Mode().IsRegular():
		return failf("exists", "choose another name", "%s is there already and is no file", path)
	default:
		old, err := c.readKernelRecovery(path)
		if err != nil || !old.same(r) {
			return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is about something else", path)
		}
		if err := r.merge(old); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := printJSON(&b, r.file()); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// words say what guardians are asked for.
func (r *kernelRecovery) words(names *nameBook) []string {
	out := append([]string{"On chain " + r.chainID.String() + ":"}, r.proposal.Words()...)
	return append(out, names.kernelSetup(r.setup)[0]+".", "A wallet shows no more of it than its hash: "+r.proposal.Hash().Hex())
}

// warnings is what a guardian should know beside the words.
func (r *kernelRecovery) warnings() (out []string) {
	if o := r.newOwner.Owner; o != nil && slices.ContainsFunc(r.setup.Guardians, func(g guardians.Guardian) bool { return g.Address == *o }) {
		out = append(out, fmt.Sprintf("The new owner, %s, is a guardian of the account.", o))
	}
	return out
}
