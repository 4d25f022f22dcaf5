package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/postern-dev/postern/account/guardian"
)

const (
	drillsFormat = "postern-drills-1"
	maxDrills    = 64 // kept in a log, the newest
)

// A drillLog is the drills of one account on one chain, the oldest first, each with its signatures.
type drillLog struct{ drills []*guardian.Collected }

type drillLogFile struct {
	Format string            `json:"format"`
	Drills []json.RawMessage `json:"drills"`
}

func drillOf(col *guardian.Collected) guardian.Drill { return col.Message().(guardian.Drill) }

// add takes a drill, or the signatures of one that is there.
func (l *drillLog) add(col *guardian.Collected) error {
	d, ok := col.Message().(guardian.Drill)
	if !ok {
		return failf("wrong-file", "drills are made by: postern drill new", "the file is about %s, not a drill", subjectOf(col.Message()).what)
	}
	for _, old := range l.drills {
		was := drillOf(old)
		if was.Account != d.Account || old.ChainID().Cmp(col.ChainID()) != 0 {
			return failf("wrong-account", "one report is about one account on one chain", "the drills are of %s on chain %s and of %s on chain %s", was.Account, old.ChainID(), d.Account, col.ChainID())
		}
		if was.Date.Equal(d.Date) && was.Digest(old.ChainID()) == d.Digest(col.ChainID()) {
			return old.Merge(col)
		}
	}
	l.drills = append(l.drills, col)
	slices.SortStableFunc(l.drills, func(a, b *guardian.Collected) int { return drillOf(a).Date.Compare(drillOf(b).Date) })
	return nil
}

// readDrillLog reads a log; a missing or empty file is an empty one. Every signature is verified.
func (c *call) readDrillLog(path string) (*drillLog, error) {
	out := &drillLog{}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	text, _, err := c.readArgument([]string{path})
	if err != nil {
		return nil, err
	}
	var file drillLogFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil || file.Format != drillsFormat || dec.More() {
		return nil, failf("bad-file", "a log is made by: postern drill report FILE --log LOG", "%s is no log of drills", path)
	}
	if len(file.Drills) > maxDrills {
		return nil, failf("too-long", "a log keeps the newest", "%s has %d drills, more than %d", path, len(file.Drills), maxDrills)
	}
	for i, raw := range file.Drills {
		col, err := guardian.ParseCollected(raw)
		if err == nil {
			err = out.add(col)
		}
		if err != nil {
			f := explain(err)
			f.Message = fmt.Sprintf("%s, drill %d: %s", path, i+1, f.Message)
			return nil, f
		}
	}
	return out, nil
}

// write keeps the newest drills. What is there must have been read before: it is a log, or nothing.
func (l *drillLog) write(path string) error {
	file := drillLogFile{Format: drillsFormat, Drills: []json.RawMessage{}}
	for _, d := range l.drills[max(0, len(l.drills)-maxDrills):] {
		text, err := d.MarshalJSON()
		if err != nil {
			return err
		}
		file.Drills = append(file.Drills, text)
	}
	var b bytes.Buffer
	if err := printJSON(&b, file); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// newest is the last drill that is not dated after now.
func (l *drillLog) newest(now time.Time) *guardian.Collected {
	for _, d := range slices.Backward(l.drills) {
		if !drillOf(d).Date.After(now.Add(futureDrill)) {
			return d
		}
	}
	return nil
}
