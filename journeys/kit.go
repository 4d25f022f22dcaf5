package journeys

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"

	"github.com/postern-dev/postern/account"
)

// KitGas is what an operation cost that MetaMask's own kit made, sent through Alto.
type KitGas struct {
	Gas                  uint64 `json:"gas"` // actualGasUsed of the receipt
	PreVerificationGas   uint64 `json:"preVerificationGas"`
	CallGasLimit         uint64 `json:"callGasLimit"`
	VerificationGasLimit uint64 `json:"verificationGasLimit"`
}

//go:embed kit_gas.json
var kitGasJSON []byte

// KitFigures returns the kit's figures per operation ("deploy", "addKey", "send", …)
// on a chain whose P256VERIFY works, or on one without.
func KitFigures(p256 bool) map[string]KitGas {
	var all struct{ Osaka, Prague map[string]KitGas }
	if err := json.Unmarshal(kitGasJSON, &all); err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	if p256 {
		return all.Osaka
	}
	return all.Prague
}

var errNoProbe = errors.New("journeys: this chain cannot be asked for P256VERIFY")

// beside notes the kit's figure for an operation beside ours.
func (w *walker) beside(ctx context.Context, s *Step, operation string) error {
	prober, ok := w.client.Chain.(account.P256Prober)
	if !ok {
		return errNoProbe
	}
	p256, err := prober.HasP256(ctx)
	if err != nil {
		return err
	}
	k := KitFigures(p256)[operation].Gas
	s.KitGas = &k
	return nil
}
