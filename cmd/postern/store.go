package main

import (
	"flag"
	"net/url"
	"os"

	"github.com/postern-dev/postern/relyingparty/postgres"
)

// storeVariable names the passkey server's database where --store does not. It may hold a
// password; a command line may not: every program on a machine can read those.
const storeVariable = "POSTERN_STORE"

// storeFlag is --store.
type storeFlag struct{ text string }

func (s *storeFlag) flags(fs *flag.FlagSet, what string) {
	// The variable is not the flag's default: help prints defaults.
	fs.StringVar(&s.text, "store", "", what+"; default: $"+storeVariable)
}

// read returns the database's URL, or "", and whether the command line has named it.
func (s *storeFlag) read() (string, bool, error) {
	const form = "postgres://user@host:5432/database?sslmode=verify-full; what is left out comes from PGHOST, PGUSER, PGPASSWORD and the like"
	text, named := s.text, s.text != ""
	if !named {
		text = os.Getenv(storeVariable)
	}
	if text == "" {
		return "", false, nil
	}
	where := storeVariable
	if named {
		where = "--store"
	}
	u, err := url.Parse(text)
	if err != nil || !postgres.IsURL(text) { // never repeated: it may hold a password
		return "", named, usageError(where+" is no URL of a PostgreSQL database", form)
	}
	_, secret := u.User.Password()
	if named && (secret || u.Query().Has("password") || u.Query().Has("sslpassword")) {
		return "", named, usageError("--store holds a password, which every program on this machine could read", "put it into PGPASSWORD or a file named by PGPASSFILE, or the whole URL into "+storeVariable)
	}
	return text, named, nil
}
