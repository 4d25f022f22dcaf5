// The speed of ZeroDev's unmodified packages and of Postern on this machine, for one passkey session with five
// policies, without a network, in microseconds of the processor: so it does not matter what else the machine does.
//
//   node kernel/bench.mjs [milliseconds for each figure]
import { deserializePermissionAccount, serializePermissionAccount } from '@zerodev/permissions'
import * as policies from '@zerodev/permissions/policies'
import { createKernelAccount } from '@zerodev/sdk'
import { encodeFunctionData, parseAbiItem } from 'viem'
import { getUserOperationHash } from 'viem/account-abstraction'
import { start } from './go.mjs'
import { chain, entryPoint, owner, permission, sessionKey } from './world.mjs'

const milliseconds = Number(process.argv[2] ?? 1000), go = start()
const version = '0.3.3', root = owner('ecdsa', '0x' + '11'.repeat(32)), signer = sessionKey('webauthn', '0x' + '22'.repeat(32)), client = chain(10)
const token = '0x036CbD53842c5426634e7929541eC2318f3dCF7e', to = '0x00000000000000000000000000000000DeaDBeef', transfer = parseAbiItem('function transfer(address to, uint256 amount)')

const session = { version, chainId: 10, index: 0n, nonce: 1, signer: signer.go, flag: 0, lane: 0, policies: [
  { type: 'call', version: '0.0.4', flag: 0, permissions: [{ callType: 0, target: token, expression: `transfer(address to, uint256 amount) where to in [${to}] and amount <= 5000000` }] },
  { type: 'gas', flag: 0, allowed: 10n ** 18n }, { type: 'timestamp', flag: 0, validUntil: 2_000_000_000 }, { type: 'rate-limit', flag: 0, count: 100, interval: 60, startAt: 1 }, { type: 'signature-caller', flag: 0, callers: [] },
] }
const theirs = () => [
  policies.toCallPolicy({ policyVersion: '0.0.4', permissions: [{ target: token, abi: [transfer], functionName: 'transfer', args: [{ condition: 6, value: [to] }, { condition: 4, value: 5000000n }] }] }),
  policies.toGasPolicy({ allowed: 10n ** 18n }), policies.toTimestampPolicy({ validUntil: 2_000_000_000 }), policies.toRateLimitPolicy({ count: 100, interval: 60, startAt: 1 }), policies.toSignatureCallerPolicy({ allowedCallers: [] }),
]
const calls = [{ to: token, value: 0n, data: encodeFunctionData({ abi: [transfer], args: [to, 5n] }) }]
const wire = { callGasLimit: 200_000n, verificationGasLimit: 1_000_000n, preVerificationGas: 60_000n, maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 10n ** 8n }

const [{ text, account: address }] = await go.ask('write', { owner: root.go, sessions: [session], together: false, withKey: false, checked: true })
const sudo = await root.on(client, version)
const make = async (pluginEnableSignature) => createKernelAccount(client, { entryPoint, kernelVersion: version, address, plugins: { sudo, regular: await permission(client, { signer, policies: theirs(), flag: '0x0000', kernelVersion: version }), pluginEnableSignature } })
const { enableSignature } = JSON.parse(atob(text)), open = async () => deserializePermissionAccount(client, entryPoint, version, text, await signer.on(client))
const ready = async (account) => {
  const userOp = { sender: address, nonce: await account.getNonce({ key: 0n }), callData: await account.encodeCalls(calls), ...(await account.getFactoryArgs()), ...wire }
  userOp.signature = await account.getStubSignature(userOp)
  return getUserOperationHash({ chainId: 10, entryPointAddress: entryPoint.address, entryPointVersion: '0.7', userOperation: userOp })
}
const opened = await open()
const steps = {
  'read and write the document': async () => serializePermissionAccount(await open(), undefined, enableSignature),
  'open the document': open,
  'permission id and enable data of the policies': async () => { const p = await permission(client, { signer, policies: theirs(), flag: '0x0000', kernelVersion: version }); p.getIdentifier(); await p.getEnableData(address) },
  'from the opened document to an operation ready to sign': () => ready(opened),
  'from the grant, approved, to an operation ready to sign': async () => ready(await make(enableSignature)),
}
const figures = {}, cpu = () => { const { user, system } = process.cpuUsage(); return user + system }
for (const [name, step] of Object.entries(steps)) {
  for (let i = 0; i < 20; i++) await step()
  const begin = cpu()
  let n = 0
  for (; cpu() - begin < milliseconds * 1000; n++) await step()
  figures[name] = (cpu() - begin) / n
}
const ours = await go.ask('bench', { text, owner: root.go, session, op: { calls, lane: 0, sequence: 0, wire }, milliseconds })
go.stop()
const write = (us) => (us === undefined ? '–' : us < 10 ? us.toFixed(1) : us.toFixed(0)).padStart(10)
console.log(`${'µs'.padEnd(58)}${'packages'.padStart(10)}${'Postern'.padStart(10)}`)
for (const name of new Set([...Object.keys(figures), ...Object.keys(ours)])) console.log(name.padEnd(58) + write(figures[name]) + write(ours[name]))
