package p256table_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/postern-dev/postern/p256table"
)

func Example() {
	key, err := p256table.ParseKey(
		"0x3f5a1ca61c5bf95e8cefe933883235b817c9ad00ace929ecc8184d709e5229a7",
		"0xea04a1b18649cbca7650e781c53fe3f7824d3f5b29fd90d93edc6d31b24e8e9d",
	)
	if err != nil {
		log.Fatal(err)
	}
	code, err := p256table.Build(p256table.Format1k, key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, %x…\n", len(code), code[:6])

	// Somebody else's table: is it this key's?
	code[900] ^= 1
	fmt.Println(p256table.Verify(p256table.Format1k, key, code))
	// Output:
	// 1090 bytes, 00123f5a1ca6…
	// p256table: point 13: the bytes are not the table of this key (byte 900 is 0xbf, not 0xbe)
}

func ExampleBuildMany() {
	keys := []p256table.Key{ /* as many as there are, or an iterator that reads them */ }
	err := p256table.BuildMany(context.Background(), p256table.Format4k, slices.Values(keys), func(r p256table.Result) error {
		fmt.Printf("%v: %d bytes\n", r.Key, len(r.Code))
		return nil
	})
	fmt.Println(err)
	// Output: <nil>
}
