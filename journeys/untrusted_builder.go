package journeys

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/tableserver"
)

// untrustedBuilder: whoever computes tables lies, off the chain and on it.
func untrustedBuilder(ctx context.Context, w *walker) (err error) {
	t, err := w.tabler(ctx)
	if err != nil {
		return err
	}
	thief, err := w.thief(t.key)
	if err != nil {
		return err
	}
	key, err := p256table.NewKey(t.key.X(), t.key.Y())
	if err != nil {
		return err
	}
	honest, err := tableserver.New(tableserver.Config{Log: w.env.Log})
	if err != nil {
		return err
	}
	fair, stop, err := serve(honest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	foul, stopToo, err := serve(NewLiar(thief.key))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopToo()) }()

	// 1. A service that does not lie is checked all the same: that costs less than asking.
	if err := w.step("a table from a service is computed again", func(s *Step) error {
		code, err := tableserver.Get(ctx, http.DefaultClient, fair, tableFormat, key)
		if err != nil {
			return err
		}
		begun := time.Now()
		if err := p256table.Verify(tableFormat, key, code); err != nil {
			return err
		}
		s.Detail["bytes"], s.Detail["verifying, µs"] = len(code), time.Since(begun).Microseconds()
		return nil
	}); err != nil {
		return err
	}

	// 2. One that does is caught, whatever the lie.
	if err := w.step("every lie of a service is caught", func(s *Step) error {
		for _, lie := range Lies() {
			_, err := tableserver.Get(ctx, http.DefaultClient, foul+"/"+lie, tableFormat, key)
			if _, ok := errors.AsType[*p256table.Error](err); !ok {
				return fmt.Errorf("journeys: %s: %w", lie, errors.Join(errAccepted, err))
			}
			s.Detail[lie] = err.Error()
		}
		return nil
	}); err != nil {
		return err
	}

	// 3. On the chain, the account is there and has no table yet. The thief puts one there:
	// his own key's, under the name of the account's.
	if err := t.send(ctx, "create the account", t.path(ctx), t.hand()); err != nil {
		return err
	}
	var forged common.Address
	if err := w.step("the thief deploys a table of his own", func(s *Step) error {
		forged, err = t.deployLie(ctx, s, thief, key)
		return err
	}); err != nil {
		return err
	}

	// 4. That would be enough for a verifier that believes any table, and is nothing to
	// one that derives the address.
	if err := w.step("a verifier that takes any table would believe him", func(s *Step) error {
		return t.judge(ctx, s, thief, forged, true)
	}); err != nil {
		return err
	}
	if err := w.step("the account refuses him", func(s *Step) error { return t.rob(ctx, s, thief) }); err != nil {
		return err
	}

	// 5. He may have the account's table built. It is the true one.
	if err := t.table(ctx, "the chain builds the true table, whoever asks", t.pathWith(ctx)); err != nil {
		return err
	}
	if err := w.step("the account refuses him as before", func(s *Step) error {
		at, err := contracts.TableAddress(tableFormat, key)
		if err != nil {
			return err
		}
		if at == forged {
			return errors.New("journeys: the thief's table is where the true one belongs")
		}
		if err := t.judge(ctx, s, thief, at, false); err != nil {
			return err
		}
		return t.rob(ctx, s, thief)
	}); err != nil {
		return err
	}
	return t.send(ctx, "the account's own passkey works", t.pathWith(ctx), t.hand())
}

// path is how an account without a table verifies here, pathWith one with a table.
func (t *tabler) path(ctx context.Context) seal.P256Path {
	return t.account.FirstPath(ctx, t.client.Chain)
}

func (t *tabler) pathWith(ctx context.Context) seal.P256Path {
	if t.path(ctx) == seal.PathPrecompile {
		return seal.PathPrecompile
	}
	return seal.P256Path(tableFormat)
}

// thief is somebody with a passkey of his own who wants another's account.
func (w *walker) thief(victim passkey.PublicKey) (*user, error) {
	u, _, err := create(softkey.New(softkey.WithSeed(w.draw(32))), webauthn.SaltHandle([32]byte(w.draw(32))), "Mallory")
	if err == nil && u.key == victim {
		err = errNotTheSame
	}
	return u, err
}

// deployLie has a contract made that is the table of the thief's key with the header of the
// account's, by the deployer that the table factory came by, and with the factory's own salt.
func (t *tabler) deployLie(ctx context.Context, s *Step, thief *user, key p256table.Key) (common.Address, error) {
	own, err := p256table.NewKey(thief.key.X(), thief.key.Y())
	if err != nil {
		return common.Address{}, err
	}
	lie, err := p256table.Build(tableFormat, own)
	if err != nil {
		return common.Address{}, err
	}
	x, y := key.X(), key.Y()
	copy(lie[2:], x[:])
	copy(lie[34:], y[:])
	init, err := p256table.InitCode(lie)
	if err != nil {
		return common.Address{}, err
	}
	salt := crypto.Keccak256Hash([]byte{byte(tableFormat)}, x[:], y[:])
	at := crypto.CreateAddress2(contracts.Deployer, salt, crypto.Keccak256(init))
	if err := t.transact(ctx, s, t.stranger, account.Call{To: contracts.Deployer, Data: append(salt[:], init...)}); err != nil {
		return at, err
	}
	code, err := t.client.Chain.Code(ctx, at)
	if err != nil || string(code) != string(lie) {
		return at, errors.Join(errors.New("journeys: the lie is not on the chain"), err)
	}
	s.Detail["lie"] = at.Hex()
	if err := p256table.Verify(tableFormat, key, code); err == nil {
		return at, errAccepted
	}
	where, err := contracts.TableAddress(tableFormat, key)
	if err != nil {
		return at, err
	}
	if code, err = t.client.Chain.Code(ctx, where); err != nil || len(code) != 0 {
		return at, errors.Join(errors.New("journeys: there is code where the table belongs"), err)
	}
	return at, nil
}

// judge asks the table engine itself, with a table that somebody names, about a signature of
// the thief.
func (t *tabler) judge(ctx context.Context, s *Step, thief *user, table common.Address, want bool) error {
	a, err := thief.device.Sign(thief.credential, make([]byte, 32), rpID, origin)
	if err != nil {
		return err
	}
	h, sr, ss := a.Digest(), a.Signature.R, a.Signature.S
	data := append(append(append(h[:], sr[:]...), ss[:]...), common.LeftPadBytes(table[:], 32)...)
	out, err := t.client.Chain.Call(ctx, contracts.P256Table4k.Address, data)
	if err != nil || len(out) != 32 {
		return fmt.Errorf("journeys: the engine answers %x: %w", out, err)
	}
	s.Detail["table"], s.Detail["engine"] = table.Hex(), out[31]
	if (out[31] == 1) != want {
		return fmt.Errorf("journeys: the engine answers %x", out)
	}
	return nil
}

// rob has the thief sign for the account with his own passkey. He is refused here; when he gets
// past that on purpose, the contract refuses him.
func (t *tabler) rob(ctx context.Context, s *Step, thief *user) error {
	calls := []account.Call{{To: t.somebody(), Value: milliEther(1)}}
	sign := func(c account.Challenge) (*passkey.Assertion, error) {
		return thief.device.Sign(thief.credential, c.Digest[:], rpID, origin)
	}
	h := hand{t.account, t.authority, func(c account.Challenge) (account.Approval, error) {
		a, err := sign(c)
		return account.Approval{Assertion: a}, err
	}}
	_, err := t.act(ctx, s, t.client, h, calls)
	if err := s.refusedHere(err); err != nil {
		return err
	}
	return t.refuse(ctx, s, h, calls, func(c account.Challenge) ([]byte, error) {
		a, err := sign(c)
		if err != nil {
			return nil, err
		}
		approval, err := seal.PosternPasskey(t.signer(), a)
		if err != nil {
			return nil, err
		}
		return seal.Postern(approval)
	})
}

// serve starts a server of its own on loopback.
func serve(h http.Handler) (url string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("journeys: start a server: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	return "http://" + l.Addr().String(), func() error {
		err := server.Close()
		<-done
		return err
	}, nil
}
