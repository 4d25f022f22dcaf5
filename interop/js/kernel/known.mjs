// Where ZeroDev's packages, or the contracts behind them, do something else than they say: each is held fast by name,
// so that an update which changes it is noticed here, and with it what Postern does instead.
import assert from 'node:assert/strict'
import { createKernelAccount } from '@zerodev/sdk'
import { getEntryPoint } from '@zerodev/sdk/constants'
import { toMultiChainWebAuthnValidator, webauthnSignUserOpsWithEnable } from '@zerodev/multi-chain-web-authn-validator'
import { deserializePermissionAccount, serializeMultiChainPermissionAccounts, serializePermissionAccount, toInitConfig } from '@zerodev/permissions'
import * as sdk from '@zerodev/permissions/policies'
import { decodeAbiParameters, encodeFunctionData, hexToString, parseAbiItem, size, slice } from 'viem'
import { entryPoint07Address } from 'viem/account-abstraction'
import { claim } from '../report.mjs'
import { page } from './browser.mjs'
import { Refused, start } from './go.mjs'
import { chain, entryPoint, owner, patched, permission, same, sessionKey } from './world.mjs'

const go = start()
const target = '0x00000000000000000000000000000000deadbeef', secrets = ['0x' + '11'.repeat(32), '0x' + '22'.repeat(32)]
const ask = (policies) => go.ask('grants', { owner: owner('ecdsa', secrets[0]).go, sessions: [{ version: '0.3.3', chainId: 1, index: 0n, nonce: 1, signer: sessionKey('ecdsa', secrets[1]).go, flag: 0, policies, lane: 0 }] })
const call = (expression) => [{ type: 'call', version: '0.0.5', flag: 0, permissions: [{ callType: 0, target, expression }] }]

/** theirRule is the first rule that the packages make of a function and arguments. */
const theirRule = (signature, args) => {
  const item = parseAbiItem('function ' + signature)
  return sdk.toCallPolicy({ policyVersion: '0.0.5', permissions: [{ target, abi: [item], functionName: item.name, args }] }).policyParams.permissions[0].rules[0]
}
/** ourRule is Postern's, read from the bytes that the contract will get. */
async function ourRule(expression) {
  const [{ entries: [entry] }] = await ask(call(expression))
  const rule = { type: 'tuple', components: [{ name: 'condition', type: 'uint8' }, { name: 'offset', type: 'uint64' }, { name: 'params', type: 'bytes32[]' }] }
  const [[{ rules }]] = decodeAbiParameters([{ type: 'tuple[]', components: [
    { name: 'callType', type: 'bytes1' }, { name: 'target', type: 'address' }, { name: 'selector', type: 'bytes4' }, { name: 'valueLimit', type: 'uint256' }, { ...rule, name: 'rules', type: 'tuple[]' },
  ] }], slice(entry, 22))
  return rules[0]
}
/** wordAt is what stands in real call data where a rule looks. */
const wordAt = (signature, args, offset) => slice(encodeFunctionData({ abi: [parseAbiItem('function ' + signature)], args }), 4 + offset, 36 + offset)

await claim('@zerodev/permissions 5.6.3 compares bytes4 with the value at the wrong end; Postern with what call data has', async () => {
  const signature = 'f(bytes4 tag)', real = wordAt(signature, ['0x12345678'], 0)
  const theirs = theirRule(signature, [{ condition: 0, value: '0x12345678' }]), ours = await ourRule(signature + ' where tag = 0x12345678')
  assert.notEqual(theirs.params[0], real)
  same(ours.params[0], real)
  assert.equal(Number(ours.offset), theirs.offset)
})

await claim('@zerodev/permissions 5.6.3 counts a static tuple as one word, and looks at another parameter behind it; Postern at the right one', async () => {
  for (const [signature, args] of [['g((uint256 a, uint256 b) p, uint256 x)', [{ a: 5n, b: 6n }, 7n]], ['h(uint256[3] p, uint256 x)', [[4n, 5n, 6n], 7n]]]) {
    const theirs = theirRule(signature, [null, { condition: 0, value: 7n }]), ours = await ourRule(signature + ' where x = 7')
    assert.notEqual(wordAt(signature, args, theirs.offset), theirs.params[0])
    same(ours.params[0], wordAt(signature, args, Number(ours.offset)))
  }
})

await claim('@zerodev/permissions 5.6.3 writes a number of 49 bits into a rate limit, half a byte too long; Postern refuses it', async () => {
  const data = sdk.toRateLimitPolicy({ count: 1, interval: 2 ** 48 }).getPolicyData()
  assert.equal((data.length - 2) % 2, 1)
  const e = await ask([{ type: 'rate-limit', flag: 0, interval: 2 ** 48, count: 1 }]).then(() => assert.fail('nothing was refused'), (x) => x)
  assert.ok(e instanceof Refused && e.type === '*grant.Error' && e.hint, e)
  return e.message
})

await claim('@zerodev/sdk 5.5.10 calls EntryPoint 0.7 by the names 0.8 and 0.9 too', () => {
  for (const version of ['0.8', '0.9']) assert.equal(getEntryPoint(version).address, entryPoint07Address)
})

await claim('@zerodev/permissions 5.6.3 estimates a passkey by a stub that is shorter than what it signs on a page of a long origin', async () => {
  const signer = await sessionKey('webauthn', secrets[1]).on(chain(1)), usual = page.origin, sign = () => signer.account.signMessage({ message: { raw: '0x' + '11'.repeat(32) } })
  const stub = size(signer.getDummySignature()), short = size(await sign())
  page.origin = 'https://' + Array(4).fill('a'.repeat(60)).join('.')
  const long = size(await sign())
  page.origin = usual
  assert.ok(short <= stub && stub < long, `${short}, ${stub}, ${long}`)
  return `a stub of ${stub} bytes, signatures of ${short} and ${long}`
})

/** grantOf makes the packages' account of a session key. */
async function grantOf(client, root, { flag = '0x0000', version = '0.3.3', initConfig, kind = 'ecdsa' } = {}) {
  const signer = sessionKey(kind, secrets[1]), policies = [sdk.toSudoPolicy({})]
  const regular = await permission(client, { signer, policies, flag, kernelVersion: version })
  return { regular, account: await createKernelAccount(client, { entryPoint, kernelVersion: version, address: target, plugins: { sudo: await root.on(client, version), regular }, initConfig }) }
}

await claim('@zerodev/sdk 5.5.10 has a session call the account itself by bare data, for which no permission is; Postern by execute', async () => {
  const client = chain(1), root = owner('ecdsa', secrets[0]), signer = sessionKey('ecdsa', secrets[1])
  const ours = { version: '0.3.3', chainId: 1, index: 0n, nonce: 1, signer: signer.go, flag: 0, policies: [{ type: 'sudo', flag: 0 }], lane: 0 }
  const [{ text, account: to }] = await go.ask('write', { owner: root.go, sessions: [ours], together: false, withKey: true, checked: false })
  const account = await deserializePermissionAccount(client, entryPoint, '0.3.3', text), call = { to, value: 0n, data: '0x12345678' }
  assert.equal(await account.encodeCalls([call]), call.data)
  const wire = { callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }
  const { ops: [op] } = await go.ask('open', { text, owner: root.go, session: ours, deployed: false, installed: false, ops: [{ calls: [call], lane: 0, sequence: 0, wire }], messages: [] })
  same(op.callData, await account.encodeCalls([{ ...call, to: target }]).then((d) => d.toLowerCase().replace(target.slice(2), to.slice(2).toLowerCase())))
})

await claim("@zerodev/permissions 5.6.3 loses a permission's flag on its way through the document, and with it the owner's approval", async () => {
  const client = chain(1), { account, regular } = await grantOf(client, owner('ecdsa', secrets[0]), { flag: '0x0002' })
  const document = await serializePermissionAccount(account, secrets[1]), again = await deserializePermissionAccount(client, entryPoint, '0.3.3', document)
  assert.equal(again.kernelPluginManager.getIdentifier(), account.kernelPluginManager.getIdentifier(), 'the id is read, not made')
  assert.notEqual(await again.kernelPluginManager.getEnableData(target), await regular.getEnableData(target))
})

await claim('@zerodev/permissions 5.6.3 cannot open its own document of a condition on a number of 33 digits; Postern can, and what Postern writes can be opened', async () => {
  const client = chain(1), root = owner('ecdsa', secrets[0]), signer = sessionKey('ecdsa', secrets[1]), value = 10n ** 32n
  const item = parseAbiItem('function transfer(address to, uint256 amount)')
  const policies = [sdk.toCallPolicy({ policyVersion: '0.0.5', permissions: [{ target, abi: [item], functionName: 'transfer', args: [null, { condition: 4, value }] }] })]
  const ours = { version: '0.3.3', chainId: 1, index: 0n, nonce: 1, signer: signer.go, flag: 0, policies: call(`transfer(address to, uint256 amount) where amount <= ${value}`), lane: 0 }
  const [{ text: written, account: address }] = await go.ask('write', { owner: root.go, sessions: [ours], together: false, withKey: true, checked: false })
  const regular = await permission(client, { signer, policies, flag: '0x0000', kernelVersion: '0.3.3' })
  const account = await createKernelAccount(client, { entryPoint, kernelVersion: '0.3.3', address, plugins: { sudo: await root.on(client, '0.3.3'), regular } })
  const text = await serializePermissionAccount(account, secrets[1])
  await assert.rejects(deserializePermissionAccount(client, entryPoint, '0.3.3', text), /exceeds padding size/)
  const opened = await go.ask('open', { text, owner: root.go, session: ours, deployed: false, installed: false, ops: [], messages: [] })
  same(opened.id, regular.getIdentifier())
  const again = await deserializePermissionAccount(client, entryPoint, '0.3.3', written)
  same(again.kernelPluginManager.regularValidator.getIdentifier(), regular.getIdentifier())
  same(await again.kernelPluginManager.getEnableData(address), await regular.getEnableData(address))
})

await claim('@zerodev/permissions 5.6.3 loses what an account of Kernel 0.3.1 is created with, and with it its address; not of 0.3.2', async () => {
  for (const [version, kept] of [['0.3.1', false], ['0.3.2', true]]) {
    const client = chain(1), root = owner('ecdsa', secrets[0]), { regular } = await grantOf(client, root, { version })
    const { account } = await grantOf(client, root, { version, initConfig: await toInitConfig(regular) })
    const again = await deserializePermissionAccount(client, entryPoint, version, await serializePermissionAccount(account, secrets[1]))
    assert.equal((await again.generateInitCode()).toLowerCase() === (await account.generateInitCode()).toLowerCase(), kept, version)
  }
})

await claim('@zerodev/multi-chain-web-authn-validator 5.4.3 makes accounts with the validator that its makers call unpatched since; Postern with the one after it', async () => {
  const { go: told, webAuthnKey } = owner('multiWebAuthn', secrets[0]), client = chain(1)
  assert.equal((await toMultiChainWebAuthnValidator(client, { webAuthnKey, entryPoint, kernelVersion: '0.3.3' })).address, '0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70')
  const [mine] = await go.ask('grants', { owner: { ...told, validator: 'multiWebAuthnPatched' }, sessions: [{ version: '0.3.3', chainId: 1, index: 0n, nonce: 1, signer: sessionKey('ecdsa', secrets[1]).go, flag: 0, policies: [], lane: 0 }] })
  const sudo = await toMultiChainWebAuthnValidator(client, { webAuthnKey, entryPoint, kernelVersion: '0.3.3', validatorAddress: patched })
  const account = await createKernelAccount(client, { entryPoint, kernelVersion: '0.3.3', address: mine.account, plugins: { sudo } })
  same(mine.factoryData, await account.generateInitCode())
  assert.ok(mine.factoryData.includes(patched.slice(2).toLowerCase()))
})

await claim("@zerodev/permissions 5.6.3 puts client data in the place of a passkey's signature for several chains, with the one validator on npm (5.4.3); that validator's own function does not", async () => {
  const client = chain(1), { account } = await grantOf(client, owner('multiWebAuthn', secrets[0]))
  const [document] = await serializeMultiChainPermissionAccounts([{ account, privateKey: secrets[1] }])
  const inner = (approval) => decodeAbiParameters([{ type: 'bytes' }, { type: 'bytes' }], approval)[1]
  assert.match(hexToString(inner(JSON.parse(atob(document)).enableSignature)), /^\{"type":"webauthn.get"/)
  const userOp = { sender: target, nonce: 0n, callData: '0x', callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, signature: '0x' }
  const [{ signature }] = await webauthnSignUserOpsWithEnable({ multiChainUserOpConfigsForEnable: [{ account, userOp }] })
  assert.equal(size(inner(decodeAbiParameters(Array(5).fill({ type: 'bytes' }), slice(signature, 20))[3])), 480)
})

go.stop()
