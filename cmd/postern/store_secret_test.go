package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty/postgres"
)

func TestTheSecretOfADatabaseIsChanged(t *testing.T) {
	full, bare, password := aDatabase(t)
	rotates := func(args ...string) (string, string, int) {
		t.Helper()
		var out, errs strings.Builder
		code := cli(t.Context(), append([]string{"store", "rotate-secret"}, args...), strings.NewReader(""), &out, &errs)
		if text := out.String() + errs.String(); strings.Contains(text, password) {
			t.Errorf("%v: the password is in %s", args, text)
		}
		return out.String(), errs.String(), code
	}
	for want, args := range map[string][]string{
		"a database is needed":                   nil,
		"--store holds a password":               {"--store", full},
		"there are no passkeys in this database": {"--store", bare},
		"one argument too many":                  {"more", "--store", bare},
	} {
		if _, errs, code := rotates(args...); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: %d %s, want %q", args, code, errs, want)
		}
	}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: full})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() // it runs on beside
	said, errs, code := rotates("--store", bare, "--json")
	var r struct {
		SealsFrom time.Time
		OldOpens  *bool
	}
	if err := json.Unmarshal([]byte(said), &r); err != nil || code != 0 || r.OldOpens == nil || !*r.OldOpens || time.Until(r.SealsFrom).Abs() > time.Minute {
		t.Errorf("%s%s%v", said, errs, err)
	}
	t.Setenv(storeVariable, full)
	if said, errs, code := rotates(); code != 0 || !strings.Contains(said, "A new secret seals challenges from ") {
		t.Errorf("%s%s", said, errs)
	}
	for range 5 {
		rotates()
	}
	if _, errs, code := rotates(); code != 1 || !strings.Contains(errs, "too often") || !strings.Contains(errs, "--now") {
		t.Errorf("%d %s", code, errs)
	}
	if said, errs, code := rotates("--now"); code != 0 || !strings.Contains(said, "start again") {
		t.Errorf("%s%s", said, errs)
	}
	again, err := postgres.Open(t.Context(), postgres.Config{URL: full})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if all, err := again.Secrets(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d secrets, %v", len(all), err)
	}
}
