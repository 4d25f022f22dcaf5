package browsertest

import (
	"fmt"
	"strings"
	"testing"
)

// sdk is what a page of somebody else's would write with our modules: it runs
// any call of the account to itself, approved by one passkey.
const sdk = `(async () => {
	const { get, create } = await import('/ceremony.js');
	const { hash, seal, stub, toWire } = await import('/userop.js');
	const { parseSignature, attestedAuthData, parseAuthData } = await import('/assertion.js');
	const { Chain, assemble } = await import('/operate.js');
	const { receipt } = await import('/receipt.js');
	const { addressHandle, encodeExecute, passkeySigner, signerBytes, signersOf } = await import('/account.js');
	const { encodeCall } = await import('/abi.js');
	const { toHex, toBase64url } = await import('/bytes.js');
	const chain = await Chain.open(await (await fetch('/config.json')).json());
	const address = %q;
	const selfCall = async (mine, id, call) => {
		const account = { address, stub: toHex(stub(mine, location.origin)) };
		const op = await assemble(chain, account, encodeExecute(address, 0n, toHex(call)), 0n);
		const got = await get({ rpId: chain.config.rpId, challenge: hash(op, chain.entryPoint, chain.id), allow: id ? [id] : [] });
		op.signature = toHex(seal(mine, { ...got, signature: parseSignature(got.der) }));
		const opHash = await chain.ask('eth_sendUserOperation', toWire(op), chain.entryPoint.address);
		return (await receipt(chain, opHash, () => {})).success;
	};
	const signers = (await signersOf(chain.call, address)).map(passkeySigner);
	%s
})()`

// A further passkey leads to the account by its address; a removed one is told so.
func TestAFurtherPasskeyAddedWithTheModulesSignsInToTheSameAccount(t *testing.T) {
	p := newTab(t, "")
	address := p.register()
	p.fund()
	p.send(recipient, "0.1")
	device := p.auth

	// 1. A second passkey on a security key; its user handle is the account's address.
	p.answers(false)
	p.addKey()
	key := p.auth
	var second string
	p.eval(fmt.Sprintf(sdk, address, `const made = await create({ options: { rp: { id: chain.config.rpId, name: 'Postern' },
		user: { id: toBase64url(addressHandle(address)), name: 'second', displayName: 'second' }, challenge: toBase64url(new Uint8Array(32)) } });
	return toHex(signerBytes({ ...parseAuthData(attestedAuthData(made.attestationObject)).credential.key, rule: 1 }));`), &second)

	// 2. The first one approves it.
	p.auth = key
	p.answers(false)
	p.auth = device
	p.answers(true)
	var ok bool
	p.eval(fmt.Sprintf(sdk, address, `return selfCall(signers[0], undefined, encodeCall('addSigners(bytes[],uint64[])', ['`+second+`'], [1n]));`), &ok)
	if !ok {
		t.Fatal("the account did not take the second passkey")
	}

	// 3. The second one alone signs in to the same account and sends.
	p.answers(false)
	p.auth = key
	p.answers(true)
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	if got := p.text("address"); got != address {
		t.Fatalf("the further passkey led to %s, want %s", got, address)
	}
	p.until(byID("signers") + ".children.length === 2")
	p.send(recipient, "0.2")

	// 4. It removes the first, which is told so when it signs in.
	p.eval(fmt.Sprintf(sdk, address, `const own = signers.find((s) => toHex(signerBytes(s)) === '`+second+`');
	return selfCall(own, undefined, encodeCall('removeSigners(bytes[])', signers.filter((s) => s !== own).map(signerBytes)));`), &ok)
	if !ok {
		t.Fatal("the account did not remove the first passkey")
	}
	p.answers(false)
	p.auth = device
	p.answers(true)
	p.open("")
	p.shows("start")
	p.click("signin")
	if got := p.problem(); !strings.Contains(got, "may no longer sign") || !strings.Contains(got, address) {
		t.Errorf("the page says %q", got)
	}
}
