package main

import (
	"bytes"
	"io"
	"os"
)

const passphraseEnv = "POSTERN_PASSPHRASE"

// readPassphrase is what an approval is encrypted with: of a file, of standard input ("-")
// or, without a path, of the environment. A line's end does not belong to it.
func readPassphrase(path string, stdin io.Reader) ([]byte, error) {
	var text []byte
	var err error
	switch path {
	case "":
		text = []byte(os.Getenv(passphraseEnv))
	case "-":
		text, err = readBounded(stdin)
	default:
		text, err = readSecret(path)
	}
	if err != nil {
		return nil, err
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) == 0 {
		return nil, usageError("no passphrase is given", "--passphrase FILE, - for standard input, or $"+passphraseEnv+": read -rs "+passphraseEnv+" && export "+passphraseEnv)
	}
	return text, nil
}
