package passkey

// Finding is one thing that Diagnose has to say.
type Finding struct {
	Cause  Cause  // what Verify or the parser would refuse it with; "" for a remark
	Where  string // the part of the input
	Seen   string
	Want   string
	Source string // where this likely comes from
	Hint   string // the way out
}
