package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ethcrypto "github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/passkey"
)

// A flowSigner signs as a key of an account: a passkey's key file, a plain private key, or the answer of a passkey
// elsewhere.
type flowSigner struct {
	address flow.Address
	index   int64 // -1: the account's key that fits
	file    string

	device *devKey
	plain  []byte             // 32 bytes, on the curve of the account's key
	answer *passkey.Assertion // of an ES256 passkey
	es256k *flowES256K        // the same answer, read as an ES256K passkey's
}

// flowES256K is an assertion whose signature is on secp256k1. An answer does not say of which algorithm it is; the
// account's key does.
type flowES256K struct {
	assertion *passkey.Assertion
	signature [64]byte
}

const flowSignerHint = "ADDRESS=FILE, or ADDRESS:INDEX=FILE; the file is a passkey's (postern key new), of an EOA, or of a plain key: 64 hex digits or PEM"

// parseFlowSigner reads ADDRESS[:INDEX]=FILE.
func parseFlowSigner(flagName, text string) (*flowSigner, error) {
	who, file, ok := strings.Cut(text, "=")
	at, number, hasIndex := strings.Cut(who, ":")
	a, err := flow.ParseAddress(at)
	if !ok || err != nil || file == "" {
		return nil, usageError(flagName+" names no account and file: "+clip(text), flowSignerHint)
	}
	s := &flowSigner{address: a, index: -1, file: file}
	if hasIndex {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return nil, usageError(flagName+" names no key: "+clip(who), flowSignerHint)
		}
		s.index = int64(n)
	}
	return s, nil
}

// openFlowSigner reads the key that a --signer names.
func openFlowSigner(text string) (*flowSigner, error) {
	s, err := parseFlowSigner("--signer", text)
	if err != nil {
		return nil, err
	}
	b, err := readSecret(s.file)
	if err != nil {
		return nil, err
	}
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		if owner, err := parseOwnerKey(b); err == nil {
			s.plain = ethcrypto.FromECDSA(owner.key)
			return s, nil
		}
		s.device, err = parseKeyFile(s.file, b)
		return s, err
	}
	s.plain, err = parseFlowKey(b)
	if err != nil {
		return nil, failf("bad-key", flowSignerHint, "%s holds no private key", clip(s.file))
	}
	return s, nil
}

// readFlowServiceKey reads the file of a plain key on P-256 and gives the key in hex, as package server wants it.
func readFlowServiceKey(path string) (string, error) {
	b, err := readSecret(path)
	if err != nil {
		return "", err
	}
	key, err := parseFlowKey(bytes.TrimSpace(b))
	if err != nil { // never the text
		return "", failf("bad-key", "a private key on P-256: 64 hex digits, as Flow's tools write it, or PEM", "%s holds no private key", clip(path))
	}
	return hex.EncodeToString(key), nil
}

// parseFlowKey reads a plain private key: 64 hex digits, which say nothing of the curve, or PEM of a P-256 key.
func parseFlowKey(text []byte) ([]byte, error) {
	if bytes.HasPrefix(text, []byte("-----BEGIN")) {
		return parseFlowPEM(text)
	}
	b, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("not 64 hex digits")
	}
	return b, nil
}

// parseFlowPEM reads the first private key; openssl puts the curve's parameters before it.
func parseFlowPEM(text []byte) ([]byte, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		if k, ok := key.(*ecdsa.PrivateKey); ok && k.Curve == elliptic.P256() {
			return k.Bytes()
		}
		return nil, errors.New("no key on P-256")
	}
	return nil, errors.New("no private key in the PEM")
}

// openFlowAnswer reads the reply of navigator.credentials.get() that an --answer names.
func openFlowAnswer(c *call, text string) (*flowSigner, error) {
	s, err := parseFlowSigner("--answer", text)
	if err != nil {
		return nil, err
	}
	reply, err := c.flowInput(s.file)
	if err != nil {
		return nil, err
	}
	s.answer, err = passkey.ParseAssertion([]byte(reply))
	if a, signature, wrong := passkey.ParseES256K([]byte(reply)); wrong == nil {
		s.es256k, err = &flowES256K{a, signature}, nil
	}
	return s, err
}

// elsewhere: the signer has signed already.
func (s *flowSigner) elsewhere() bool { return s.answer != nil || s.es256k != nil }

// fits says whether the signer is the one of an account's key.
func (s *flowSigner) fits(k flow.AccountKey) bool {
	switch {
	case s.device != nil:
		return k.Curve == flow.P256 && k.Public == [64]byte(s.device.credential.Key.Raw())
	case k.Curve == flow.Secp256k1 && s.es256k != nil:
		return secp256k1.Verify(k.Public, s.es256k.signature, s.es256k.assertion.Digest())
	case s.answer != nil:
		public, err := passkey.ParseRaw(k.Public[:])
		return err == nil && k.Curve == flow.P256 && slices.Contains(s.answer.Recover(), public)
	case s.plain == nil:
		return false
	case k.Curve == flow.Secp256k1:
		key, err := ethcrypto.ToECDSA(s.plain)
		return err == nil && [64]byte(ethcrypto.FromECDSAPub(&key.PublicKey)[1:]) == k.Public
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), s.plain)
	if err != nil {
		return false
	}
	public, err := key.PublicKey.Bytes()
	return err == nil && k.Curve == flow.P256 && [64]byte(public[1:]) == k.Public
}

// key is the account's key that the signer signs as.
func (s *flowSigner) key(a access.Account) (flow.AccountKey, error) {
	var revoked bool
	for _, k := range a.Keys {
		if s.index >= 0 && int64(k.Index) != s.index || !s.fits(k) {
			continue
		}
		if k.Revoked {
			revoked = true
			continue
		}
		if s.plain == nil {
			if err := k.Fits(); err != nil { // a hash that no passkey has
				return k, err
			}
		}
		return k, nil
	}
	if revoked {
		return flow.AccountKey{}, &flow.Error{Cause: flow.ErrRevoked, Where: s.file, Way: "Sign with another key of the account."}
	}
	hint := "its keys: postern flow account keys " + a.Address.String()
	if s.elsewhere() {
		hint = "was it made for this transaction and this passkey? " + hint
	}
	return flow.AccountKey{}, failf("no-such-key", hint, "%s is no key of %s", clip(s.file), a.Address)
}

// sign signs a message as the key, which fits.
func (s *flowSigner) sign(message []byte, k flow.AccountKey) (flow.Signature, error) {
	out := flow.Signature{Address: s.address, KeyIndex: k.Index}
	if s.plain != nil {
		var err error
		out.Signature, err = signPlain(s.plain, message, k)
		return out, err
	}
	if s.es256k != nil && k.Curve == flow.Secp256k1 {
		a := s.es256k.assertion
		out.Signature, out.Extension = s.es256k.signature[:], flow.Extension(a.AuthData.Raw, a.ClientData.Raw)
		return out, nil
	}
	made := s.answer
	if s.device != nil {
		challenge := sha256.Sum256(message)
		var err error
		if made, err = s.device.device.Sign(s.device.credential.ID, challenge[:], s.device.file.RPID, s.device.file.Origin); err != nil {
			return out, err
		}
	}
	out.Signature, out.Extension = flow.WebAuthn(made)
	return out, nil
}

// signPlain is r‖s of a plain key with the key's own curve and hash.
func signPlain(secret, message []byte, k flow.AccountKey) ([]byte, error) {
	digest := sha256.Sum256(message)
	if k.Hash == flow.SHA3 {
		digest = sha3.Sum256(message)
	}
	if k.Curve == flow.Secp256k1 {
		key, err := ethcrypto.ToECDSA(secret)
		if err != nil {
			return nil, err
		}
		signature, err := ethcrypto.Sign(digest[:], key)
		if err != nil {
			return nil, err
		}
		return signature[:64], nil
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		return nil, err
	}
	// Not by RFC 6979 alone: with the same secret on both curves, two signatures with one nonce would tell it.
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256) // of 32 bytes, whatever made them
	if err != nil {
		return nil, err
	}
	v, err := passkey.ParseDER(der)
	if err != nil {
		return nil, err
	}
	return v.P1363(), nil
}

// signFlow adds a signer's signature to a transaction, after it was verified as nodes do it.
func signFlow(ctx context.Context, client *access.Client, t *flow.Transaction, s *flowSigner) error {
	account, err := client.Account(ctx, s.address)
	if err != nil {
		return fmt.Errorf("read the keys of %s: %w", s.address, err)
	}
	k, err := s.key(account)
	if err != nil {
		return err
	}
	message, err := t.Message(s.address)
	if err != nil {
		return err
	}
	signature, err := s.sign(message, k)
	if err != nil {
		return err
	}
	if err := flow.Verify(signature, message, k, secp256k1.Verify); err != nil {
		return fmt.Errorf("%s: %w", clip(s.file), err)
	}
	return t.Sign(signature)
}
