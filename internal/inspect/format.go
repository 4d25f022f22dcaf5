package inspect

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/postern-dev/postern/passkey"
)

// maxShown is how many bytes of a value are printed before it is cut in the middle.
const maxShown = 96

func hexOf(b []byte) string {
	if len(b) == 0 {
		return "0x"
	}
	if len(b) > maxShown {
		return fmt.Sprintf("0x%s…%s (%d bytes)", hex.EncodeToString(b[:24]), hex.EncodeToString(b[len(b)-8:]), len(b))
	}
	return "0x" + hex.EncodeToString(b)
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// show quotes text from outside, cut to a bearable length. Text that is plain but for
// double quotes, as all JSON is, stands as it is.
func show(b []byte) string {
	cut := ""
	if len(b) > 4*maxShown {
		b, cut = b[:3*maxShown], fmt.Sprintf("… (%d bytes)", len(b))
	}
	quoted := strconv.QuoteToASCII(string(b))
	if inner := quoted[1 : len(quoted)-1]; strings.ReplaceAll(inner, `\"`, `"`) == string(b) && len(b) > 0 {
		return string(b) + cut
	}
	return quoted + cut
}

// shown is show for text.
func shown(s string) string {
	return show([]byte(s))
}

func unixTime(b []byte) string {
	n := bigOf(b)
	if n.Sign() == 0 {
		return "not limited"
	}
	if !n.IsInt64() || n.Int64() > 1<<40 {
		return n.String()
	}
	return time.Unix(n.Int64(), 0).UTC().Format(time.RFC3339)
}

// number shows an amount in decimal; the nil number was not stated.
func number(n *big.Int) string {
	if n == nil {
		return "not stated"
	}
	return n.String()
}

// ether shows wei in decimal and, where it reads better, in whole coins.
func ether(wei *big.Int) string {
	if wei == nil {
		return "not stated"
	}
	if wei.BitLen() < 34 {
		return wei.String() + " wei"
	}
	whole, rest := new(big.Int).QuoRem(wei, big.NewInt(1e18), new(big.Int))
	text := whole.String()
	if rest.Sign() != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%018s", rest.String()), "0")
	}
	return text + " ETH"
}

// refused turns a parser's refusal into a finding.
func (r *Reading) refused(code string, err error) {
	var e *passkey.Error
	if errors.As(err, &e) {
		text := strings.TrimPrefix(e.Error(), "passkey: ")
		r.wrong(code, text, "", e.Hint)
		return
	}
	r.wrong(code, err.Error(), "", "")
}
