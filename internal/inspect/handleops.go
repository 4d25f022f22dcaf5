package inspect

import (
	"fmt"

	"github.com/postern-dev/postern/userop"
)

// handleOps explains calldata of EntryPoint.handleOps.
func (in *inspector) handleOps(b []byte) (Reading, bool) {
	if len(b) < 4 {
		return Reading{}, false
	}
	var eps []userop.EntryPoint
	for _, ep := range userop.EntryPoints() {
		if userop.IsHandleOps(ep, b) && (in.opt.EntryPoint == nil || in.opt.EntryPoint == ep) {
			eps = append(eps, ep)
		}
	}
	if len(eps) == 0 {
		return Reading{}, false
	}
	r := Reading{Kind: "handle-ops", Title: "calldata of EntryPoint.handleOps", Likelihood: Certain}
	ops, beneficiary, err := userop.DecodeHandleOps(eps[0], b)
	if err != nil {
		r.wrong("malformed", err.Error(), "cut, or edited", "")
		return r, true
	}
	r.fact("operations", fmt.Sprint(len(ops)))
	r.fact("fees go to", beneficiary.Hex())
	for i, op := range ops {
		if i == maxParts {
			r.note("more", fmt.Sprintf("%d more operations are not shown", len(ops)-i))
			break
		}
		part := Reading{Kind: "user-operation", Title: fmt.Sprintf("operation %d of %d", i+1, len(ops)), Likelihood: Certain}
		in.explainOp(&part, op, eps)
		r.Parts = append(r.Parts, part)
	}
	return r, true
}

// maxParts bounds how many members of a list are explained.
const maxParts = 16
