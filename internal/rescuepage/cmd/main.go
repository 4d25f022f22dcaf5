// Command cmd writes wallet/rescue.html anew. Run it at the root of the module:
//
//	go run ./internal/rescuepage/cmd
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/postern-dev/postern/internal/rescuepage"
)

func main() {
	page, err := rescuepage.Build(context.Background(), ".")
	if err == nil {
		err = os.WriteFile(rescuepage.File, page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rescuepage:", err)
		os.Exit(1)
	}
	fmt.Println(rescuepage.File, len(page), "bytes")
}
