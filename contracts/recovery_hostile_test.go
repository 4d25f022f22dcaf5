package contracts_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// A contract for guardian can spoil its own approval and nothing else.
func TestAHostileGuardianSpoilsOnlyItsOwnApproval(t *testing.T) {
	w := newWorld(t, osaka)
	g := w.guardedAt(w.install(userop.V08), "owner")
	at, hostileABI := w.deploy("HostileGuardian")
	hostile := party{at.Bytes(), func(common.Hash) []byte { return []byte{0} }}
	all := sorted(hostile, keyParty(t, "f 1"), keyParty(t, "f 2"))
	g.setup.Tiers[0] = tierOf(2, 7, all)
	g.installModule(g.setup)
	self, honest := 0, []int{}
	for i, p := range all {
		if bytes.Equal(p.signer, at.Bytes()) {
			self = i
		} else {
			honest = append(honest, i)
		}
	}
	newSigner := keyParty(t, "new")
	r := g.recovery(0, newSigner)
	digest := g.recoverDigest(r)
	own := approvals(digest, []party{newSigner}, 0)[0]
	with := []approval{{Guardian: uint8(self)}, approvals(digest, all, honest[0])[0]}
	if self > honest[0] {
		with[0], with[1] = with[1], with[0]
	}
	// What it tries to do when it is asked is anybody's to do: a proposal by the other two.
	again := pack(t, contracts.RecoveryABI, "propose", r, own, approvals(digest, all, honest...))
	w.must(stranger, at, nil, pack(t, hostileABI, "set", contracts.WebAuthnAccountRecovery, again))
	for what := byte(1); what <= 7; what++ {
		for i := range with {
			if int(with[i].Guardian) == self {
				with[i].Signature = []byte{what}
			}
		}
		wantRecoveryError(t, g.module(stranger, "propose", r, own, with), "InvalidApproval")
		if p := g.moduleSays("proposalOf", g.address, uint8(0)); p[0] != [32]byte{} {
			t.Fatalf("%d: proposed from within: %v", what, p)
		}
	}
	_, _, err := w.send(stranger, contracts.WebAuthnAccountRecovery, nil, again)
	if err != nil {
		t.Errorf("the others' proposal: %v", err)
	}
}

// hostileAccount is an account that does as it likes, under the usual setup.
type hostileAccount struct {
	*guarded
	contract abi.ABI
}

func newHostileAccount(t *testing.T) *hostileAccount {
	t.Helper()
	w := newWorld(t, osaka)
	g := w.guardedAt(w.install(userop.V08), "owner")
	at, contract := w.deploy("HostileAccount")
	g.address = at
	h := &hostileAccount{g, contract}
	h.must(stranger, at, nil, pack(t, contract, "set", g.owner.signer.Bytes(), uint64(1)))
	if err := h.asAccount("onInstall", g.setup.encode(t)); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hostileAccount) asAccount(method string, args ...any) error {
	h.t.Helper()
	_, _, err := h.send(stranger, h.address, nil, pack(h.t, h.contract, "call", contracts.WebAuthnAccountRecovery, pack(h.t, contracts.RecoveryABI, method, args...)))
	return err
}

func TestAnAccountThatComesBackFromWithin(t *testing.T) {
	newSigner := keyParty(t, "new")
	for again, want := range map[string]string{"execute": "NoProposal", "other tier": "NoProposal", "propose": "BadNonce", "cancel": "",
		"applySetup": "NoPendingSetup", "freeze": "InvalidApproval", "onUninstall": "SetupStands", "onInstall": "SetupStands", "nothing": ""} {
		h := newHostileAccount(t)
		r, slow := h.recovery(0, newSigner), h.recovery(1, newSigner)
		if err := h.propose(r, newSigner, h.family, 0, 1); err != nil {
			t.Fatal(err)
		}
		if err := h.propose(slow, newSigner, h.institution, 0); err != nil {
			t.Fatal(err)
		}
		h.later(22 * day)
		if err := h.asAccount("scheduleSetup", setup{Tiers: []tier{}}); err != nil {
			t.Fatal(err)
		}
		h.later(8*day + 1)
		r = h.recovery(0, newSigner)
		if err := h.propose(r, newSigner, h.family, 0, 1); err != nil {
			t.Fatal(err)
		}
		var data []byte
		switch again {
		case "execute":
			data = pack(t, contracts.RecoveryABI, "execute", slow)
		case "other tier":
			data = pack(t, contracts.RecoveryABI, "execute", r)
		case "propose":
			digest := h.recoverDigest(r)
			data = pack(t, contracts.RecoveryABI, "propose", r, approvals(digest, []party{newSigner}, 0)[0], approvals(digest, h.family, 0, 1))
		case "cancel":
			data = pack(t, contracts.RecoveryABI, "cancel")
		case "applySetup":
			data = pack(t, contracts.RecoveryABI, "applySetup", h.address)
		case "freeze":
			digest := h.freezeDigest("Freeze", h.address, 0, h.nonce(0xff), h.now, h.setup.hash(t))
			data = pack(t, contracts.RecoveryABI, "freeze", h.address, uint8(0), uint48(h.now), approvals(digest, h.family, 0, 1))
		case "onInstall":
			data = pack(t, contracts.RecoveryABI, "onInstall", h.setup.encode(t))
		case "onUninstall":
			data = pack(t, contracts.RecoveryABI, "onUninstall", []byte{})
		}
		h.must(stranger, h.address, nil, pack(t, h.contract, "plan", contracts.WebAuthnAccountRecovery, data))
		wantRecoveryError(t, h.module(stranger, "execute", slow), "NotRecovered") // it has done nothing of what it was asked
		h.must(stranger, h.address, nil, pack(t, h.contract, "obey", newSigner.signer, h.owner.signer.Bytes()))
		nonce := h.nonce(0)
		if err := h.module(stranger, "execute", slow); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		answer, err := h.contract.Unpack("answer", h.must(stranger, h.address, nil, pack(t, h.contract, "answer")))
		if err != nil {
			t.Fatal(err)
		}
		if want != "" {
			t.Run(again, func(t *testing.T) { wantRecoveryError(t, &revertError{errTest, answer[0].([]byte)}, want) })
		}
		if nonce.Cmp(h.nonce(0)) >= 0 || h.moduleSays("proposalOf", h.address, uint8(0))[0] != [32]byte{} {
			t.Errorf("%s: something outlives the recovery", again)
		}
	}
}

// Within a freeze the account may call what anybody may, and finds the freeze begun.
func TestAnAccountThatComesBackWhileItIsFrozen(t *testing.T) {
	h := newHostileAccount(t)
	digest := h.freezeDigest("Freeze", h.address, 0, h.nonce(0xff), h.now, h.setup.hash(t))
	freeze := pack(t, contracts.RecoveryABI, "freeze", h.address, uint8(0), uint48(h.now), approvals(digest, h.family, 0, 1))
	h.must(stranger, h.address, nil, pack(t, h.contract, "plan", contracts.WebAuthnAccountRecovery, freeze))
	h.must(stranger, contracts.WebAuthnAccountRecovery, nil, freeze)
	values, err := h.contract.Unpack("answer", h.must(stranger, h.address, nil, pack(t, h.contract, "answer")))
	if err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, &revertError{errTest, values[0].([]byte)}, "InvalidApproval") // the nonce has risen
	if got := h.nonce(0xff); got.Uint64()&(1<<32-1) != 1 {
		t.Errorf("nonce %s", got)
	}
}

var errTest = abiError("from within")

type abiError string

func (e abiError) Error() string { return string(e) }

func TestAProposalThatTheAccountCouldNotFollowIsRefused(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := passkeyParty(t, "new")
	owner, ownerBytes := g.owner, g.owner.signer.Bytes()
	ownerParty := party{ownerBytes, func(h common.Hash) []byte { b := owner.approve(h); return append([]byte{b[0]}, b[66:]...) }}
	for name, c := range map[string]struct {
		want   string
		signer party
		change func(*recovery)
	}{
		"replaces nobody":        {"BadReplaceCount", newSigner, func(r *recovery) { r.Replaces = [][]byte{} }},
		"replaces too many":      {"BadReplaceCount", newSigner, func(r *recovery) { r.Replaces = make([][]byte, 33) }},
		"replaces a stranger":    {"NotASigner", newSigner, func(r *recovery) { r.Replaces = [][]byte{stranger.Bytes()} }},
		"replaces one twice":     {"DuplicateSigner", newSigner, func(r *recovery) { r.Replaces = [][]byte{ownerBytes, ownerBytes} }},
		"brings in a signer":     {"AlreadyASigner", ownerParty, func(*recovery) {}},
		"brings in the account":  {"BadSigner", party{g.address.Bytes(), ownerParty.sign}, func(*recovery) {}},
		"brings in nobody":       {"BadSigner", party{make([]byte, 20), ownerParty.sign}, func(*recovery) {}},
		"a dead verifier":        {"BadSigner", party{append(addr("x").Bytes(), 1), ownerParty.sign}, func(*recovery) {}},
		"an unknown table":       {"BadTable", newSigner, func(r *recovery) { r.Table = 0x15 }},
		"P256VERIFY for a table": {"BadTable", newSigner, func(r *recovery) { r.Table = 1 }},
		"a table for a key":      {"BadTable", keyParty(t, "new"), func(r *recovery) { r.Table = 0x11 }},
		"no such tier":           {"NoSuchTier", newSigner, func(r *recovery) { r.Tier = 2 }},
		"no tier at all":         {"NoSuchTier", newSigner, func(r *recovery) { r.Tier = 255 }},
	} {
		r := g.recovery(0, c.signer)
		c.change(&r)
		t.Run(name, func(t *testing.T) { wantRecoveryError(t, g.propose(r, c.signer, g.family, 0, 1), c.want) })
	}
	r := g.recovery(0, newSigner)
	wantRecoveryError(t, g.propose(r, newSigner, g.family, 0), "NotEnoughWeight")
	wantRecoveryError(t, g.propose(r, newSigner, g.family), "NotEnoughWeight")
	wantRecoveryError(t, g.propose(r, newSigner, g.family, 0, 0), "UnsortedApproval")
	wantRecoveryError(t, g.propose(r, newSigner, g.family, 1, 0), "UnsortedApproval")
	wantRecoveryError(t, g.propose(r, keyParty(t, "another"), g.family, 0, 1), "InvalidApproval")
	digest := g.recoverDigest(r)
	beyond := approvals(digest, g.family, 0, 1)
	beyond[1].Guardian = 3
	wantRecoveryError(t, g.module(stranger, "propose", r, approvals(digest, []party{newSigner}, 0)[0], beyond), "NoSuchGuardian")
	// Malleable: the same signature with its other s.
	high := approvals(digest, g.family, 0, 1, 2)
	for i, p := range g.family {
		if len(p.signer) != 20 {
			continue
		}
		n := crypto.S256().Params().N
		s := new(big.Int).SetBytes(high[i].Signature[32:64])
		new(big.Int).Sub(n, s).FillBytes(high[i].Signature[32:64])
		high[i].Signature[64] ^= 27 ^ 28
	}
	wantRecoveryError(t, g.module(stranger, "propose", r, approvals(digest, []party{newSigner}, 0)[0], high), "InvalidApproval")
}

// Weights that would leave 64 bits on the way are refused when they are proposed, not when it is too late.
func TestWeightsThatLeave64Bits(t *testing.T) {
	w := newWorld(t, osaka)
	w.installRecovery()
	owner := newPasskey(t, "owner", seal.RequireUV)
	params := equal(1, owner.signer)
	params.Weights[0] = 1 << 63
	g := w.guardedAt(w.install(userop.V08), "other")
	h := &guarded{acct: w.create(g.d, params), owner: owner, family: g.family, institution: g.institution, setup: g.setup}
	h.installModule(h.setup)
	newSigner := keyParty(t, "new")
	wantRecoveryError(t, h.propose(h.recovery(0, newSigner), newSigner, h.family, 0, 1), "WeightTooLarge")
}

// On a chain without the factory of tables a recovery that asks for one is refused at once: it could not be executed.
func TestATableWhereNobodyBuildsTables(t *testing.T) {
	g := newGuarded(t, osaka)
	g.state.SetCode(contracts.P256TableFactory.Address, nil, tracing.CodeChangeUnspecified)
	newSigner := passkeyParty(t, "new")
	r := g.recovery(0, newSigner)
	r.Table = 0x11
	wantRecoveryError(t, g.propose(r, newSigner, g.family, 0, 1), "NoTableFactory")
	r.Table = 0
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Error(err)
	}
}

func TestTheModuleIsNotWhereItsVerifierIsNot(t *testing.T) {
	w := newWorld(t, osaka)
	if _, _, err := w.send(stranger, contracts.Deployer, nil, contracts.WebAuthnAccountRecoveryInit()); err == nil {
		t.Error("deployed")
	}
	w.must(stranger, contracts.Deployer, nil, contracts.P256VerifierInit())
	w.must(stranger, contracts.Deployer, nil, contracts.WebAuthnAccountRecoveryInit())
	if got := w.moduleSays("p256Verifier")[0]; got != contracts.P256Verifier {
		t.Errorf("verifier %s", got)
	}
}

// Signers that leave between proposal and execution stop it; those who are left begin anew.
func TestAChangeOfSignersMeanwhile(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	extra := newPasskey(t, "extra", seal.RequireUV)
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := g.do("addSigners", [][]byte{extra.signer.Bytes()}, []uint64{1}); err != nil {
		t.Fatal(err)
	}
	if err := g.do("removeSigners", r.Replaces); err != nil {
		t.Fatal(err)
	}
	g.later(7 * day)
	wantRecoveryError(t, g.module(stranger, "execute", r), "NotASigner")
	g.signersAre(extra.signer.Bytes())
	if err := g.cancelByGuardians(0, 0, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	r = g.recovery(0, newSigner)
	r.Replaces = [][]byte{extra.signer.Bytes()}
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	// The new signer becomes one meanwhile by another way.
	if err := g.do("addSigners", [][]byte{newSigner.signer}, []uint64{1}); err != nil {
		t.Fatal(err)
	}
	g.later(7 * day)
	wantRecoveryError(t, g.module(stranger, "execute", r), "MultiSignerERC7913AlreadyExists")
}

// A key that has delegated (EIP-7702) is still a key, and what it delegates to is not asked.
func TestAGuardianThatDelegates(t *testing.T) {
	g := newGuarded(t, osaka)
	yes, _ := g.deploy("HostileGuardian") // says yes to the signature 0x00
	newSigner := keyParty(t, "new")
	r := g.recovery(0, newSigner)
	digest := g.recoverDigest(r)
	own := approvals(digest, []party{newSigner}, 0)[0]
	for _, p := range g.family {
		if len(p.signer) == 20 {
			g.state.SetCode(common.BytesToAddress(p.signer), append([]byte{0xef, 0x01, 0x00}, yes.Bytes()...), tracing.CodeChangeUnspecified)
		}
	}
	bad := approvals(digest, g.family, 0, 1, 2)
	for i, p := range g.family {
		if len(p.signer) == 20 {
			bad[i].Signature = []byte{0}
		}
	}
	wantRecoveryError(t, g.module(stranger, "propose", r, own, bad), "InvalidApproval")
	if err := g.propose(r, newSigner, g.family, 0, 1, 2); err != nil {
		t.Error(err)
	}
}

// One signature for several chains is a Merkle root over the digests; each chain is shown its own path.
func TestOneApprovalForManyChains(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	r := g.recovery(0, newSigner)
	digest := g.recoverDigest(r)
	other := common.Hash{1, 2, 3}
	pair := func(a, b common.Hash) common.Hash {
		if bytes.Compare(a[:], b[:]) > 0 {
			a, b = b, a
		}
		return crypto.Keccak256Hash(a[:], b[:])
	}
	left, right := pair(digest, other), common.Hash{9}
	root := pair(left, right)
	sign := func(root common.Hash, proof ...[32]byte) []approval {
		toSign := g.typedOf(false, "OnManyChains", "root bytes32", root.Hex())
		out := approvals(toSign, g.family, 0, 1)
		for i := range out {
			out[i].Proof = proof
		}
		return out
	}
	own := approvals(digest, []party{newSigner}, 0)[0]
	send := func(as []approval) error { return g.module(stranger, "propose", r, own, as) }
	wantRecoveryError(t, send(sign(root, other)), "InvalidApproval")                               // the path ends early
	wantRecoveryError(t, send(sign(root, right, other)), "InvalidApproval")                        // in another order
	wantRecoveryError(t, send(sign(root)), "InvalidApproval")                                      // no path: the root is no digest
	wantRecoveryError(t, send(sign(digest)), "InvalidApproval")                                    // a tree of one leaf is signed as it is
	wantRecoveryError(t, send(sign(root, slices.Repeat([][32]byte{other}, 9)...)), "ProofTooLong") // nine steps
	wantRecoveryError(t, send(sign(right, other, right)), "InvalidApproval")                       // another root
	mixed := sign(root, other, right)
	mixed[1] = approvals(digest, g.family, 1)[0] // one guardian on one chain, the other on many
	own = approvals(g.typedOf(false, "OnManyChains", "root bytes32", root.Hex()), []party{newSigner}, 0)[0]
	own.Proof = [][32]byte{other, right}
	if err := send(mixed); err != nil {
		t.Error(err)
	}
}

// Nobody has a way in that is not named here.
func TestTheModulesFunctionsAreThese(t *testing.T) {
	want := "applySetup cancel cancelByGuardians cancelBySignature cancelSetup execute freeze onInstall propose scheduleSetup thaw unfreeze"
	var got []string
	for name, m := range contracts.RecoveryABI.Methods {
		if !m.IsConstant() {
			got = append(got, name)
		}
		if m.IsPayable() {
			t.Errorf("%s takes ether", name)
		}
	}
	if contracts.RecoveryABI.HasFallback() || contracts.RecoveryABI.HasReceive() {
		t.Error("there is a fallback")
	}
	slices.Sort(got)
	if s := strings.Join(got, " "); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
}
