// Our verifiers.

package gasreport

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
)

// p256verify is the precompile's address.
var p256verify = common.BytesToAddress([]byte{1, 0})

// fiveWords is the calldata that most verifiers take: h ‖ r ‖ s ‖ x ‖ y.
func fiveWords(_ *chain, a *Assertion) ([]byte, error) {
	digest, x, y := a.Digest(), a.Public.X(), a.Public.Y()
	return join(digest[:], a.Signature.P1363(), x[:], y[:]), nil
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// tableAt puts the key's table where no call before it was, and gives its address. Our tables are put where the factory
// would put them.
func tableAt(c *chain, f p256table.Format, k p256table.Key) (common.Address, error) {
	x := k.X()
	at := common.BytesToAddress(crypto.Keccak256([]byte{byte(f)}, x[:]))
	if f != p256table.FCL {
		var err error
		if at, err = contracts.TableAddress(f, k); err != nil {
			return at, err
		}
	}
	if c.state.GetCodeSize(at) > 0 {
		return at, nil
	}
	code, err := p256table.Build(f, k)
	c.put(at, code)
	return at, err
}

// placeEngines deploys all engines and the verifier that they fall back on.
func placeEngines(c *chain) error {
	if err := c.deploy(contracts.P256SlowInit()); err != nil {
		return err
	}
	for _, e := range contracts.P256Engines() {
		if err := c.deploy(e.InitCode()); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return nil
}

func engine(row Row, e common.Address, data func(*chain, *Assertion) ([]byte, error)) *verifier {
	row.Ours, row.By, row.Kind = true, "Postern", Raw
	return &verifier{Row: row, data: data, place: func(c *chain) (common.Address, error) { return e, placeEngines(c) }}
}

// engines are our verifiers of bare signatures.
func engines() []*verifier {
	out := []*verifier{
		{Row: Row{Name: "P256VERIFY, the precompile", By: standard, Kind: Raw, Precompile: true}, only: Osaka, data: fiveWords,
			place: func(*chain) (common.Address, error) { return p256verify, nil }},
	}
	tables := []struct {
		format p256table.Format
		engine contracts.P256Engine
		name   string
	}{
		{p256table.Format16k, contracts.P256Table16k, "16 KB"}, {p256table.Format4k, contracts.P256Table4k, "4 KB"},
		{p256table.Format1k, contracts.P256Table1k, "1 KB"}, {p256table.Format512, contracts.P256Table512, "512 B"},
	}
	for _, t := range tables {
		withTable := func(hint bool) func(*chain, *Assertion) ([]byte, error) {
			return func(c *chain, a *Assertion) ([]byte, error) {
				at, err := tableAt(c, t.format, a.Table)
				digest := a.Digest()
				data := join(digest[:], a.Signature.P1363(), common.LeftPadBytes(at[:], 32))
				if hint {
					data = append(data, a.Inverse...)
				}
				return data, err
			}
		}
		key, bytes := "p256.table"+t.format.String(), t.format.Size()
		out = append(out,
			engine(Row{Name: t.name + " table, hint", Key: key + ".hint", KeyBytes: bytes, Hint: true}, t.engine.Address, withTable(true)),
			engine(Row{Name: t.name + " table", Key: key, KeyBytes: bytes}, t.engine.Address, withTable(false)))
	}
	return append(out,
		engine(Row{Name: "no table, hints", Key: "p256.notable.hint", Hint: true}, contracts.P256NoTable.Address,
			func(c *chain, a *Assertion) ([]byte, error) {
				data, err := fiveWords(c, a)
				return append(data, a.Hints...), err
			}),
		engine(Row{Name: "no table", Key: "p256.notable"}, contracts.P256Plain.Address, fiveWords),
		engine(Row{Name: "no table, complete (the last resort)"}, contracts.P256Slow, fiveWords))
}
