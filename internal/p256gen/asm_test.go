package p256gen

import (
	"bytes"
	"testing"
)

func TestTheAssemblerRefusesWhatMakesNoSense(t *testing.T) {
	for name, program := range map[string]string{
		"branches that disagree":        "0x1 0x2 @end JUMPI 0x3 end: STOP",
		"a jump that disagrees":         "0x1 @end JUMP 0x3",
		"an instruction without values": "0x1 ADD",
		"a swap without values":         "0x1 SWAP1",
		"a value too deep":              "0x1 =v 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1 $v",
		"an unknown name":               "$v",
		"an unknown instruction":        "FOO",
		"a constant that is no word":    "0x10000000000000000000000000000000000000000000000000000000000000000",
		"a label twice":                 "l: l: STOP",
		"a label nobody gets to":        "STOP l:",
		"code nobody gets to":           "STOP 0x1",
		"an address that is no jump's":  "@l POP l: STOP",
		"a label that is nowhere":       "@l JUMP",
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is assembled", name)
				}
			}()
			NewAsm().Emit("%s", program).Bytes()
		}()
	}
}

func TestTheAssemblerKnowsNames(t *testing.T) {
	a := NewAsm()
	a.Define("TWICE", "DUP1 ADD")
	a.Emit("0x1 =v #256 TWICE !v $v @l JUMP l: POP POP PUSH0")
	want := []byte{0x60, 1, 0x61, 1, 0, 0x80, 1, 0x90, 0x50, 0x80, 0x61, 0, 14, 0x56, 0x5b, 0x50, 0x50, 0x5f}
	if got := a.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if a.MaxHeight() != 3 {
		t.Errorf("height %d", a.MaxHeight())
	}
}
