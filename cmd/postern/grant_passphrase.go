package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

const passphraseEnv = "POSTERN_PASSPHRASE"

// passphrase is what an approval is encrypted with. Somebody who sits there is asked for it, a fresh one twice.
func (c *call) passphrase(path string, fresh bool) ([]byte, error) {
	var ask func() ([]byte, error)
	if f, ok := c.stdin.(*os.File); ok && isTerminal(f) {
		ask = func() ([]byte, error) {
			return askPassphrase(c.stderr, func() ([]byte, error) { return term.ReadPassword(int(f.Fd())) }, fresh)
		}
	}
	return readPassphrase(path, c.stdin, ask)
}

// readPassphrase reads it from a file, from standard input ("-"), or, without a path, from the environment; and asks if
// it is not there and ask is not nil. A line's end does not belong to it.
func readPassphrase(path string, stdin io.Reader, ask func() ([]byte, error)) ([]byte, error) {
	var text []byte
	var err error
	switch path {
	case "":
		if text = []byte(os.Getenv(passphraseEnv)); len(text) == 0 && ask != nil {
			text, err = ask()
		}
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

// askPassphrase asks without showing what is typed.
func askPassphrase(w io.Writer, read func() ([]byte, error), fresh bool) ([]byte, error) {
	line := func(question string) ([]byte, error) {
		fmt.Fprint(w, question)
		text, err := read()
		fmt.Fprintln(w)
		if errors.Is(err, io.EOF) {
			err = nil // nothing was typed
		}
		return text, err
	}
	text, err := line("Passphrase of the approval: ")
	if err != nil || !fresh || len(text) == 0 {
		return text, err
	}
	again, err := line("The same again: ")
	if err == nil && !bytes.Equal(text, again) {
		err = usageError("the passphrases differ", "type the same one twice")
	}
	return text, err
}
