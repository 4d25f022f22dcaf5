// Random accounts of every version and owner, without a session key: addresses, deployment, operations, messages and
// several operations with one signature are those of ZeroDev's unmodified packages to the byte.
import assert from 'node:assert/strict'
import { getKernelAddressFromECDSA } from '@zerodev/ecdsa-validator'
import { signUserOperations as signManyECDSA } from '@zerodev/multi-chain-ecdsa-validator'
import { signUserOperations as signManyWebAuthn } from '@zerodev/multi-chain-web-authn-validator'
import { constants, createKernelAccount, createKernelAccountV0_2, getCustomNonceKeyFromString } from '@zerodev/sdk'
import { isRIP7212SupportedNetwork } from '@zerodev/webauthn-key'
import { concatHex, encodeAbiParameters, hashTypedData, size, slice, toHex } from 'viem'
import * as viemChains from 'viem/chains'
import { entryPoint06Address, getUserOperationHash } from 'viem/account-abstraction'
import { privateKeyToAccount } from 'viem/accounts'
import { claim } from '../report.mjs'
import { changed } from './changed.mjs'
import { chains, owner, same } from './draw.mjs'
import { Refused, start } from './go.mjs'
import { random } from './random.mjs'
import { chain, entryPoint as entryPoint07, json, versions } from './world.mjs'

const go = start(), N = Number(process.env.N ?? 40)
const entryPoint06 = { address: entryPoint06Address, version: '0.6' }

/** framed adds what @zerodev/multi-chain-web-authn-validator 5.4.3 forgets around signatures of typed data. */
const framed = (kind, signature) => (kind === 'multiWebAuthn' ? encodeAbiParameters([{ type: 'bytes' }, { type: 'bytes' }], ['0x', signature]) : signature)
const magic = '6492'.repeat(16)

/** message frames the packages' signature of a message where they forget it: 0x01 ‖ validator ‖ [replayable ‖] signature, in ERC-6492 or not. */
const prefixes = (replayable) => 21 + (replayable ? 32 : 0)
const fixMessage = (kind, signature, replayable) => (kind !== 'multiWebAuthn' ? signature : concatHex([slice(signature, 0, prefixes(replayable)), framed(kind, slice(signature, prefixes(replayable)))]))

async function owners(kind, version, n, seed) {
  const r = random(seed), v3 = version >= '0.3', old = version === '0.0.2', entryPoint = v3 ? entryPoint07 : entryPoint06
  for (let i = 0; i < n; i++) {
    const root = owner(kind, r.hex(32)), chainId = r.one(chains), index = r.chance(0.3) ? 0n : r.big(256), lane = r.chance(0.5) ? 0 : r.int(65536)
    // A message of an account that is not there yet is wrapped (ERC-6492): of this kind of owner the packages' is wrong inside.
    const deployed = old || kind === 'multiWebAuthn' || r.chance(0.5), address = old ? r.address() : undefined
    const mode = r.one(v3 ? ['', '', 'try', 'delegate'] : ['', '', 'delegate'])
    const calls = r.list(mode === 'delegate' ? 1 : r.one([1, 1, 2, 4]), () => ({ to: r.address(), value: mode === 'delegate' ? 0n : r.big(96), data: r.hex(r.int(70)) }))
    const gas = { callGasLimit: r.big(64), verificationGasLimit: r.big(64), preVerificationGas: r.big(64), maxFeePerGas: r.big(64), maxPriorityFeePerGas: r.big(64) }
    const sponsor = v3 && r.chance(0.3) ? { paymaster: r.address(), paymasterVerificationGasLimit: r.big(64), paymasterPostOpGasLimit: r.big(64), paymasterData: r.hex(r.int(60)) } : {}
    const text = r.one(['', 'hello', 'ü€😀', '0x1234', 'x'.repeat(r.int(300))]), typed = { domain: { name: 'App', chainId }, types: { M: [{ name: 'a', type: 'bytes' }] }, primaryType: 'M', message: { a: r.hex(r.int(40)) } }
    const sequence = r.int(1000), many = kind.startsWith('multi') ? r.list(1 + r.int(6), (j) => ({ sender: r.address(), nonce: BigInt(j), callData: r.hex(5), ...gas, chainId: r.one(chains), signature: '0x' })) : []
    const together = many.map((userOperation) => getUserOperationHash({ chainId: userOperation.chainId, entryPointAddress: entryPoint.address, entryPointVersion: '0.7', userOperation }))
    const mine = await go.ask('act', {
      owner: root.go, version, chainId, index, ...(old ? { address } : {}), deployed, mode, text, hash: hashTypedData(typed), together, op: { calls, lane, sequence, wire: { ...gas, ...sponsor } },
    })
    try {
      const client = chain(chainId, { accounts: deployed ? { [mine.account.toLowerCase()]: { version, nonce: 1 } } : {}, sequence })
      const account = await (old ? createKernelAccountV0_2 : createKernelAccount)(client, { entryPoint, kernelVersion: version, index, address: mine.account, plugins: { sudo: await root.on(client, version, entryPoint) } })
      if (kind === 'ecdsa' && !old) same(mine.account, await getKernelAddressFromECDSA({ entryPoint, kernelVersion: version, eoaAddress: root.address, index, initCodeHash: constants.KernelVersionToAddressesMap[version].initCodeHash }), 'the address')
      const init = await account.generateInitCode()
      // The packages write the factory's address in front of its call data here: a call of nothing.
      same(mine.factoryData, old ? '0x' + init.slice(42) : init, 'the factory data')
      const nonce = await account.getNonce({ key: BigInt(lane) }), callData = await account.encodeCalls(calls, mode === 'delegate' ? 'delegatecall' : 'call', mode === 'try' ? '0x01' : undefined)
      same(mine.op.nonce, toHex(nonce), 'the nonce')
      same(mine.op.callData, callData, 'the call data')
      const { factory, factoryData } = deployed ? {} : await account.getFactoryArgs(), there = deployed ? {} : { factory, factoryData }
      const userOp = v3 ? { sender: mine.account, nonce, callData, ...there, ...gas, ...sponsor } : { sender: mine.account, nonce, callData, initCode: deployed ? '0x' : concatHex([factory, factoryData]), ...gas, paymasterAndData: '0x' }
      same(mine.op.hash, getUserOperationHash({ chainId, entryPointAddress: entryPoint.address, entryPointVersion: entryPoint.version, userOperation: { ...userOp, signature: '0x' } }), 'the hash')
      same(mine.op.signature, await account.signUserOperation(userOp), 'the signature')
      assert.ok(mine.op.stub >= size(mine.op.signature), 'the stub is too short')
      if (kind.endsWith('ECDSA') || kind === 'ecdsa') assert.equal(mine.op.stub, size(await account.getStubSignature({ ...userOp, signature: '0x' })), "the stub's length")
      same(mine.text, fixMessage(kind, await account.signMessage({ message: text })), 'the signature of a text')
      same(mine.typed, fixMessage(kind, await account.signTypedData(typed)), 'the signature of typed data')
      assert.equal(mine.text.endsWith(magic), !deployed)
      assert.equal(mine.replayable !== undefined, version >= '0.3.2')
      if (mine.replayable) same(mine.replayable, fixMessage(kind, await account.signMessage({ message: text, useReplayableSignature: true }), true), 'the signature for every chain')
      const signMany = kind === 'multiECDSA' ? signManyECDSA : signManyWebAuthn
      if (many.length) (await signMany({ account }, { account, userOperations: many })).forEach((o, j) => same(mine.together[j], o.signature, `operation ${j} of ${many.length} with one signature`))
    } catch (e) {
      throw new Error(`account ${i}: ${e.message}`, { cause: e })
    }
  }
  return `${n} accounts`
}

/** delegated are keys that became accounts of Kernel 0.3.3 (EIP-7702). */
async function delegated(seed) {
  const r = random(seed)
  for (let i = 0; i < N; i++) {
    const secret = r.hex(32), eoa = privateKeyToAccount(secret), chainId = r.one(chains), lane = r.int(65536), sequence = r.int(1000), text = r.one(['hello', '']), hash = r.hex(32)
    const calls = r.list(1 + r.int(3), () => ({ to: r.address(), value: r.big(96), data: r.hex(r.int(70)) })), gas = { callGasLimit: r.big(64), verificationGasLimit: r.big(64), preVerificationGas: r.big(64), maxFeePerGas: r.big(64), maxPriorityFeePerGas: r.big(64) }
    const typed = { domain: { name: 'App', chainId }, types: { M: [{ name: 'a', type: 'bytes32' }] }, primaryType: 'M', message: { a: hash } }
    const mine = await go.ask('act', { owner: { validator: 'eip7702', key: { kind: 'ecdsa', secret } }, version: '0.3.3', chainId, index: 0n, deployed: true, mode: '', text, hash: hashTypedData(typed), together: [], op: { calls, lane, sequence, wire: gas } })
    const account = await createKernelAccount(chain(chainId, { accounts: {}, sequence }), { entryPoint: entryPoint07, kernelVersion: '0.3.3', eip7702Account: eoa })
    same(mine.account, eoa.address, 'the address')
    const userOp = { sender: eoa.address, nonce: await account.getNonce({ key: BigInt(lane) }), callData: await account.encodeCalls(calls), ...gas }
    same(mine.op.nonce, toHex(userOp.nonce), 'the nonce')
    same(mine.op.callData, userOp.callData, 'the call data')
    same(mine.op.signature, await account.signUserOperation(userOp), 'the signature')
    same(mine.text, await account.signMessage({ message: text }), 'the signature of a text')
    same(mine.typed, await account.signTypedData(typed), 'the signature of typed data')
    same(mine.replayable, await account.signMessage({ message: text, useReplayableSignature: true }), 'the signature for every chain')
  }
  return `${N} accounts`
}

for (const [i, version] of ['0.0.2', '0.2.2', '0.2.3', '0.2.4', ...versions].entries()) await claim(`Kernel ${version}, owner ecdsa`, () => owners('ecdsa', version, N, 100 + i))
for (const [i, kind] of ['multiECDSA', 'webauthn', 'multiWebAuthn'].entries()) {
  await claim(`Kernel 0.3.0 to 0.3.3, owner ${kind}`, async () => { for (const [j, version] of versions.entries()) await owners(kind, version, N / 4, 200 + 10 * i + j); return `${N} accounts` })
}
await claim('Kernel 0.3.3 as the code of an ordinary account (EIP-7702)', () => delegated(500))
await claim('chains on which the packages count on P256VERIFY, and lanes that they make of texts', async () => {
  const r = random(400), chainIds = [...new Set([...Array(100_000).keys(), ...Object.values(viemChains).map((c) => c.id)])].filter(Number.isSafeInteger), texts = r.list(500, () => Buffer.from(r.bytes(r.int(60))).toString('latin1'))
  const { precompiled, lanes } = await go.ask('table', { chainIds, texts }), theirs = chainIds.filter((id) => isRIP7212SupportedNetwork(id))
  assert.ok(theirs.length > 10)
  assert.deepEqual(precompiled, theirs)
  assert.deepEqual(lanes, texts.map((t) => Number(getCustomNonceKeyFromString(t, '0.7'))))
  return `${theirs.length} of ${chainIds.length} chains, ${lanes.length} lanes`
})
await claim('a comparison fails when any value that Postern was told is another', async () => {
  const r = random(300), big = () => 1n + r.big(60), question = {
    owner: owner('multiECDSA', r.hex(32)).go, version: '0.3.3', chainId: 10, index: 5n, deployed: false, mode: '', text: 'hello', hash: r.hex(32), together: [r.hex(32), r.hex(32)],
    op: { calls: [{ to: r.address(), value: 1n, data: '0x01' }, { to: r.address(), value: 2n, data: '0x' }], lane: 3, sequence: 4, wire: { callGasLimit: big(), verificationGasLimit: big(), preVerificationGas: big(), maxFeePerGas: big(), maxPriorityFeePerGas: big(), paymaster: r.address(), paymasterVerificationGasLimit: big(), paymasterPostOpGasLimit: big(), paymasterData: '0x01' } },
  }
  const ask = (q) => go.ask('act', q).then(JSON.stringify, (e) => (e instanceof Refused ? 'refused' : Promise.reject(e))), right = await ask(question)
  assert.equal(await ask(question), right)
  assert.notEqual(right, 'refused')
  let n = 0
  for (const wrong of changed(question)) { n++; assert.notEqual(await ask(wrong), right, json(wrong)) }
  return `${n} changes`
})
go.stop()
