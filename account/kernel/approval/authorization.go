package approval

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// readAuthorization reads a signed EIP-7702 tuple as viem has it: address, chainId,
// nonce, r, s, v, yParity. It is the account's own.
func readAuthorization(f *fields, i int, account common.Address) *userop.Authorization {
	if i == 0 {
		return nil
	}
	a := &userop.Authorization{
		Address: f.address(f.need(i, "address", text)),
		ChainID: f.uint(f.need(i, "chainId", number), 53, false),
		Nonce:   f.small(f.need(i, "nonce", number), 53, false),
	}
	a.R = new(big.Int).SetBytes(f.bytes(f.need(i, "r", text), 32))
	a.S = new(big.Int).SetBytes(f.bytes(f.need(i, "s", text), 32))
	a.YParity = uint8(f.small(f.need(i, "yParity", number), 1, false))
	if v := f.get(i, "v"); v != 0 && f.uint(v, 53, true).Uint64() != uint64(a.YParity)+27 {
		f.fail(v, wayAgain, "v is not that of yParity")
	}
	if f.err != nil {
		return nil
	}
	who, err := a.Authority()
	switch {
	case err != nil:
		f.fail(i, wayAgain, "the authorization is not signed: %v", err)
	case who != account:
		f.fail(i, wayAgain, "the authorization is signed by %s, not by the account", who)
	}
	return a
}

// appendAuthorization writes it as viem's signAuthorization returns it.
func (w *writer) authorization(a *userop.Authorization) {
	w.open()
	w.name("address").text(a.Address.Hex())
	w.name("chainId").number(a.ChainID.Append(nil, 10))
	w.name("nonce").uint(a.Nonce)
	w.name("r").text(hexutil.Encode(a.R.FillBytes(make([]byte, 32))))
	w.name("s").text(hexutil.Encode(a.S.FillBytes(make([]byte, 32))))
	w.name("v").text(new(big.Int).SetUint64(uint64(a.YParity) + 27).String())
	w.name("yParity").uint(uint64(a.YParity))
	w.close()
}
