package journeys

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

// site is a browser's view of a passkey server: it keeps cookies and sends the
// page's origin.
type site struct {
	url    string
	client *http.Client
	stop   func() error
}

// openSite connects to the passkey server of the environment, or starts one for
// this journey, on loopback and in memory.
func openSite(ctx context.Context, env Env) (*site, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &site{url: env.PasskeyURL, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}, stop: func() error { return nil }}
	if s.url != "" {
		return s, nil
	}
	store, err := sqlite.Open(ctx, sqlite.Ephemeral)
	if err != nil {
		return nil, fmt.Errorf("journeys: open a store of passkeys: %w", err)
	}
	handler, err := relyingparty.New(relyingparty.Config{
		RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Name: "Postern", Origins: []string{origin}}},
		Store:          store, Log: env.Log,
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	url, stop, err := serve(handler)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.url, s.stop = url, func() error { return errors.Join(stop(), store.Close()) }
	return s, nil
}

const maxAnswer = 64 << 10

// post sends JSON to a route and reads the JSON of its answer.
func (s *site) post(ctx context.Context, route string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+route, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	resp, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("journeys: ask the passkey server: %w", err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("journeys: ask the passkey server: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("journeys: the passkey server refused %s: %s", route, got)
	}
	return json.Unmarshal(got, answer)
}

// offer asks for creation options with the user handle; userID comes back with the
// answer.
func (s *site) offer(ctx context.Context, name string, handle []byte) (options json.RawMessage, userID string, err error) {
	var answer struct {
		Options json.RawMessage `json:"options"`
		UserID  string          `json:"userId"`
	}
	err = s.post(ctx, "/register/options", map[string]any{"username": name, "userHandle": base64.RawURLEncoding.EncodeToString(handle)}, &answer)
	return answer.Options, answer.UserID, err
}

// register hands in a registration.
func (s *site) register(ctx context.Context, name, userID string, registration []byte) error {
	var answer struct {
		Verified bool `json:"verified"`
	}
	err := s.post(ctx, "/register/verify", map[string]any{"username": name, "userId": userID, "cred": json.RawMessage(registration)}, &answer)
	if err == nil && !answer.Verified {
		err = errors.New("journeys: the passkey server did not verify the registration")
	}
	return err
}

// login walks a login and returns the key that the server knows for the passkey.
func (s *site) login(ctx context.Context, get func(options []byte) (assertion []byte, err error)) (passkey.PublicKey, error) {
	var options json.RawMessage
	if err := s.post(ctx, "/login/options", map[string]any{"rpID": rpID}, &options); err != nil {
		return passkey.PublicKey{}, err
	}
	assertion, err := get(options)
	if err != nil {
		return passkey.PublicKey{}, err
	}
	var answer struct {
		Verification struct {
			Verified bool `json:"verified"`
		} `json:"verification"`
		PubKey string `json:"pubkey"`
	}
	if err := s.post(ctx, "/login/verify", map[string]any{"rpID": rpID, "cred": json.RawMessage(assertion)}, &answer); err != nil {
		return passkey.PublicKey{}, err
	}
	if !answer.Verification.Verified {
		return passkey.PublicKey{}, errors.New("journeys: the passkey server did not verify the login")
	}
	spki, err := base64.RawURLEncoding.DecodeString(answer.PubKey)
	if err != nil {
		return passkey.PublicKey{}, fmt.Errorf("journeys: the passkey server's key: %w", err)
	}
	return passkey.ParseSPKI(spki)
}
