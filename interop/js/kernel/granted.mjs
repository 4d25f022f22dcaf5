// Session keys as Postern's own session package grants them, with one prompt for any number of chains, and documents
// of accounts that were created in other ways; all opened by both sides.
import assert from 'node:assert/strict'
import { webauthnSignUserOpsWithEnable } from '@zerodev/multi-chain-web-authn-validator'
import { deserializePermissionAccount, serializeMultiChainPermissionAccounts, serializePermissionAccount, toInitConfig } from '@zerodev/permissions'
import * as policies from '@zerodev/permissions/policies'
import { createKernelAccount } from '@zerodev/sdk'
import { decodeAbiParameters, getAddress, parseAbiItem, slice, toHex, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { claim } from '../report.mjs'
import { prompts } from './browser.mjs'
import { changed } from './changed.mjs'
import { chains, draw, installable, owner, same } from './draw.mjs'
import { Refused } from './go.mjs'
import { calls, counts, gas, go, operate, told } from './operate.mjs'
import { random } from './random.mjs'
import { chain, entryPoint, permission, sessionKey } from './world.mjs'

const N = Number(process.env.N ?? 40)
const userOp = { sender: zeroAddress, nonce: 0n, callData: '0x', callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, signature: '0x' }

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
    const before = prompts.count
    const signed = kind === 'multiWebAuthnPatched' ? await webauthnSignUserOpsWithEnable({ multiChainUserOpConfigsForEnable: made.map(({ account }) => ({ account, userOp })) }) : undefined
    if (signed) assert.equal(prompts.count - before, 1 + (withKey ? 0 : made.length), 'one prompt of the owner, and one for each operation of a passkey')
    const theirs = sessions.length > 1 ? (await serializeMultiChainPermissionAccounts(made.map(({ account }) => ({ account, privateKey })))) : [await serializePermissionAccount(made[0].account, privateKey)]
    for (const [i, text] of theirs.entries()) {
      const mine = JSON.parse(atob(written[i].text)), their = JSON.parse(atob(text))
      // serializeMultiChainPermissionAccounts puts client data in the place of a passkey's signature: known.mjs.
      if (signed) their.enableSignature = decodeAbiParameters(Array(5).fill({ type: 'bytes' }), slice(signed[i].signature, 20))[3]
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

for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`granted by Postern's session package, owner ${kind}`, () => prompted(kind, (r) => [r.one(chains)], 7000 + i))
await claim("granted by Postern's session package with one prompt for several chains, owner multiECDSA", () => prompted('multiECDSA', (r) => r.shuffled(chains).slice(0, 2 + r.int(4)), 7010))
await claim("granted by Postern's session package with one prompt for several chains, a passkey for owner", () => prompted('multiWebAuthnPatched', (r) => r.shuffled(chains).slice(0, 2 + r.int(4)), 7011))
await claim('theirs, of accounts created with the permission and of delegated keys', () => special(9000))
await claim('a change of anything in an operation changes its signature', () => control(8000))
go.stop()
