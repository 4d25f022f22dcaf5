package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

const asked = `{"do":"grants","args":{"owner":{"validator":"ecdsa","key":{"kind":"ecdsa","secret":"0x1111111111111111111111111111111111111111111111111111111111111111"}},` +
	`"sessions":[{"version":"0.3.3","chainId":1,"index":"0","nonce":1,"signer":{"kind":"ecdsa","secret":"0x2222222222222222222222222222222222222222222222222222222222222222"},` +
	`"flag":0,"lane":0,"policies":[{"type":"POLICY","flag":0}]}]}}`

func ask(policy string) string { return strings.Replace(asked, "POLICY", policy, 1) }

func TestAnswersComeInOrderAndRefusalsSayWhy(t *testing.T) {
	var out bytes.Buffer
	in := ask("sudo") + "\n" + strings.Replace(ask("gas"), `"type":"gas"`, `"type":"gas","allowed":"340282366920938463463374607431768211456"`, 1) + "\n" + ask("timestamp") + "\n"
	if err := serve(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		OK                       []granted
		Error, Hint, Type, Field string
	}
	var answers []answer
	for dec := json.NewDecoder(&out); dec.More(); {
		var a answer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != 3 {
		t.Fatalf("%d answers", len(answers))
	}
	if len(answers[0].OK) != 1 || len(answers[2].OK) != 1 || bytes.Equal(answers[0].OK[0].ID, answers[2].OK[0].ID) || len(answers[0].OK[0].Approval) != 65 {
		t.Errorf("granted: %+v and %+v", answers[0], answers[2])
	}
	if r := answers[1]; r.Error == "" || r.Hint == "" || r.Type != "*grant.Error" || r.Field != "allowed" {
		t.Errorf("refused: %+v", r)
	}
}

// A question that is not understood ends the program: what compares nothing must not go on.
func TestAQuestionThatIsNotUnderstoodEndsIt(t *testing.T) {
	for name, in := range map[string]string{
		"no action":         `{"do":"nothing","args":{}}`,
		"no JSON":           `grants`,
		"a misspelt member": strings.Replace(ask("sudo"), `"lane"`, `"lain"`, 1),
		"a number as such":  strings.Replace(ask("sudo"), `"index":"0"`, `"index":0`, 1),
		"an unknown member": `{"do":"grants","args":{},"id":1}`,
	} {
		var out bytes.Buffer
		if err := serve(strings.NewReader(in+"\n"+ask("sudo")+"\n"), &out); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, answered %s", name, err, out.Bytes())
		}
	}
}
