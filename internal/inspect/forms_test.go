package inspect_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// word is one ABI word; data is a length and padded bytes.
func word(n int) []byte { return common.LeftPadBytes(big.NewInt(int64(n)).Bytes(), 32) }

func data(b []byte) []byte {
	return append(word(len(b)), common.RightPadBytes(b, (len(b)+31)/32*32)...)
}

func file(t *testing.T, name string) string { return strings.TrimSpace(string(read(t, name))) }

func TestWhatStandsAroundIsTakenOff(t *testing.T) {
	op := file(t, "hybrid-operation.json")
	const ep = "0x0000000071727De22E5E9d8BAf0edAc6f37da032"
	safe := bytesOf(t, file(t, "safe-good.hex"))
	ours := sealed(t, common.Hash{1}, softkey.Quirks{})
	_, reg, _ := device(t)
	signer, err := seal.PasskeySigner(reg.Key(), seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	params := contracts.Params{Signers: [][]byte{signer.Bytes()}, Weights: []uint64{1}, Threshold: 1}
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	create, err := d.CreateAccount(params)
	if err != nil {
		t.Fatal(err)
	}
	x, y := reg.Key().X(), reg.Key().Y()
	contractSignature := slices.Concat(common.LeftPadBytes(make([]byte, 20), 32), word(65), []byte{0}, word(len(safe)), safe)
	contents := "Mail(address to,string text)"
	typed := slices.Concat(ours, make([]byte, 64), []byte(contents), binary.BigEndian.AppendUint16(nil, uint16(len(contents))))
	wrapped6492 := slices.Concat(word(0x1234), word(96), word(160), data([]byte{1, 2, 3}), data(ours), bytes.Repeat([]byte{0x64, 0x92}, 16))
	authData, clientData := bytesOf(t, "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg"), `{"type":"webauthn.get","challenge":"m5uZ9p27ZdM3hBhWv6rsvt4BWS0CZX0x3WcHeLjHtCQ","origin":"http://localhost:45785","crossOrigin":false}`
	der := "0x304402205a9f26ab5802118e156bf19a539bc65db5398930cb2b0508191f6f158d9aef9f02206b65bb4f42807fe3198da9184c2df8fe227eb08b05638b8dda99495348452964"
	compact := slices.Concat([]byte{0, 37}, authData, []byte(clientData), []byte{0, 23, 0, 1}, bytesOf(t, "0x"+der[10:74]), bytesOf(t, "0x"+der[78:142]))
	hex := func(b []byte) string { return "0x" + common.Bytes2Hex(b) }

	for _, tt := range []struct {
		name, input, kind, fact, value string
		wrong                          []string
	}{
		{"a request to a bundler", `{"jsonrpc":"2.0","id":1,"method":"eth_sendUserOperation","params":[` + op + `,"` + ep + `"]}`, "user-operation", "for EntryPoint", "0.7", nil},
		{"a request to no EntryPoint", `[` + op + `,"0x0000000000000000000000000000000000000001"]`, "user-operation", "for EntryPoint", "0.7, 0.8, 0.9", nil},
		{"a reply with an operation", `{"jsonrpc":"2.0","id":1,"result":{"userOperation":` + op + `,"entryPoint":"` + ep + `","blockNumber":"0x1"}}`, "user-operation", "blockNumber", "0x1", nil},
		{"a receipt", `{"userOpHash":"0x01","success":true,"actualGasUsed":"0x5208"}`, "receipt", "actualGasUsed", "0x5208", nil},
		{"a receipt of a failure", `{"userOpHash":"0x01","success":false,"reason":"0x5b7812d4"}`, "receipt", "success", "false", []string{"call-failed", "reverted"}},
		{"a passkey server's request", `{"cred":` + file(t, "chromium-assertion.json") + `}`, "assertion", "taken from", "cred", nil},
		{"parts of an assertion as Ethereum libraries keep them", fmt.Sprintf(`{"authenticatorData":"%s","clientDataJSON":%q,"signature":"%s"}`, hex(authData), clientData, der), "assertion-parts", "flags", "0x05 = UP|UV", nil},
		{"creation options", `{"rp":{"id":"example.org","name":"E"},"user":{"id":"AQID","name":"a","displayName":"A"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`, "creation-options", "user handle", "0x010203", nil},
		{"request options", `{"challenge":"AAAAAAAAAAAAAAAAAAAAAA","rpId":"example.org"}`, "request-options", "relying party", "example.org", nil},
		{"a JSON Web Key", fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":"0x%x","y":"0x%x"}`, x, y), "jwk", "x", fmt.Sprintf("0x%x", x), nil},
		{"a JSON Web Key that lost a zero", fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":"0x%x","y":"0x%x"}`, x[1:], y), "jwk", "curve", "P-256", []string{"not-on-curve"}},
		{"a JSON Web Key of another curve", `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`, "jwk", "curve", "secp256k1", []string{"curve"}},

		{"our signer's bytes", hex(signer.Bytes()), "postern-signer", "rule", "0x01 = UV required, BE any, BS any", nil},
		{"our signer's bytes with an illegal rule", hex(append(signer.Bytes()[:84], 3)), "postern-signer", "", "", []string{"signer"}},
		{"our user handle", "0x02000000000000000000000000000000000000dead", "postern-user-handle", "meaning", "0x02000000000000000000000000000000000000dead = Postern, further passkey of 0x000000000000000000000000000000000000dEaD", nil},
		{"our factory's call", hex(create), "contract-call", "weights", "[1]", nil},
		{"our signature with typed contents", hex(typed), "postern-signature", "signed typed data", contents, nil},
		{"our signature before deployment", hex(wrapped6492), "erc6492", "factory", "0x0000000000000000000000000000000000001234", nil},
		{"a broken ERC-6492 signature", hex(wrapped6492[32:]), "erc6492", "", "", []string{"malformed"}},
		{"a Safe's contract signature", hex(contractSignature), "safe-contract-signature", "owner", "0x0000000000000000000000000000000000000000", nil},
		{"a Safe's 4337 signature", hex(append(make([]byte, 12), contractSignature...)), "safe-contract-signature", "valid after", "not limited", nil},
		{"Solady's compact form", hex(compact), "solady-webauthn-compact", "challenge index", "23", nil},
		{"an unlimited approval", hex(slices.Concat(crypto.Keccak256([]byte("approve(address,uint256)"))[:4], word(1), bytes.Repeat([]byte{0xff}, 32))), "token-call", "spender", "0x0000000000000000000000000000000000000001", nil},
		{"a batch", hex(batch()), "account-call", "call 2", "0x0000000000000000000000000000000000000002, value 1 ETH, data 0x0102", nil},
		{"a P256VERIFY address", "0x0000000000000000000000000000000000000100", "address", "known as", "P256VERIFY precompile (EIP-7951, RIP-7212)", nil},
		{"the hash of nothing", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", "word", "", "", []string{"empty-hash"}},
		{"a Kernel policy's refusal", "0x3e4983f6" + common.Bytes2Hex(word(2)), "revert", "error", "PolicyFailed", []string{"reverted"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := inspect.Inspect([]byte(tt.input), inspect.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Readings[0].Kind; got != tt.kind {
				t.Fatalf("read as %v", kinds(r))
			}
			if got := codes(r, inspect.Error); !slices.Equal(got, tt.wrong) {
				t.Errorf("errors %v, want %v", got, tt.wrong)
			}
			if got := fact(r, tt.fact); tt.fact != "" && got != tt.value {
				t.Errorf("%s is %q, want %q", tt.fact, got, tt.value)
			}
		})
	}
}

// batch is ERC-7579 calldata of two calls.
func batch() []byte {
	one := slices.Concat(word(1), word(0), word(96), data(nil))
	two := slices.Concat(word(2), common.LeftPadBytes(big.NewInt(1e18).Bytes(), 32), word(96), data([]byte{1, 2}))
	list := slices.Concat(word(32), word(2), word(64), word(64+len(one)), one, two)
	return slices.Concat(common.FromHex("0xe9ae5c53"), []byte{1}, make([]byte, 31), word(64), data(list))
}

func TestTheLongestInputsTakeBoundedTime(t *testing.T) {
	op := (&userop.Op{Sender: common.Address{1}, CallData: make([]byte, 4)}).Normalize()
	op.CallData = bytes.Repeat([]byte{0xff}, 27_000)
	op.Signature = sealed(t, common.Hash{1}, softkey.Quirks{})
	ops := slices.Repeat([]*userop.Op{op}, 18)
	calldata, err := userop.V08.HandleOps(ops, common.Address{2})
	if err != nil {
		t.Fatal(err)
	}
	big1 := op.Clone()
	big1.CallData = bytes.Repeat([]byte{0xff}, 280_000)
	text, err := userop.V08.MarshalOp(big1)
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string][]byte{
		"handleOps":    []byte("0x" + common.Bytes2Hex(calldata)),
		"an operation": text,
		"zeros":        make([]byte, inspect.MaxInput),
		"hex":          bytes.Repeat([]byte("0"), inspect.MaxInput),
		"braces":       bytes.Repeat([]byte("{"), inspect.MaxInput),
		"brackets":     bytes.Repeat([]byte("["), inspect.MaxInput),
		"codes":        bytes.Repeat([]byte("AA24 "), inspect.MaxInput/5),
		"hex in text":  bytes.Repeat([]byte("0x5b7812d4 "), inspect.MaxInput/11),
		"members":      []byte(`{"sender":"0x00","nonce":"0x0","x":{` + strings.Repeat(`"a":`, 1000) + `0}}`),
	} {
		start := time.Now()
		_, err := inspect.Inspect(input, inspect.Options{})
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: %d bytes took %s", name, len(input), took)
		} else {
			t.Logf("%s: %s, %v", name, took.Round(time.Millisecond), err)
		}
	}
	if _, err := inspect.Inspect(make([]byte, inspect.MaxInput+1), inspect.Options{}); err != inspect.ErrTooLong {
		t.Errorf("a byte too much: %v", err)
	}
}

// A report keeps its form: programs read it.
func TestTheJSONFormIsStable(t *testing.T) {
	r, err := inspect.Inspect([]byte("0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d97630100000002"), inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"encoding":"hex","bytes":37,"readings":[{"kind":"authenticator-data","title":"authenticator data","likelihood":"certain",` +
		`"facts":[{"name":"RP ID hash","value":"0x49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763 = SHA-256 of localhost"},` +
		`{"name":"flags","value":"0x01 = UP"},{"name":"signature counter","value":"2"}],` +
		`"findings":[{"severity":"warning","code":"uv","message":"user verification (UV) is not set: accounts that demand it refuse this",` +
		`"source":"userVerification was \"preferred\" or \"discouraged\", or a password manager that leaves it unset, such as 1Password on iOS",` +
		`"hint":"ask for userVerification \"required\""}]}],"ok":true}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
