package tableserver

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/postern-dev/postern/p256table"
)

// BenchmarkPost is one table of a stream, with the client, which reads all of it, on the same
// machine. peak-MB is the most that the heap took, client included.
func BenchmarkPost(b *testing.B) {
	for _, f := range []p256table.Format{p256table.Format1k, p256table.Format4k, p256table.Format16k} {
		for _, kind := range []string{binaryType, linesType} {
			b.Run(f.String()+"/"+kind[strings.Index(kind, "/")+1:], func(b *testing.B) {
				server, _ := serve(b, Config{MaxKeys: max(b.N, 1)})
				body := bytes.Repeat(raw(key(b, 1)), b.N)
				r, _ := http.NewRequest("POST", server.URL+"/v1/tables?format="+f.String(), bytes.NewReader(body))
				r.Header.Set("Content-Type", binaryType)
				r.Header.Set("Accept", kind)
				b.ResetTimer()
				reply, err := http.DefaultClient.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				defer reply.Body.Close()
				n, peak, chunk := 0, uint64(0), make([]byte, 1<<20)
				for err == nil {
					var got int
					got, err = io.ReadFull(reply.Body, chunk)
					n += got
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapInuse)
				}
				if n < b.N*f.Size() || reply.StatusCode != 200 {
					b.Fatal(n, reply.Status)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tables/s")
				b.ReportMetric(float64(peak)/1e6, "peak-MB")
			})
		}
	}
}

// BenchmarkGet is one request for one table over kept connections, two at a time per core.
func BenchmarkGet(b *testing.B) {
	server, _ := serve(b, Config{})
	k := key(b, 1)
	x, y := k.X(), k.Y()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	for _, f := range []p256table.Format{p256table.Format4k, p256table.Format16k} {
		url := server.URL + "/v1/tables/" + hex.EncodeToString(x[:]) + "/" + hex.EncodeToString(y[:]) + "?format=" + f.String()
		b.Run(f.String(), func(b *testing.B) {
			b.SetParallelism(2)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					reply, err := client.Get(url)
					if err != nil {
						b.Error(err)
						return
					}
					n, _ := io.Copy(io.Discard, reply.Body)
					reply.Body.Close()
					if n != int64(f.Size()) {
						b.Error(n, reply.Status)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tables/s")
		})
	}
}
