// The document in both directions. What ZeroDev's unmodified packages wrote, Postern opens and signs operations and
// messages with; what Postern wrote, they open: the same operations to the byte, and the same document when it is
// written again. On an account that is not there yet, on one that is, and where the permission is installed.
import assert from 'node:assert/strict'
import { deserializePermissionAccount, serializeMultiChainPermissionAccounts, serializePermissionAccount, toInitConfig } from '@zerodev/permissions'
import * as policies from '@zerodev/permissions/policies'
import { createKernelAccount } from '@zerodev/sdk'
import { getAddress, hashMessage, hashTypedData, parseAbiItem, size, toHex } from 'viem'
import { getUserOperationHash } from 'viem/account-abstraction'
import { privateKeyToAccount } from 'viem/accounts'
import { claim } from '../report.mjs'
import { changed } from './changed.mjs'
import { chains, draw, installable, owner, same } from './draw.mjs'
import { Refused, start } from './go.mjs'
import { random } from './random.mjs'
import { chain, entryPoint, permission, sessionKey } from './world.mjs'

const go = start()
const N = Number(process.env.N ?? 40)

/** gas draws what an operation has beside calls. */
const gas = (r) => ({
  callGasLimit: r.big(64), verificationGasLimit: r.big(64), preVerificationGas: r.big(64), maxFeePerGas: r.big(64), maxPriorityFeePerGas: r.big(64),
  ...(r.chance(0.3) ? { paymaster: r.address(), paymasterVerificationGasLimit: r.big(64), paymasterPostOpGasLimit: r.big(64), paymasterData: r.hex(r.int(100)) } : {}),
})
const calls = (r) => r.list(r.one([1, 1, 2, 5]), () => ({ to: r.address(), value: r.big(128), data: r.hex(r.int(80)) }))

/** states are what the chain may know: the account, the permission. */
const states = (deployed) => [{ deployed, installed: false }, { deployed: true, installed: true }]

/** operate has both sides make operations and messages of a document, and compares them. */
async function operate(r, { text, root, drawn, address, account }) {
  const { ours, signer } = drawn
  for (const { deployed, installed } of states(drawn.deployed)) {
    const contract = (await signer.on(chain(ours.chainId))).signerContractAddress
    account.client.state.accounts = deployed ? { [address.toLowerCase()]: { version: ours.version, nonce: ours.nonce, enabled: installed ? { [account.kernelPluginManager.regularValidator.getIdentifier()]: contract } : {} } } : {}
    const ops = r.list(2, () => ({ calls: calls(r), lane: r.one([0, 0, r.int(65536)]), sequence: r.int(1000), wire: gas(r) }))
    const mine = await go.ask('open', { text, owner: root.go, session: ours, deployed, installed, ops, messages: [] })
    same(mine.account, address, 'the account')
    assert.equal(mine.text, text, 'the document written again')
    // Of a contract that nobody knows the document tells less than who granted it knew.
    if (!ours.policies.some((p) => p.address)) assert.deepEqual(mine.words, mine.granted, 'the words of the document, and those of the grant')
    assert.equal(mine.state, installed ? 'enabled' : 'approved', 'the state')
    for (const [i, op] of ops.entries()) {
      account.client.state.sequence = op.sequence
      const made = mine.ops[i], nonce = await account.getNonce({ key: BigInt(op.lane) }), callData = await account.encodeCalls(op.calls)
      same(made.nonce, toHex(nonce), 'the nonce')
      same(made.callData, callData, 'the call data')
      const factory = deployed ? {} : await account.getFactoryArgs()
      const userOp = { sender: address, nonce, callData, ...factory, ...op.wire }
      assert.equal(size(made.factoryData), factory.factoryData ? size(factory.factoryData) : 0)
      same(made.hash, getUserOperationHash({ chainId: ours.chainId, entryPointAddress: entryPoint.address, entryPointVersion: '0.7', userOperation: { ...userOp, signature: '0x' } }), 'the hash')
      same(made.signature, await account.signUserOperation(userOp), 'the signature')
      assert.ok(made.stub >= size(made.signature), 'the stub is too short')
      if (signer.kind === 'ecdsa') assert.equal(made.stub, size(await account.getStubSignature(userOp)), "the stub's length")
      counts.operations++
    }
    if (installed) await messages(r, { text, root, drawn, account })
  }
}

/** messages compares messages signed by the session key, where its policies let it: the packages sign them all. */
async function messages(r, { text, root, drawn: { ours }, account }) {
  const words = r.hex(20), typed = { domain: { name: 'App', chainId: ours.chainId }, types: { M: [{ name: 'a', type: 'uint256' }] }, primaryType: 'M', message: { a: r.big(256) } }
  const caller = r.one(ours.policies.find((p) => p.callers?.length)?.callers ?? [r.address()])
  const ask = { text, owner: root.go, session: ours, deployed: true, installed: true, ops: [], messages: [{ hash: hashMessage(words), caller }, { hash: hashTypedData(typed), caller }] }
  const mine = await go.ask('open', ask).catch((e) => (e instanceof Refused && e.type === '*session.RefusedError' ? undefined : Promise.reject(e)))
  if (!mine) return counts.refused++
  same(mine.messages[0], await account.signMessage({ message: words }), 'the signature of a text')
  same(mine.messages[1], await account.signTypedData(typed), 'the signature of typed data')
  counts.messages += 2
}
const counts = { documents: 0, operations: 0, messages: 0, refused: 0, unreadable: 0 }
const told = () => {
  const names = { refused: 'times messages that a policy refuses', unreadable: 'documents that the packages cannot open' }
  const t = Object.entries(counts).filter(([, n]) => n).map(([k, n]) => `${n} ${names[k] ?? k}`).join(', ')
  for (const k of Object.keys(counts)) counts[k] = 0
  return t
}

/** theirs has the packages write one document, or several with one signature, and both sides use it. */
async function theirs(kind, together, seed) {
  const r = random(seed)
  for (let n = 0; n < N; ) {
    const root = owner(kind, r.hex(32)), list = await Promise.all(r.list(together ? 1 + r.int(4) : 1, () => draw(r, root, r.one(chains), { kinds: installable(r) })))
    n += list.length
    try {
      const granted = await go.ask('grants', { owner: root.go, sessions: list.map((d) => d.ours) })
      const made = await Promise.all(list.map((d, i) => d.theirs(granted[i].account)))
      const key = (d) => (d.signer.kind === 'ecdsa' && (together || r.chance(0.5)) ? d.signer.secret : undefined)
      const texts = together
        ? await serializeMultiChainPermissionAccounts(made.map(({ account }, i) => ({ account, privateKey: key(list[i]) })))
        : [await serializePermissionAccount(made[0].account, key(list[0]))]
      for (const [i, text] of texts.entries()) {
        counts.documents++
        const { client } = made[i], { ours, signer } = list[i]
        // Two kinds of documents the packages cannot use themselves, see known.mjs: with a flag, and with a condition on
        // a long number. The owner's own object, with the approval in it, takes their place.
        const opened = await deserializePermissionAccount(client, entryPoint, ours.version, text, await signer.on(client)).catch((e) => assert.match(e.message, /exceeds padding size/))
        if (!opened) counts.unreadable++
        const account = opened && !ours.flag ? opened : (await list[i].theirs(granted[i].account, JSON.parse(atob(text)).enableSignature)).account
        await operate(r, { text, root, drawn: list[i], address: granted[i].account, account })
      }
    } catch (e) {
      throw new Error(`document ${n}: ${e.message}`, { cause: e })
    }
  }
  return told()
}

/** mine has Postern write the documents, and the packages open them and write them again. */
async function mine(kind, together, seed, checked) {
  const r = random(seed)
  for (let n = 0; n < N; ) {
    const root = owner(kind, r.hex(32)), withKey = r.chance(0.5), signer = sessionKey(r.one(['ecdsa', 'webauthn']), r.hex(32))
    const list = await Promise.all(r.list(together ? 1 + r.int(4) : 1, () => draw(r, root, r.one(chains), { flag: 0, signer, kinds: installable(r) })))
    n += list.length
    try {
      const secret = withKey && signer.kind === 'ecdsa'
      const written = await go.ask('write', { owner: root.go, sessions: list.map((d) => d.ours), together, withKey: secret, checked: false })
      for (const [i, { text, account: address }] of written.entries()) {
        counts.documents++
        const { ours } = list[i], client = chain(ours.chainId)
        const account = await deserializePermissionAccount(client, entryPoint, ours.version, text, secret ? undefined : await signer.on(client))
        assert.equal('isPreInstalled' in JSON.parse(atob(text)), !together)
        const again = together ? (await serializeLike(account, secret ? signer.secret : undefined)) : await serializePermissionAccount(account, secret ? signer.secret : undefined)
        equalText(lowerInitCode(again), lowerInitCode(text), 'the document that the packages write again')
        await operate(r, { text, root, drawn: list[i], address, account })
      }
    } catch (e) {
      throw new Error(`document ${n}: ${e.message}`, { cause: e })
    }
  }
  return told()
}

/** equalText compares long texts, and shows where they part. */
function equalText(a, b, what) {
  const at = [...a].findIndex((c, i) => c !== b[i])
  if (a !== b) assert.fail(`${what}: at ${at}: …${a.slice(Math.max(0, at - 60), at + 60)}… and …${b.slice(Math.max(0, at - 60), at + 60)}…`)
}

/** lowerInitCode brings the init code to small letters: the packages keep them only when they write it again. */
const lowerInitCode = (text) => atob(text).replace(/"initCode":"0x[0-9A-Fa-f]*"/, (m) => m.toLowerCase())

/** alike has both write the document of one grant. */
async function alike(kind, together, seed) {
  const r = random(seed)
  for (let n = 0; n < N; ) {
    const root = owner(kind, r.hex(32)), signer = sessionKey(r.one(['ecdsa', 'webauthn']), r.hex(32)), withKey = signer.kind === 'ecdsa' && r.chance(0.5)
    const kinds = () => r.shuffled(['plain', 'gas', 'timestamp', 'rate', 'rateReset', 'callers', 'sudo']).slice(0, r.int(6))
    const list = await Promise.all(r.list(together ? 1 + r.int(4) : 1, () => draw(r, root, r.one(chains), { flag: 0, signer, kinds: kinds() })))
    n += list.length
    const written = await go.ask('write', { owner: root.go, sessions: list.map((d) => d.ours), together, withKey, checked: false })
    const made = await Promise.all(list.map((d, i) => d.theirs(getAddress(written[i].account)))), privateKey = withKey ? signer.secret : undefined
    const texts = together ? await serializeMultiChainPermissionAccounts(made.map(({ account }) => ({ account, privateKey }))) : [await serializePermissionAccount(made[0].account, privateKey)]
    for (const [i, text] of texts.entries()) equalText(sameCase(atob(written[i].text)), sameCase(atob(text)), "Postern's document, and the packages'")
    counts.documents += list.length
  }
  return told()
}
/** sameCase writes addresses of policies, as people give them to the packages, as EIP-55 does. */
const sameCase = (json) => json.replace(/"(allowedPaymaster|allowedCallers)":("0x\w{40}"|\[[^\]]*\])/g, (m) => m.replace(/0x\w{40}/g, (a) => getAddress(a)))

/** serializeLike writes a document that was made for several chains again: the packages cannot, without its owner. */
async function serializeLike(account, privateKey) {
  const { isPreInstalled, ...kept } = JSON.parse(atob(await serializePermissionAccount(account, privateKey)))
  assert.equal(isPreInstalled, false)
  return btoa(JSON.stringify(kept))
}

/** special are documents of accounts that were created with the permission, and of keys that became accounts (EIP-7702). */
async function special(seed) {
  const r = random(seed)
  for (let n = 0; n < N / 4; n++) {
    const root = owner('ecdsa', r.hex(32)), signer = sessionKey(r.one(['ecdsa', 'webauthn']), r.hex(32)), version = r.one(['0.3.1', '0.3.2', '0.3.3']), key = signer.kind === 'ecdsa' ? signer.secret : undefined
    const d = await draw(r, root, r.one(chains), { flag: 0, nonce: 1, signer, version, kinds: installable(r).map((k) => (k === 'call' ? 'plain' : k)) })
    const address = getAddress(r.address()), { client, regular } = await d.theirs(address)
    const created = await createKernelAccount(client, { entryPoint, kernelVersion: version, address, plugins: { sudo: await root.on(client, version) }, initConfig: await toInitConfig(regular) })
    const text = await serializePermissionAccount(created, key, undefined, undefined, regular)
    const mine = await go.ask('read', { text })
    assert.deepEqual([mine.text, mine.preInstalled, mine.id, getAddress(mine.account)], [text, true, regular.getIdentifier(), address])
    // Installed it signs like any other; before that it can do nothing, as nobody approved anything.
    const account = await deserializePermissionAccount(client, entryPoint, version, text, key ? undefined : await signer.on(client)), op = { calls: calls(r), lane: 0, sequence: 7, wire: gas(r) }
    const ask = { text, owner: root.go, session: d.ours, deployed: true, address, ops: [op], messages: [] }
    const { ops: [made] } = await go.ask('open', { ...ask, installed: true })
    client.state.sequence = 7
    const userOp = { sender: address, nonce: await account.getNonce({ key: 0n }), callData: await account.encodeCalls(op.calls), ...op.wire }
    same(made.nonce, toHex(userOp.nonce), 'the nonce')
    same(made.signature, await account.signUserOperation(userOp), 'the signature')
    await assert.rejects(go.ask('open', { ...ask, installed: false }), (e) => e instanceof Refused && e.type === '*session.ApprovalError' && /installed/.test(e.message))

    const eoa = privateKeyToAccount(r.hex(32)), chain7702 = chain(d.ours.chainId)
    chain7702.state.transactions = r.int(2 ** 31)
    const permission7702 = await permission(chain7702, { signer, policies: policiesOf(r), flag: '0x0000', kernelVersion: '0.3.3' })
    const delegated = await createKernelAccount(chain7702, { entryPoint, kernelVersion: '0.3.3', eip7702Account: eoa, plugins: { regular: permission7702 } })
    const text7702 = await serializePermissionAccount(delegated, key), read = await go.ask('read', { text: text7702 })
    assert.deepEqual([read.text, read.id, getAddress(read.account), getAddress(read.authority), getAddress(read.delegate)], [text7702, permission7702.getIdentifier(), eoa.address, eoa.address, getAddress(delegated.accountImplementationAddress)])
    counts.documents += 2
  }
  return told()
}
const policiesOf = (r) => r.shuffled([policies.toSudoPolicy({}), policies.toTimestampPolicy({ validUntil: 1 + r.int(1e9) })])

/** harmless draws policies that Postern lets an owner sign. */
function harmless(r) {
  const to = r.list(1 + r.int(3), () => getAddress(r.address())), amount = 1n + r.big(64), target = getAddress(r.address())
  const validUntil = 1e6 + r.number(32), count = 1 + r.int(1000), interval = 1 + r.int(1e6), allowed = 10n ** 18n + r.big(60)
  const list = [
    { sdk: policies.toCallPolicy({ policyVersion: '0.0.4', permissions: [{ target, abi: [transfer], functionName: 'transfer', args: [{ condition: 6, value: to }, { condition: 4, value: amount }] }] }),
      ours: { type: 'call', version: '0.0.4', flag: 0, permissions: [{ callType: 0, target, expression: `transfer(address to, uint256 amount) where to in [${to.join(', ')}] and amount <= ${amount}` }] } },
    { sdk: policies.toSignatureCallerPolicy({ allowedCallers: [] }), ours: { type: 'signature-caller', flag: 0, callers: [] } },
    { sdk: policies.toTimestampPolicy({ validUntil }), ours: { type: 'timestamp', flag: 0, validUntil } },
    { sdk: policies.toGasPolicy({ allowed }), ours: { type: 'gas', flag: 0, allowed } },
    { sdk: policies.toRateLimitPolicy({ count, interval, startAt: 1 }), ours: { type: 'rate-limit', flag: 0, count, interval, startAt: 1 } },
  ]
  return r.shuffled(list)
}
const transfer = parseAbiItem('function transfer(address to, uint256 amount)')

/** prompted has an owner grant with one prompt for several chains, by Postern's session package, and the packages open it. */
async function prompted(kind, chainsOf, seed) {
  const r = random(seed)
  for (let n = 0; n < N / 4; n++) {
    const root = owner(kind, r.hex(32)), signer = sessionKey(r.one(['ecdsa', 'webauthn']), r.hex(32)), list = harmless(r), version = r.one(['0.3.1', '0.3.2', '0.3.3']), withKey = signer.kind === 'ecdsa'
    const sessions = chainsOf(r).map((chainId) => ({ version, chainId, index: 0n, nonce: r.one([1, 1, 7]), signer: signer.go, flag: 0, policies: list.map((p) => p.ours), lane: 0 }))
    const written = await go.ask('write', { owner: root.go, sessions, together: false, withKey, checked: true })
    const made = await Promise.all(sessions.map(async ({ chainId, nonce }, i) => {
      const address = getAddress(written[i].account), client = chain(chainId, { accounts: nonce > 1 ? { [address.toLowerCase()]: { version, nonce } } : {} })
      const regular = await permission(client, { signer, policies: list.map((p) => p.sdk), flag: '0x0000', kernelVersion: version })
      return { client, account: await createKernelAccount(client, { entryPoint, kernelVersion: version, address, plugins: { sudo: await root.on(client, version), regular } }) }
    }))
    const privateKey = withKey ? signer.secret : undefined
    const theirs = sessions.length > 1 ? (await serializeMultiChainPermissionAccounts(made.map(({ account }) => ({ account, privateKey })))) : [await serializePermissionAccount(made[0].account, privateKey)]
    for (const [i, text] of theirs.entries()) {
      const mine = JSON.parse(atob(written[i].text)), their = JSON.parse(atob(text))
      assert.equal(mine.permissionParams.permissionId, their.permissionParams.permissionId)
      assert.equal(mine.enableSignature, their.enableSignature, "the owner's signature")
      assert.deepEqual([mine.privateKey, mine.isPreInstalled, mine.accountParams], [their.privateKey, their.isPreInstalled, their.accountParams])
      const account = await deserializePermissionAccount(made[i].client, entryPoint, version, written[i].text, withKey ? undefined : await signer.on(made[i].client))
      await operate(r, { text: written[i].text, root, drawn: { ours: sessions[i], signer, deployed: sessions[i].nonce > 1 }, address: getAddress(written[i].account), account })
      counts.documents++
    }
  }
  return told()
}

/** control changes each value of an operation: what Postern signs then must not be what the packages sign. */
async function control(seed) {
  const r = random(seed), root = owner('ecdsa', r.hex(32)), signer = sessionKey('webauthn', r.hex(32)), d = await draw(r, root, 10, { flag: 0, nonce: 0, signer, kinds: ['call', 'gas'] })
  const [{ text }] = await go.ask('write', { owner: root.go, sessions: [d.ours], together: false, withKey: false, checked: false })
  const op = { calls: [{ to: r.address(), value: 5n, data: '0x010203' }, { to: r.address(), value: 0n, data: '0x' }], lane: 3, sequence: 4, wire: { ...gas(random(1)), paymaster: r.address(), paymasterVerificationGasLimit: 1n, paymasterPostOpGasLimit: 2n, paymasterData: '0x01' } }
  const ask = async (o) => JSON.stringify((await go.ask('open', { text, owner: root.go, session: d.ours, deployed: false, installed: false, ops: [o], messages: [] })).ops[0])
  const right = await ask(op), { signature } = JSON.parse(right)
  assert.equal(await ask(op), right, 'twice the same')
  let n = 0
  for (const wrong of changed(op)) {
    n++
    assert.notEqual(JSON.parse(await ask(wrong)).signature, signature, 'another operation has the same signature')
  }
  return `${n} changes`
}

for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`theirs, owner ${kind}, one chain`, () => theirs(kind, false, 4000 + i))
await claim('theirs, owner multiECDSA, several chains', () => theirs('multiECDSA', true, 4010))
for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA', 'multiWebAuthn'].entries()) await claim(`ours, owner ${kind}, one chain`, () => mine(kind, false, 5000 + i))
for (const [i, kind] of ['multiECDSA', 'multiWebAuthn'].entries()) await claim(`ours, owner ${kind}, several chains`, () => mine(kind, true, 5010 + i))
for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`both write the same document, owner ${kind}`, () => alike(kind, false, 6000 + i))
await claim('both write the same documents, owner multiECDSA, several chains', () => alike('multiECDSA', true, 6010))
for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`granted by Postern's session package, owner ${kind}`, () => prompted(kind, (r) => [r.one(chains)], 7000 + i))
await claim("granted by Postern's session package with one prompt for several chains, owner multiECDSA", () => prompted('multiECDSA', (r) => r.shuffled(chains).slice(0, 2 + r.int(4)), 7010))
await claim('theirs, of accounts created with the permission and of delegated keys', () => special(9000))
await claim('a change of anything in an operation changes its signature', () => control(8000))
go.stop()
