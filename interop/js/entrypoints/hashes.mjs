// The hash of an operation, three ways: what the EntryPoint contracts answer (0.6 to 0.9, on Anvil), what viem
// computes, and the golden files that our Go code is tested against (userop/testdata, account/hybrid/testdata).
import { readFileSync } from 'node:fs'
import { createPublicClient, http, pad } from 'viem'
import { getUserOperationHash, toPackedUserOperation } from 'viem/account-abstraction'
import { startStand } from '../stand/use.mjs'
import { entryPoint } from './simple-account.mjs'
import { claim, fail } from '../report.mjs'
import { rpc } from '../stand/rpc.mjs'

const golden = (path) => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url)))

/** Every golden operation as {from, version, chainId, wire, hash, delegate?}. */
function* operations() {
  for (const o of golden('userop/testdata/viem.json').operations) yield { from: 'viem.json', ...o }
  const captured = golden('userop/testdata/userop-hashes.json')
  for (const v of captured.vectors) {
    // One vector says that the contract refuses when the sender runs no delegate's code.
    if (!/^0x[0-9a-f]{64}$/.test(v.hash)) continue
    yield { from: 'userop-hashes.json', version: v.ver, chainId: captured.chainId, wire: v.userOperation, hash: v.hash, delegate: '0x' + '11'.repeat(20) }
  }
  for (const v of golden('userop/testdata/eip7702.json')) {
    const { authorization, ...wire } = v.userOperation
    yield { from: 'eip7702.json', version: v.v, chainId: 31337, wire, hash: v.userOpHash, delegate: v.authorization.address }
  }
  for (const a of golden('account/hybrid/testdata/kit.json').accounts) {
    for (const o of a.ops) yield { from: 'kit.json', version: '0.7', chainId: a.chainId, wire: o.wire, hash: o.userOpHash }
  }
}

/** fromWire makes viem's operation of the RPC's. */
function fromWire({ version, wire, delegate }) {
  const { eip7702Auth, authorization = eip7702Auth, ...rest } = wire
  const op = version === '0.6' ? { initCode: '0x', paymasterAndData: '0x', ...rest } : rest
  for (const name of Object.keys(op)) if (/^nonce$|Gas/.test(name)) op[name] = BigInt(op[name])
  if (op.factory?.startsWith('0x7702')) {
    op.authorization = { address: delegate ?? authorization.address, chainId: 1, nonce: 0, r: '0x', s: '0x', yParity: 0 }
    if (op.factoryData && op.factoryData !== '0x') op.factory = pad('0x7702', { dir: 'right', size: 20 })
  }
  return op
}

const stand = await startStand(['--no-alto'])
const call = rpc(stand.rpc)
const client = createPublicClient({ transport: http(stand.rpc) })
const counts = {}
let chainId
for (const [i, o] of [...operations()].entries()) {
  try {
    if (o.chainId !== chainId) await call('anvil_setChainId', chainId = o.chainId)
    const ep = entryPoint(o.version), op = fromWire(o)
    if (op.authorization) await call('anvil_setCode', op.sender, '0xef0100' + op.authorization.address.slice(2))
    const viem = getUserOperationHash({ chainId, entryPointAddress: ep.address, entryPointVersion: o.version, userOperation: op })
    const contract = await client.readContract({ ...ep, functionName: 'getUserOpHash', args: [o.version === '0.6' ? op : toPackedUserOperation(op)] })
    if (viem !== o.hash || contract !== o.hash) throw new Error(`golden ${o.hash}, viem ${viem}, contract ${contract}`)
    const count = counts[o.version] ??= { all: 0, eip7702: 0 }
    count.all++
    if (op.authorization) count.eip7702++
  } catch (e) {
    fail(`hash of operation ${i} of ${o.from} on EntryPoint ${o.version}`, e)
  }
}
await call('anvil_setChainId', 31337)
for (const [version, least] of Object.entries({ '0.6': 8, '0.7': 40, '0.8': 8, '0.9': 8 })) {
  await claim(`EntryPoint ${version}: golden hash = viem = contract`, () => {
    const { all = 0, eip7702 = 0 } = counts[version] ?? {}
    if (all < least || (version >= '0.8' && eip7702 === 0)) throw new Error(`only ${all} operations compared, ${eip7702} of EIP-7702`)
    return `${all} operations${eip7702 ? `, ${eip7702} of EIP-7702 accounts` : ''}`
  })
}
await claim('a paymaster\'s signature is no part of the hash of EntryPoint 0.9', async () => {
  const [a, b] = golden('userop/testdata/userop-hashes.json').vectors.filter((v) => v.ver === '0.9' && v.userOperation.paymasterSignature)
  if (a.userOperation.paymasterSignature === b.userOperation.paymasterSignature || a.hash !== b.hash) throw new Error('the vectors differ in something else')
})
await stand.close()
