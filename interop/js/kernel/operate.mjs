// Both sides make operations and messages of a session document, and are compared to the byte.
import assert from 'node:assert/strict'
import { hashMessage, hashTypedData, size, toHex } from 'viem'
import { getUserOperationHash } from 'viem/account-abstraction'
import { Refused, start } from './go.mjs'
import { chain, entryPoint, same } from './world.mjs'

export const go = start()

/** gas draws what an operation has beside calls. */
export const gas = (r) => ({
  callGasLimit: r.big(64), verificationGasLimit: r.big(64), preVerificationGas: r.big(64), maxFeePerGas: r.big(64), maxPriorityFeePerGas: r.big(64),
  ...(r.chance(0.3) ? { paymaster: r.address(), paymasterVerificationGasLimit: r.big(64), paymasterPostOpGasLimit: r.big(64), paymasterData: r.hex(r.int(100)) } : {}),
})
export const calls = (r) => r.list(r.one([1, 1, 2, 5]), () => ({ to: r.address(), value: r.big(128), data: r.hex(r.int(80)) }))

/** states are what the chain may know: the account, the permission. */
const states = (deployed) => [{ deployed, installed: false }, { deployed: true, installed: true }]

/** operate has both sides make operations and messages of a document, and compares them. */
export async function operate(r, { text, root, drawn, address, account }) {
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
export const counts = { documents: 0, operations: 0, messages: 0, refused: 0, unreadable: 0 }
export const told = () => {
  const names = { refused: 'times messages that a policy refuses', unreadable: 'documents that the packages cannot open' }
  const t = Object.entries(counts).filter(([, n]) => n).map(([k, n]) => `${n} ${names[k] ?? k}`).join(', ')
  for (const k of Object.keys(counts)) counts[k] = 0
  return t
}

/** equalText compares long texts, and shows where they part. */
export function equalText(a, b, what) {
  const at = [...a].findIndex((c, i) => c !== b[i])
  if (a !== b) assert.fail(`${what}: at ${at}: …${a.slice(Math.max(0, at - 60), at + 60)}… and …${b.slice(Math.max(0, at - 60), at + 60)}…`)
}
