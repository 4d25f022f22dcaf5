package seal_test

import (
	"errors"
	"fmt"
	"log"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// A passkey approves of an operation.
func ExamplePostern() {
	// 1. A passkey, here a software one, and the signer that stands for it on chain.
	authenticator, credential := examplePasskey()
	signer, err := seal.PasskeySigner(credential.Key, seal.RequireUV)
	if err != nil {
		log.Fatal(err)
	}
	// 2. The operation's hash is the challenge of an assertion.
	hash := crypto.Keccak256Hash([]byte("an operation"))
	assertion, err := authenticator.Sign(credential.ID, hash[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	// 3. The assertion becomes an approval, and approvals the signature.
	approval, err := seal.PosternPasskey(signer, assertion)
	if err != nil {
		log.Fatal(err)
	}
	signature, err := seal.Postern(approval)
	if err != nil {
		log.Fatal(err)
	}
	// 4. Anybody can read it again.
	parsed, err := seal.ParsePostern(signature)
	if err != nil {
		log.Fatal(err)
	}
	_, rule, _ := parsed[0].Signer.Passkey()
	fmt.Println(len(signature), "bytes:", parsed[0].Kind, "under the rule", rule)
	// Output: 226 bytes: passkey under the rule UV required, BE any, BS any
}

// Where the chain has no P256VERIFY, hints save gas. They follow the path that the account's p256Path(signer) tells.
func ExamplePosternApproval_WithHints() {
	authenticator, credential := examplePasskey()
	signer, err := seal.PasskeySigner(credential.Key, seal.RequireUV)
	if err != nil {
		log.Fatal(err)
	}
	hash := crypto.Keccak256Hash([]byte("an operation"))
	assertion, err := authenticator.Sign(credential.ID, hash[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	approval, err := seal.PosternPasskey(signer, assertion)
	if err != nil {
		log.Fatal(err)
	}
	for _, answer := range []byte{0x01, 0x13, 0x00} {
		path, err := seal.ParseP256Path(answer)
		if err != nil {
			log.Fatal(err)
		}
		signature, err := seal.Postern(approval.WithHints(path, hash))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(path, "-", len(signature), "bytes")
	}
	// Output:
	// P256VERIFY of the chain - 226 bytes
	// table of the key (4k) - 259 bytes
	// arithmetic without a table - 355 bytes
}

// A passkey signs for an account of others that has P256Verifier as an ERC-7913 signer.
func ExampleVerifierSignature() {
	authenticator, credential := examplePasskey()
	signer, err := seal.PasskeySigner(credential.Key, seal.RequireUV)
	if err != nil {
		log.Fatal(err)
	}
	// 1. The key as the verifier takes it, and the signer's bytes for the account; the verifier's address is
	// contracts.P256Verifier.
	key, err := seal.NewVerifierPasskey(credential.Key, seal.RequireUV, 0x13)
	if err != nil {
		log.Fatal(err)
	}
	erc7913, err := key.Signer(common.HexToAddress("0x9999999999999999999999999999999999999999"))
	if err != nil {
		log.Fatal(err)
	}
	// 2. The hash is the challenge of an assertion, and that the signature.
	hash := crypto.Keccak256Hash([]byte("whatever the account asks to sign"))
	assertion, err := authenticator.Sign(credential.ID, hash[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	approval, err := seal.PosternPasskey(signer, assertion)
	if err != nil {
		log.Fatal(err)
	}
	signature, err := seal.VerifierSignature(approval.WithHints(key.Table(), hash))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(erc7913.Bytes()), "bytes of signer,", len(signature), "of signature, verified by the", key.Table())
	// Output: 86 bytes of signer, 194 of signature, verified by the table of the key (4k)
}

// A passkey signs an operation of a MetaMask Hybrid account.
func ExampleMetaMaskWebAuthn() {
	authenticator, credential := examplePasskey()
	op := &userop.Op{
		Sender: common.HexToAddress("0x2a4b96275998cCf4C7fA99cb00F42c71d47C9aBE"), Nonce: new(big.Int),
		CallGasLimit: big.NewInt(50_000), VerificationGasLimit: big.NewInt(150_000), PreVerificationGas: big.NewInt(60_000),
		MaxFeePerGas: big.NewInt(2e9), MaxPriorityFeePerGas: big.NewInt(1e9),
	}
	// 1. The account's own digest, not the EntryPoint's hash, is the challenge.
	digest, err := seal.MetaMaskDigest(seal.MetaMaskHybrid, op, userop.V07, big.NewInt(31337))
	if err != nil {
		log.Fatal(err)
	}
	assertion, err := authenticator.Sign(credential.ID, digest[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	// 2. The account knows the passkey by the hash of a text.
	keyID := seal.MetaMaskKeyIDHash(seal.MetaMaskKeyID(credential.ID))
	if op.Signature, err = seal.MetaMaskWebAuthn(keyID, assertion); err != nil {
		log.Fatal(err)
	}
	// 3. Anybody can read and check it.
	signature, err := seal.ParseMetaMask(op.Signature)
	if err != nil {
		log.Fatal(err)
	}
	again, err := signature.Assertion(digest)
	if err != nil {
		log.Fatal(err)
	}
	rule := passkey.Rule{RPID: "wallet.example", Origins: []string{"https://wallet.example"}, Challenge: digest[:]}
	fmt.Println(len(op.Signature), "bytes by a", signature.Kind, again.Verify(credential.Key, rule))
	// Output: 544 bytes by a passkey <nil>
}

// A passkey signs for an account on OpenZeppelin's SignerWebAuthn.
func ExampleOpenZeppelinWebAuthn() {
	authenticator, credential := examplePasskey()
	hash := crypto.Keccak256Hash([]byte("an operation"))
	assertion, err := authenticator.Sign(credential.ID, hash[:], "wallet.example", "https://wallet.example")
	if err != nil {
		log.Fatal(err)
	}
	signature, err := seal.OpenZeppelinWebAuthn(assertion)
	if err != nil {
		log.Fatal(err)
	}
	_, err = seal.ParseOpenZeppelinWebAuthn(append(signature, 0))
	fmt.Println(len(signature), "bytes;", errors.Is(err, seal.ErrTrailing))
	// Output: 480 bytes; true
}

func examplePasskey() (*softkey.Authenticator, softkey.Credential) {
	authenticator := softkey.New(softkey.WithSeed([]byte("example")))
	options := `{"rp":{"id":"wallet.example","name":"Wallet"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"a","displayName":"A"},` +
		`"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	if _, err := authenticator.Create([]byte(options), "https://wallet.example"); err != nil {
		log.Fatal(err)
	}
	return authenticator, authenticator.Credentials()[0]
}
