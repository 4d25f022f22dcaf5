package p256table

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// batch is how many keys share their inversions: enough that these hardly count, few enough that
// the points stay in a core's cache.
const batch = 8

// A Result is what became of one of many keys.
type Result struct {
	Index int // of the key, from 0
	Key   Key
	Code  []byte // the table; nil if Err is not
	Err   error
}

// BuildMany builds the tables of keys on all cores and calls yield for each, one at a time and in
// order. It reads ahead a few dozen keys, so any number can stream through in bounded memory. It
// returns when all are done, or ctx ends, or yield or a key fails, with that error; then
// nothing of it runs on.
func BuildMany(ctx context.Context, f Format, keys iter.Seq[Key], yield func(Result) error) error {
	all := func(yield func(Key, error) bool) {
		for k := range keys {
			if !yield(k, nil) {
				return
			}
		}
	}
	return NewPool(0).Stream(ctx, f, all, func(r Result) error {
		if r.Err != nil {
			return r.Err
		}
		return yield(r)
	})
}

// A Pool bounds how many cores build tables at once, over all its calls, and keeps their working
// memory for the next. It may be used by many goroutines and needs no closing.
type Pool struct {
	slots chan map[Format]*builder
}

// NewPool makes a pool of so many workers; 0 or less stands for as many as Go runs at once.
func NewPool(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{make(chan map[Format]*builder, workers)}
	for range workers {
		p.slots <- map[Format]*builder{}
	}
	return p
}

// Build is [Build], waiting for a worker as long as ctx lasts.
func (p *Pool) Build(ctx context.Context, f Format, k Key) ([]byte, error) {
	r := []Result{{Key: k}}
	if err := p.chunk(ctx, f, r); err != nil {
		return nil, err
	}
	return r[0].Code, r[0].Err
}

// Stream builds the tables of keys and calls yield for each, one at a time and in order. A key
// that comes with an error, or has no table, is a Result like others. Stream returns when all are
// done, or ctx ends, or yield returns an error, with that error; then nothing of it runs on. It
// waits for keys to return, so keys must end when ctx does, and collects a few of them before
// the first is built.
func (p *Pool) Stream(ctx context.Context, f Format, keys iter.Seq2[Key, error], yield func(Result) error) error {
	if _, ok := plans[f]; !ok {
		return &Error{Cause: ErrFormat, Seen: f.String()}
	}
	ctx, stop := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop(context.Canceled)
	queue := make(chan chunkUnderWay, 2*cap(p.slots)) // its length bounds what is under way
	running.Go(func() {
		defer close(queue)
		n := 0
		for chunk := range chunks(keys) {
			for i := range chunk {
				chunk[i].Index = n + i
			}
			n += len(chunk)
			c := chunkUnderWay{chunk, make(chan error, 1)}
			select {
			case queue <- c:
			case <-ctx.Done():
				return
			}
			running.Go(func() { c.done <- p.chunk(ctx, f, chunk) })
		}
	})
	for c := range queue {
		if err := <-c.done; err != nil {
			return err
		}
		for _, r := range c.results {
			if err := yield(r); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// chunkUnderWay is a chunk whose results are there when done says so.
type chunkUnderWay struct {
	results []Result
	done    chan error
}

// chunks collects up to batch keys at a time.
func chunks(keys iter.Seq2[Key, error]) iter.Seq[[]Result] {
	return func(yield func([]Result) bool) {
		var chunk []Result
		for k, err := range keys {
			if chunk = append(chunk, Result{Key: k, Err: err}); len(chunk) == batch {
				if !yield(chunk) {
					return
				}
				chunk = nil
			}
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
	}
}

// chunk builds the tables of up to batch results that have no error yet. The error that it
// returns says that it did not come to that.
func (p *Pool) chunk(ctx context.Context, f Format, results []Result) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var slot map[Format]*builder
	select {
	case slot = <-p.slots:
		defer func() { p.slots <- slot }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if slot[f] == nil {
		b, err := newBuilder(f, batch)
		if err != nil {
			return err
		}
		slot[f] = b
	}
	var keys []Key
	var good []*Result
	for i := range results {
		if r := &results[i]; r.Err == nil {
			keys, good = append(keys, r.Key), append(good, r)
		}
	}
	codes, err := slot[f].build(keys)
	for i, r := range good {
		if err == nil {
			r.Code = codes[i]
		} else if one, err := slot[f].build(keys[i : i+1]); err != nil { // which of them was it?
			r.Err = err
		} else {
			r.Code = one[0]
		}
	}
	return nil
}
