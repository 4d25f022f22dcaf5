// Accounts with guardians, on a chain whose clock the tests turn.

package contracts_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

const day = 24 * 60 * 60

// What the module's functions take.
type (
	guardian struct {
		Signer []byte
		Weight uint64
	}
	tier struct {
		Threshold uint64
		Delay     uint32
		Guardians []guardian
	}
	setup struct {
		Expiry, ChangeDelay, Freeze uint32
		Tiers                       []tier
	}
	recovery struct {
		Account          common.Address
		Tier             uint8
		NewSigner        []byte
		Table            uint8
		CredentialIdHash [32]byte
		Replaces         [][]byte
		Nonce            *big.Int
		Deadline         *big.Int
		ConfigHash       [32]byte
	}
	approval struct {
		Guardian  uint8
		Signature []byte
		Proof     [][32]byte
	}
)

// party is anybody who signs for a guardian or a new signer: his signer bytes, and how he signs.
type party struct {
	signer []byte
	sign   func(common.Hash) []byte
}

func (p party) id() []byte {
	if len(p.signer) == 85 && bytes.Equal(p.signer[:20], p256Verify.Bytes()) {
		return crypto.Keccak256(p.signer[:84])
	}
	return crypto.Keccak256(p.signer)
}

func keyParty(t testing.TB, label string) party {
	k := newECDSA(t, label)
	return party{k.address.Bytes(), k.sign27}
}

// sign27 is sign with v of 27 or 28.
func (k *ecdsaKey) sign27(hash common.Hash) []byte {
	sig := k.sign(hash)
	sig[64] += 27
	return sig
}

func passkeyParty(t testing.TB, label string) party {
	p := newPasskey(t, label, seal.RequireUV)
	return party{p.signer.Bytes(), func(h common.Hash) []byte {
		b := p.approve(h) // 0x02 x y rule …
		return append([]byte{b[0]}, b[66:]...)
	}}
}

// contractParty is a contract that signs by ERC-1271.
func (w *world) contractParty(label string) party {
	k := newECDSA(w.t, label)
	at, _ := w.deploy("SigningContract", k.address)
	return party{at.Bytes(), k.sign27}
}

// verifierParty is a signer by ERC-7913 whose verifier takes hashes for signatures.
func (w *world) verifierParty(key string) party {
	at, _ := w.deploy("HashVerifier")
	return party{append(at.Bytes(), key...), func(h common.Hash) []byte { return crypto.Keccak256([]byte(key), h[:]) }}
}

// sorted puts guardians in the order of their ids.
func sorted(parties ...party) []party {
	parties = slices.Clone(parties)
	slices.SortFunc(parties, func(a, b party) int { return bytes.Compare(a.id(), b.id()) })
	return parties
}

// tierOf is a tier of guardians of weight 1, which are in order.
func tierOf(threshold uint64, days uint32, parties []party) tier {
	t := tier{Threshold: threshold, Delay: days * day}
	for _, p := range parties {
		t.Guardians = append(t.Guardians, guardian{p.signer, 1})
	}
	return t
}

// usualSetup is two tiers: 2 of 3 after 7 days, 1 of 1 after 30.
func usualSetup(family, institution []party) setup {
	return setup{Expiry: 14 * day, ChangeDelay: 8 * day, Freeze: 9 * day,
		Tiers: []tier{tierOf(2, 7, family), tierOf(1, 30, institution)}}
}

func (s setup) encode(t testing.TB) []byte {
	t.Helper()
	data, err := contracts.RecoveryABI.Methods["setupOf"].Outputs.Pack(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (s setup) hash(t testing.TB) common.Hash { return crypto.Keccak256Hash(s.encode(t)) }

// guarded is an account with guardians.
type guarded struct {
	*acct
	owner               *rawPasskey
	family, institution []party
	setup               setup
}

// newGuarded is an account of one passkey with the usual setup.
func newGuarded(t testing.TB, f fork) *guarded {
	t.Helper()
	w := newWorld(t, f)
	g := w.guardedAt(w.install(userop.V08), "owner")
	g.installModule(g.setup)
	return g
}

// guardedAt is the same without the setup in force.
func (w *world) guardedAt(d contracts.Deployment, label string) *guarded {
	w.t.Helper()
	w.installRecovery()
	owner := newPasskey(w.t, label, seal.RequireUV)
	g := &guarded{acct: w.create(d, equal(1, owner.signer)), owner: owner}
	g.family = sorted(keyParty(w.t, "family 1"), keyParty(w.t, "family 2"), passkeyParty(w.t, "family 3"))
	g.institution = []party{w.contractParty("institution")}
	g.setup = usualSetup(g.family, g.institution)
	return g
}

func (w *world) installRecovery() {
	w.t.Helper()
	for _, c := range contracts.All() {
		if c.Address == contracts.P256Verifier || c.Address == contracts.WebAuthnAccountRecovery {
			if len(w.state.GetCode(c.Address)) == 0 {
				w.must(stranger, contracts.Deployer, nil, c.Create)
			}
		}
	}
}

func (g *guarded) installModule(s setup) {
	g.t.Helper()
	if err := g.do("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, s.encode(g.t)); err != nil {
		g.t.Fatal(err)
	}
}

func (w *world) later(seconds uint64) {
	w.now += seconds
	w.number += int64(seconds / 12)
}

// module sends a transaction to the module.
func (w *world) module(from common.Address, method string, args ...any) error {
	w.t.Helper()
	_, _, err := w.send(from, contracts.WebAuthnAccountRecovery, nil, pack(w.t, contracts.RecoveryABI, method, args...))
	return err
}

// asOwner has the account call the module, as an operation would.
func (g *guarded) asOwner(method string, args ...any) error {
	g.t.Helper()
	data := pack(g.t, contracts.RecoveryABI, method, args...)
	return g.do("execute", modeSingle, single(contracts.WebAuthnAccountRecovery, nil, data))
}

// moduleSays reads values from the module.
func (w *world) moduleSays(method string, args ...any) []any {
	w.t.Helper()
	ret, err := w.view(stranger, contracts.WebAuthnAccountRecovery, pack(w.t, contracts.RecoveryABI, method, args...))
	if err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	values, err := contracts.RecoveryABI.Unpack(method, ret)
	if err != nil {
		w.t.Fatalf("%s: %x: %v", method, ret, err)
	}
	return values
}

func (g *guarded) nonce(tier uint8) *big.Int {
	g.t.Helper()
	return g.moduleSays("nonceOf", g.address, tier)[0].(*big.Int)
}

// recovery is one of the tier that replaces the owner's passkey.
func (g *guarded) recovery(tier uint8, newSigner party) recovery {
	g.t.Helper()
	return recovery{
		Account: g.address, Tier: tier, NewSigner: newSigner.signer, CredentialIdHash: crypto.Keccak256Hash([]byte("credential")),
		Replaces: [][]byte{g.owner.signer.Bytes()}, Nonce: g.nonce(tier),
		Deadline: new(big.Int).SetUint64(g.now + 3*day), ConfigHash: g.setup.hash(g.t),
	}
}

// approvals are those of the guardians at these positions.
func approvals(digest common.Hash, parties []party, who ...int) []approval {
	out := []approval{}
	for _, i := range who {
		out = append(out, approval{Guardian: uint8(i), Signature: parties[i].sign(digest)})
	}
	return out
}

// propose sends the proposal with the approvals of the new signer and of these guardians.
func (g *guarded) propose(r recovery, newSigner party, parties []party, who ...int) error {
	g.t.Helper()
	digest := g.recoverDigest(r)
	return g.module(stranger, "propose", r, approvals(digest, []party{newSigner}, 0)[0], approvals(digest, parties, who...))
}

func (w *world) recoverDigest(r recovery) common.Hash {
	replaces := []any{}
	for _, s := range r.Replaces {
		replaces = append(replaces, common.Bytes2Hex(s))
	}
	for i := range replaces {
		replaces[i] = "0x" + replaces[i].(string)
	}
	return w.typed("Recover", "account address,tier uint8,newSigner bytes,table uint8,credentialIdHash bytes32,replaces bytes[],nonce uint256,deadline uint48,configHash bytes32",
		r.Account.Hex(), number(r.Tier), fmt.Sprintf("0x%x", r.NewSigner), number(r.Table), fmt.Sprintf("0x%x", r.CredentialIdHash), replaces,
		(*math.HexOrDecimal256)(r.Nonce), (*math.HexOrDecimal256)(r.Deadline), fmt.Sprintf("0x%x", r.ConfigHash))
}

func (w *world) cancelDigest(account common.Address, tier, by uint8, nonce *big.Int, config common.Hash) common.Hash {
	return w.typed("CancelRecovery", "account address,tier uint8,by uint8,nonce uint256,configHash bytes32",
		account.Hex(), number(tier), number(by), (*math.HexOrDecimal256)(nonce), config.Hex())
}

func (w *world) freezeDigest(name string, account common.Address, tier uint8, nonce *big.Int, deadline uint64, config common.Hash) common.Hash {
	return w.typed(name, "account address,tier uint8,nonce uint256,deadline uint48,configHash bytes32",
		account.Hex(), number(tier), (*math.HexOrDecimal256)(nonce), number(deadline), config.Hex())
}

func number[N uint8 | uint64](n N) *math.HexOrDecimal256 {
	return (*math.HexOrDecimal256)(new(big.Int).SetUint64(uint64(n)))
}

// typed is an EIP-712 digest of the module's domain on the world's chain, by go-ethereum.
func (w *world) typed(name, fields string, values ...any) common.Hash {
	w.t.Helper()
	return w.typedOf(true, name, fields, values...)
}

func (w *world) typedOf(chain bool, name, fields string, values ...any) common.Hash {
	w.t.Helper()
	domain := []apitypes.Type{{Name: "name", Type: "string"}, {Name: "version", Type: "string"}}
	if chain {
		domain = append(domain, apitypes.Type{Name: "chainId", Type: "uint256"})
	}
	d := apitypes.TypedData{
		Types:       apitypes.Types{"EIP712Domain": append(domain, apitypes.Type{Name: "verifyingContract", Type: "address"})},
		PrimaryType: name, Message: apitypes.TypedDataMessage{},
		Domain: apitypes.TypedDataDomain{Name: "Postern Guardians", Version: "1", VerifyingContract: contracts.WebAuthnAccountRecovery.Hex()},
	}
	if chain {
		d.Domain.ChainId = (*math.HexOrDecimal256)(w.chain)
	}
	for i, f := range bytes.Split([]byte(fields), []byte(",")) {
		field, typ, _ := bytes.Cut(f, []byte(" "))
		d.Types[name] = append(d.Types[name], apitypes.Type{Name: string(field), Type: string(typ)})
		d.Message[string(field)] = values[i]
	}
	hash, _, err := apitypes.TypedDataAndHash(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return common.Hash(hash)
}

// cancelSignature is the owner's for the module's CancelAll, by ERC-7739.
func (g *guarded) cancelSignature(nonce *big.Int) []byte {
	g.t.Helper()
	typ := "CancelAll(address account,uint256 nonce)"
	c := seal.TypedContents{
		Type: typ, AppSeparator: g.separator(),
		Hash: crypto.Keccak256Hash(crypto.Keccak256([]byte(typ)), common.LeftPadBytes(g.address[:], 32), nonce.FillBytes(make([]byte, 32))),
	}
	toSign, err := c.SignHash(seal.PosternDomain(g.address, g.chain))
	if err != nil {
		g.t.Fatal(err)
	}
	sig, err := c.Wrap(g.owner.approve(toSign))
	if err != nil {
		g.t.Fatal(err)
	}
	return sig
}

func (w *world) separator() common.Hash {
	return crypto.Keccak256Hash(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
		crypto.Keccak256([]byte("Postern Guardians")), crypto.Keccak256([]byte("1")), w.chain.FillBytes(make([]byte, 32)),
		common.LeftPadBytes(contracts.WebAuthnAccountRecovery[:], 32))
}

// wantRecoveryError checks that a call failed with a custom error that the module or the account knows.
func wantRecoveryError(t testing.TB, err error, name string) {
	t.Helper()
	if _, ok := contracts.RecoveryABI.Errors[name]; ok {
		wantRevert(t, err, contracts.RecoveryABI, name)
		return
	}
	wantRevert(t, err, contracts.AccountABI, name)
}

// signersAre fails unless the account's signers are these.
func (g *guarded) signersAre(want ...[]byte) {
	g.t.Helper()
	got := g.ask("getSigners", uint64(0), uint64(100)).([][]byte)
	order := func(a, b []byte) int { return cmp.Compare(string(a), string(b)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.EqualFunc(got, want, bytes.Equal) {
		g.t.Errorf("signers %x, want %x", got, want)
	}
}

// mapSlot is where a mapping n slots after base keeps the value of the key, a word.
func mapSlot(key []byte, base common.Hash, n uint64) common.Hash {
	return crypto.Keccak256Hash(key, after(base, n).Bytes())
}

// errorNames are a contract's errors by their first four bytes.
func errorNames(all map[string]abi.Error) map[string]string {
	out := map[string]string{}
	for name, e := range all {
		out[string(e.ID[:4])] = name
	}
	return out
}
