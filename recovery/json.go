// A report for programs.

package recovery

import "encoding/json"

// JSON is the report as indented JSON, format postern-audit-1. Durations are nanoseconds.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
