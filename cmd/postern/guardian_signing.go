package main

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/seal"
)

// maxSigned is how many files one signature is for, at most: as many as one tree has leaves.
const maxSigned = 256

// A signing is what is signed at once: one file, or several by one signature.
type signing struct {
	paths   []string
	files   []*guardian.Collected
	tree    *guardian.Tree // nil for one file
	message guardian.Message
	names   *nameBook
	now     time.Time // of the chain that was named, else of this machine
}

// approveFile signs what stands in a file, or in several, if it is of the right kind.
func (c *call) approveFile(ctx context.Context, right func(guardian.Message) error) error {
	fs := c.newFlags()
	var f approveFlags
	f.flags(fs)
	rest, err := c.parse(fs, maxSigned)
	switch {
	case err != nil:
		return err
	case len(rest) == 0:
		return usageError("which file?", "postern "+c.cmd.name+" FILE --owner-key KEY")
	case len(rest) > 1 && f.out != "":
		return usageError("--out is for one file", "of several, each is written again; work on copies")
	}
	s, err := c.readSigning(rest, f.names, right)
	if err != nil {
		return err
	}
	if s.now = time.Now(); f.rpc != "" {
		if s.now, err = f.chainNow(ctx, s.files); err != nil {
			return err
		}
	}
	if !f.json {
		c.printLines(s.words())
		s.printWarnings(c)
	}
	a, err := c.approvalOf(ctx, &f, s)
	if err != nil || f.request != "" {
		return err
	}
	for i, col := range s.files {
		if err := col.Add(s.approval(i, a)); err != nil {
			return err
		}
	}
	for i, path := range rest {
		if err := c.writeCollected(or(f.out, path), s.files[i]); err != nil {
			return err
		}
	}
	if f.json {
		return c.printSigned(s)
	}
	fmt.Fprintf(c.stdout, "%s %s has signed\n", painter(c.stdout).green("done:"), plain(s.names.signer(a.Signer)))
	for i, col := range s.files {
		if s.tree != nil {
			fmt.Fprintf(c.stdout, "%s:\n", plain(rest[i]))
		}
		c.printStatus(col, s.names)
	}
	fmt.Fprintf(c.stderr, "next: %s\n", plain(s.next(f.out)))
	return nil
}

func (c *call) readSigning(paths []string, names string, right func(guardian.Message) error) (*signing, error) {
	s := &signing{paths: paths}
	var err error
	if s.names, err = openNames(names); err != nil {
		return nil, err
	}
	var leaves []guardian.Leaf
	for _, path := range paths {
		col, err := c.readCollected(path)
		if err != nil {
			return nil, err
		}
		if err := right(col.Message()); err != nil {
			return nil, err
		}
		s.files, leaves = append(s.files, col), append(leaves, guardian.Leaf{Message: col.Message(), ChainID: col.ChainID()})
	}
	if s.message = leaves[0].Message; len(leaves) > 1 {
		if s.tree, err = guardian.NewTree(leaves...); err != nil {
			return nil, failf("same-file", "give each file once", "%w", err)
		}
		s.message = s.tree
	}
	return s, nil
}

// approval is what a signature is in one of the files.
func (s *signing) approval(i int, a guardian.Approval) guardian.Approval {
	if s.tree == nil {
		return a
	}
	return s.tree.Approval(i, a)
}

func (s *signing) printWarnings(c *call) {
	for i, col := range s.files {
		if s.tree != nil && len(guardian.Warnings(col.Message(), col.Setup(), s.now)) > 0 {
			fmt.Fprintf(c.stdout, "%s:\n", plain(s.paths[i]))
		}
		c.printWarnings(col, s.now)
	}
}

// next says where the files go from here.
func (s *signing) next(out string) string {
	what := "the files"
	if len(s.paths) == 1 {
		what = or(out, s.paths[0])
	}
	_, drill := s.files[0].Message().(guardian.Drill)
	ready := !drill
	for _, col := range s.files {
		ready = ready && col.Status().Ready
	}
	if ready {
		return "give " + what + " back to who asked you: enough have signed"
	}
	return "give " + what + " to the next guardian, or back to who asked you"
}

func (s *signing) words() []string {
	if s.tree != nil {
		return s.tree.Words()
	}
	return s.names.words(s.files[0])
}

// asked is the signer as the files have it, all of which must ask it.
func (s *signing) asked(who seal.Signer) (seal.Signer, error) {
	var out seal.Signer
	for i, col := range s.files {
		got, err := asked(col, who, s.names)
		if err == nil && i > 0 && got != out {
			err = failf("two-rules", "sign them one by one", "%s is asked under two rules", s.names.signer(who))
		}
		if err != nil {
			f := explain(err)
			if s.tree != nil {
				f.Message = s.paths[i] + ": " + f.Message
			}
			return out, f
		}
		out = got
	}
	return out, nil
}

func (c *call) printSigned(s *signing) error {
	if s.tree == nil {
		return printJSON(c.stdout, statusOf(s.files[0], s.names, s.now))
	}
	var out []wireStatus
	for _, col := range s.files {
		out = append(out, statusOf(col, s.names, s.now))
	}
	return printJSON(c.stdout, map[string]any{"root": s.tree.Root(), "files": out})
}
