package recovery

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var everything = []Ability{CanAddPasskey, CanAddKey, CanThreshold, CanGuardians}

func TestAdviceDoesWhatItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	seen := 0
	for i := range 150 {
		a := sound(r, size{5, 6, 3})
		a.Can = everything
		m, _, err := derive(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		before := singles(a, m)
		list, err := Options(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			seen++
			if n := refused(x.After()); n > refused(a) {
				t.Fatalf("account %d: %q must not be set up like that: %+v", i, x.Words, Check(x.After()))
			}
			m2, _, err := derive(x.After(), nil)
			if err != nil {
				t.Fatal(err)
			}
			after := singles(x.After(), m2)
			if got := len(after.lock) + len(after.theft); got != x.Left || after.weight() >= before.weight() {
				t.Fatalf("account %d: %q leaves %d, says %d", i, x.Words, got, x.Left)
			}
			if m2.state(0, 0) > m.state(0, 0) {
				t.Fatalf("account %d: %q makes it worse today", i, x.Words)
			}
			for _, id := range x.Removes.Lock {
				if slices.Contains(after.lock, id) || !slices.Contains(before.lock, id) {
					t.Fatalf("account %d: %q does not remove %s", i, x.Words, id)
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("only %d pieces of advice seen", seen)
	}
}

func TestAPlanEndsWithoutSinglePointsOfFailure(t *testing.T) {
	a := onePhone()
	a.Can = everything
	plan, err := Plan(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan) == 0 || plan[len(plan)-1].Left != 0 {
		t.Fatalf("the plan leaves single points of failure: %+v", plan)
	}
	last := plan[len(plan)-1].After()
	r := mustAudit(t, last)
	if r.Lock.Smallest() < 2 || r.Theft.Smallest() < 2 {
		t.Errorf("lock by %v, theft by %v", r.Lock.Sets, r.Theft.Sets)
	}
	if len(r.Plan) != 0 {
		t.Errorf("there is more to do: %+v", r.Plan)
	}
}

func TestNothingIsAdvisedThatTheAccountCannotDo(t *testing.T) {
	a := onePhone()
	list, err := Options(a)
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	a.Can = []Ability{CanGuardians}
	list, err = Options(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if len(x.After().Routes[0].Members) != 1 || x.After().Routes[0].Threshold != 1 {
			t.Errorf("%q adds a full signer", x.Words)
		}
	}
}

// The account that advice is given for stays as it is.
func TestAdviceLeavesTheAccountAlone(t *testing.T) {
	a := guarded()
	a.Can = everything
	want := mustAudit(t, a).Words()
	list, err := Options(a)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, x := range list {
		b := x.After()
		for i := range b.Routes {
			b.Routes[i].Members[0].Weight = 99
		}
		b.Signers[0].ID = "changed"
	}
	if !slices.Equal(mustAudit(t, a).Words(), want) {
		t.Error("a change to what is advised changed the account")
	}
}

// What nobody has made is never taken for the account: verdict, title and picture say so.
func TestASupposedChangeIsSaidToBeSupposed(t *testing.T) {
	a := onePhone()
	a.Can = []Ability{CanAddPasskey, CanAddKey, CanThreshold}
	var made []string
	for range 2 {
		list, err := Options(a)
		if err != nil || len(list) == 0 {
			t.Fatalf("%v, %v", list, err)
		}
		made, a = append(made, list[len(list)-1].Words), list[len(list)-1].After()
	}
	r := mustAudit(t, a)
	if !slices.Equal(r.Supposed, made) {
		t.Errorf("%q is supposed, want %q", r.Supposed, made)
	}
	first := r.Verdict()[0]
	for _, w := range append(made, "not the account as it is") {
		if !strings.Contains(first, w) {
			t.Errorf("no %q in %q", w, first)
		}
	}
	if title := r.Words()[0]; !strings.Contains(title, "as it would be") || !strings.Contains(title, "with 2 supposed changes") {
		t.Errorf("the title is %q", title)
	}
	if svg := string(r.SVG()); !strings.Contains(svg, "This is not the account as it is") {
		t.Error("the picture does not say it")
	}
	if r := mustAudit(t, onePhone()); len(r.Supposed) != 0 || strings.Contains(r.Verdict()[0], "not the account") {
		t.Errorf("the account as it is: %q", r.Verdict())
	}
}

// What a change brings may be in places that the account does not have.
func TestPointsThatAChangeBringsHaveNames(t *testing.T) {
	a := onePhone()
	a.Can = everything
	a.Domains[0].Name = "the old phone"
	named := false
	for _, x := range effects(a) {
		for _, id := range slices.Concat(x.Removes.Lock, x.Adds.Lock, x.Removes.Theft, x.Adds.Theft) {
			if id == a.Domains[0].ID {
				named = true
				if x.Labels[id] != "the old phone" {
					t.Errorf("%q calls %s %q", x.Words, id, x.Labels[id])
				}
			}
			if strings.HasPrefix(id, "?") && x.Labels[id] == "" {
				t.Errorf("%q has no name for %s", x.Words, id)
			}
		}
	}
	if !named {
		t.Error("no change is about the phone")
	}
}

// A second signer is advised where nothing better can be had, and its price is named.
func TestASecondSignerIsAdvisedWhereThereAreNoGuardians(t *testing.T) {
	a := onePhone()
	a.Can = []Ability{CanAddPasskey}
	list, err := Options(a)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	if len(list[0].Removes.Lock) == 0 || len(list[0].Adds.Theft) == 0 {
		t.Errorf("%+v", list[0])
	}
}

func TestEachSinglePointOfFailureHasItsFix(t *testing.T) {
	a := onePhone()
	a.Can = everything
	r := mustAudit(t, a)
	p := singles(a, r.worst)
	if len(r.Fixes) != len(p.lock)+len(p.theft) {
		t.Fatalf("%d fixes of %+v", len(r.Fixes), p)
	}
	for _, f := range r.Fixes {
		if f.By == nil {
			t.Errorf("nothing removes %+v", f)
			continue
		}
		m, _, err := derive(f.By.After(), nil)
		if err != nil {
			t.Fatal(err)
		}
		after := singles(f.By.After(), m)
		if slices.Contains(after.lock, f.Point) && !f.Theft || slices.Contains(after.theft, f.Point) && f.Theft {
			t.Errorf("%q does not remove %+v", f.By.Words, f)
		}
		for _, x := range effects(a) {
			removes := x.Removes.Lock
			if f.Theft {
				removes = x.Removes.Theft
			}
			if x.Effort < f.By.Effort && slices.Contains(removes, f.Point) {
				t.Errorf("%q removes %s with less effort", x.Words, f.Point)
			}
		}
	}
}
