package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/postern-dev/postern/relyingparty/postgres"
	"github.com/postern-dev/postern/relyingparty/postgres/postgrestest"
)

// aDatabase is an empty one: its URL, the same without the password, and the password, which stands in the environment.
func aDatabase(t *testing.T) (full, bare, password string) {
	t.Helper()
	full = postgrestest.Create(t, postgrestest.Start(t, true).URL, "")
	u, err := url.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	password, _ = u.User.Password()
	u.User = url.User(u.User.Username())
	t.Setenv(storeVariable, "")
	t.Setenv("PGPASSWORD", password)
	return full, u.String(), password
}

func TestTheAuditAsksThePasskeyServersDatabase(t *testing.T) {
	full, bare, password := aDatabase(t)

	refused := func(want string, args ...string) {
		t.Helper()
		_, errs, code := audited(t, args...)
		if code == 0 || !strings.Contains(errs, want) || strings.Contains(errs, password) {
			t.Errorf("%v: %s, want %q", args, errs, want)
		}
	}
	facts := write(t, whole("0x01"))
	refused("there are no passkeys in this database", "--facts", facts, "--store", bare)

	store, err := postgres.Open(t.Context(), postgres.Config{URL: full})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() // it runs on beside
	c := knownPasskey(t, store)
	mine := write(t, whole(fmt.Sprintf("0x%x", c.Key.X())))
	told := func(args ...string) {
		t.Helper()
		out, errs, code := audited(t, append(args, "--facts", mine)...)
		if code != 0 || !strings.Contains(out, "bound to wallet.example (signed)") || !strings.Contains(out, "it is no longer backed up") {
			t.Errorf("%s%s", out, errs)
		}
	}
	told("--store", bare)
	refused("no passkey of the account is known there", "--facts", facts, "--store", bare)
	refused("--store holds a password", "--facts", mine, "--store", full)
	refused("--store holds a password", "--facts", mine, "--store", bare+"&password="+password)
	refused("--store is no URL", "--facts", mine, "--store", "host=localhost password="+password)
	refused("--store is no URL", "--facts", mine, "--store", "postgres://a:"+password+" @b")

	// The environment may hold all of it; an account that the server does not know is none
	// of its business then.
	t.Setenv("PGPASSWORD", "")
	t.Setenv(storeVariable, full)
	told()
	if _, errs, code := audited(t, "--facts", facts); code != 0 {
		t.Error(errs)
	}
	t.Setenv(storeVariable, "mysql://"+password)
	refused(storeVariable+" is no URL", "--facts", mine)
	t.Setenv(storeVariable, strings.Replace(full, password, "wrong", 1))
	refused("the password is wrong (SQLSTATE 28P01)", "--facts", mine)
}
