package main

import (
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// inspectFlags are the flags as they were typed.
type inspectFlags struct {
	challenge, rpID, key, entryPoint, chainID, account, credentialID, keyIDHash string
	origins                                                                     []string
}

// options reads the flags' values, every one strictly.
func (f inspectFlags) options() (opt inspect.Options, err error) {
	opt.RPID, opt.Origins = f.rpID, f.origins
	if f.challenge != "" {
		if opt.Challenge, err = inspect.ParseBytes(f.challenge); err != nil {
			return opt, usageError("--challenge is neither hex nor base64url: "+clip(f.challenge), "for an operation it is the hash, 0x and 64 hex digits")
		}
	}
	if f.key != "" {
		if opt.Key, err = parseKey(f.key); err != nil {
			return opt, err
		}
	}
	if f.entryPoint != "" {
		if opt.EntryPoint, err = parseEntryPoint(f.entryPoint); err != nil {
			return opt, err
		}
	}
	if f.chainID != "" {
		if opt.ChainID, err = parseChainID(f.chainID); err != nil {
			return opt, err
		}
	}
	if f.account != "" {
		a, err := parseAddress("--account", f.account)
		if err != nil {
			return opt, err
		}
		opt.Account = &a
	}
	if f.credentialID != "" {
		if opt.CredentialID, err = inspect.ParseBytes(f.credentialID); err != nil {
			return opt, usageError("--credential-id is neither hex nor base64url: "+clip(f.credentialID), "give credential.id as the browser writes it")
		}
	}
	if f.keyIDHash != "" {
		b, err := inspect.ParseBytes(f.keyIDHash)
		if err != nil || len(b) != common.HashLength {
			return opt, usageError("--key-id-hash is no hash: "+clip(f.keyIDHash), "it is 0x and 64 hex digits, as getKeyIdHashes() lists it")
		}
		opt.KeyIDHash = (*common.Hash)(b)
	}
	return opt, nil
}

// parseKey takes a public key in every form there is.
func parseKey(text string) (passkey.PublicKey, error) {
	b, err := inspect.ParseBytes(text)
	if err == nil {
		for _, parse := range []func([]byte) (passkey.PublicKey, error){passkey.ParseRaw, passkey.ParseSEC1, passkey.ParseCOSE, passkey.ParseSPKI} {
			if key, err := parse(b); err == nil {
				return key, nil
			}
		}
	}
	return passkey.PublicKey{}, usageError("--key is no P-256 public key: "+clip(text), "give COSE, SPKI, SEC1 or 64 bytes x ‖ y, as hex or base64url; to see why: postern inspect "+clipTo(text, 40))
}

func parseEntryPoint(text string) (userop.EntryPoint, error) {
	if common.IsHexAddress(text) {
		if ep, ok := userop.EntryPointByAddress(common.HexToAddress(text)); ok {
			return ep, nil
		}
	}
	ep, err := userop.ParseVersion(text)
	if err != nil {
		return nil, usageError("there is no EntryPoint "+clip(text), "0.6, 0.7, 0.8 and 0.9 are known")
	}
	return ep, nil
}

func parseChainID(text string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(text, 0)
	if !ok || n.Sign() <= 0 || n.BitLen() > 64 {
		return nil, usageError("the chain id must be a positive number: "+clip(text), "for example 8453, or 31337 for the local chain")
	}
	return n, nil
}

func parseAddress(flag, text string) (common.Address, error) {
	if isKeyText(text) {
		return common.Address{}, keyTyped(flag)
	}
	if !strings.HasPrefix(text, "0x") || !common.IsHexAddress(text) {
		return common.Address{}, usageError(flag+" is no address: "+clip(text), "an address is 0x and 40 hex digits")
	}
	a := common.HexToAddress(text)
	if mixed := text[2:]; strings.ToLower(mixed) != mixed && strings.ToUpper(mixed) != mixed && a.Hex() != text {
		return common.Address{}, usageError(flag+" has a wrong checksum: "+clip(text), "one digit is mistyped; copy it again")
	}
	return a, nil
}
