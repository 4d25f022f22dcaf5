package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/tableserver"
)

const tableServeAbout = `
Serves tables over HTTP until Ctrl-C:

  GET  /v1/tables/{x}/{y}?format=4k   one table: bytes, or JSON with Accept: application/json
  POST /v1/tables?format=4k           many: {"x":"0x…","y":"0x…"} on a line each
                                      (Content-Type: application/x-ndjson), or 64 bytes each
  GET  /precompute/{x}/{y}            {"bytecode":"…"}: creation code that holds the table

It listens on this machine only; for others put a proxy in front of it. It keeps nothing and can
do no harm but to refuse service: those who ask verify what they get.`

func runTableServe(ctx context.Context, c *call) error {
	fs := c.newFlags()
	listen := fs.String("listen", "localhost:8081", "loopback `address` and port; port 0 takes a free one")
	format := fs.String("format", "4k", "for requests that name none: "+formatUsage)
	workers := fs.Int("workers", 0, "`number` of cores that compute; 0 is all")
	most := fs.Int("max-keys", 0, "most `keys` of one request; 0 is 10000")
	verbose := fs.Bool("verbose", false, "write a log to standard error")
	asJSON := fs.Bool("json", false, "print one JSON object when it is ready")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	f, err := parseTableFormat(*format)
	if err != nil {
		return err
	}
	if *workers < 0 || *most < 0 {
		return usageError("a number below zero makes no sense", "run: postern help table serve")
	}
	handler, err := tableserver.New(tableserver.Config{Default: f, Workers: *workers, MaxKeys: *most, Log: c.log(*verbose)})
	if err != nil {
		return err
	}
	b, err := server.Listen(ctx, *listen)
	if err != nil {
		return err
	}
	defer b.Close()
	if *asJSON {
		err = printJSON(c.stdout, map[string]string{"tables": b.Origin() + "/v1/tables"})
	} else {
		_, err = fmt.Fprintf(c.stdout, "Tables at %s/v1/tables. Ctrl-C ends it.\n", b.Origin())
	}
	if err != nil {
		return err
	}
	return serveTables(ctx, b, handler)
}

// serveTables answers until ctx ends; then requests under way end too, since streams may be long.
func serveTables(ctx context.Context, b *server.Binding, handler http.Handler) error {
	group, groupCtx := errgroup.WithContext(ctx)
	s := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		WriteTimeout: 30 * time.Second, // POST has its own limits
		BaseContext:  func(net.Listener) context.Context { return groupCtx },
	}
	for _, l := range b.Listeners {
		group.Go(func() error {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve tables at %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-groupCtx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := s.Shutdown(stop); err != nil {
			return s.Close()
		}
		return nil
	})
	return group.Wait()
}
