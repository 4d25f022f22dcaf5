// Command emulator runs a Flow emulator on a port of the loopback interface until its input ends. It prints one line of
// JSON: {"rest":"http://127.0.0.1:PORT","service":"ADDRESS"}. The argument is the service account's public key, x‖y of
// P-256 in hexadecimal; its hash algorithm is SHA2_256. A number on a line of its input is how many empty blocks to make;
// {"height":N} on a line says that they are there.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/onflow/flow-emulator/adapters"
	"github.com/onflow/flow-emulator/emulator"
	"github.com/onflow/flow-emulator/server/access"
	"github.com/onflow/flow-go-sdk/crypto"
	"github.com/rs/zerolog"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("one argument: the service account's public key")
	}
	raw, err := hex.DecodeString(os.Args[1])
	if err != nil {
		return err
	}
	key, err := crypto.DecodePublicKey(crypto.ECDSA_P256, raw)
	if err != nil {
		return err
	}
	// A reference block that is one block old is expired without WithTransactionExpiry.
	chain, err := emulator.New(
		emulator.WithServicePublicKey(key, crypto.ECDSA_P256, crypto.SHA2_256),
		emulator.WithTransactionExpiry(600),
	)
	if err != nil {
		return err
	}
	chain.EnableAutoMine()
	port, err := freePort()
	if err != nil {
		return err
	}
	logger := zerolog.Nop()
	server, err := access.NewRestServer(&logger, chain, adapters.NewAccessAdapter(&logger, chain), chain.GetChain(), "127.0.0.1", port, false)
	if err != nil {
		return err
	}
	if err := server.Listen(); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Start() }()
	service := chain.ServiceKey().Address
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{
		"rest": fmt.Sprintf("http://127.0.0.1:%d", port), "service": service.Hex(),
	}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- obey(os.Stdin, chain) }()
	select {
	case err := <-failed:
		return err
	case err := <-ended:
		server.Stop()
		return err
	}
}

// maxBlocks is more empty blocks than any transaction lives for.
const maxBlocks = 10_000

// obey makes as many empty blocks as each line of the input says, until the input ends.
func obey(in io.Reader, chain *emulator.Blockchain) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 32)
		if err != nil || n > maxBlocks {
			return fmt.Errorf("no number of blocks: %.40q", lines.Text())
		}
		for range n {
			if _, err := chain.CommitBlock(); err != nil {
				return err
			}
		}
		latest, err := chain.GetLatestBlock()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(map[string]uint64{"height": latest.Height}); err != nil {
			return err
		}
	}
	return lines.Err()
}

// freePort is a port that nobody listens on. The server cannot be asked which one it took.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
