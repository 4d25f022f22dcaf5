// What the stand itself claims: real contracts at their addresses, everything on loopback, nothing left behind; and
// that our own chain has the same code at the same addresses.
import './quiet.mjs'
import { getSmartAccountsEnvironment } from '@metamask/smart-accounts-kit'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { p256 } from '@noble/curves/nist'
import { concat, sha256, toHex } from 'viem'
import { startAnvil, startDevnet } from './devnet.mjs'
import { rpc, until } from './rpc.mjs'
import { claim } from '../report.mjs'

/** A P256VERIFY input that verifies: hash, r, s, x, y. */
function p256Input() {
  const secret = new Uint8Array(32).fill(7), hash = sha256('0x1234')
  const { r, s } = p256.sign(hash.slice(2), secret)
  return concat([hash, toHex(r, { size: 32 }), toHex(s, { size: 32 }), toHex(p256.getPublicKey(secret, false).slice(1))])
}

const code = {}
for (const hardfork of ['osaka', 'prague']) {
  const started = Date.now()
  const stand = await startAnvil(hardfork)
  const seconds = (Date.now() - started) / 1000
  const call = rpc(stand.rpc)
  await claim(`stand ${hardfork}: ready in less than 20 s`, () => { assert.ok(seconds < 20, `${seconds} s`); return `${seconds} s` })
  await claim(`stand ${hardfork}: Alto supports EntryPoints 0.6 to 0.9`, async () => (
    assert.deepEqual(new Set(await rpc(stand.bundler)('eth_supportedEntryPoints')), new Set(Object.values(stand.entryPoints)))))
  await claim(`stand ${hardfork}: P256VERIFY ${hardfork === 'osaka' ? 'answers' : 'does not exist'}`, async () => (
    assert.equal(await call('eth_call', { to: '0x0000000000000000000000000000000000000100', data: p256Input() }, 'latest'), hardfork === 'osaka' ? toHex(1, { size: 32 }) : '0x')))
  if (hardfork === 'osaka') {
    const { version, ...framework } = stand.framework
    const contracts = { ...stand.entryPoints, ...framework, ...Object.fromEntries(Object.entries(stand.stateless7702).map(([v, a]) => [`stateless7702 ${v}`, a])) }
    for (const [name, address] of Object.entries(contracts)) code[name] = { address, code: await call('eth_getCode', address, 'latest') }
    await claim('stand: MetaMask\'s contracts stand where its kit looks for them on mainnet', () => {
      const mainnet = getSmartAccountsEnvironment(1, version)
      for (const name of ['EntryPoint', 'DelegationManager', 'SimpleFactory']) assert.equal(stand.environment[name], mainnet[name])
      for (const [name, address] of Object.entries(stand.environment.implementations)) assert.equal(address, mainnet.implementations[name])
      for (const [name, c] of Object.entries(code)) assert.ok(c.code.length > 100, `no code of ${name}`)
      return 'and CREATE2 led there from their creation code'
    })
  }
  await stand.close()
}

await claim('stand: nothing listens elsewhere than on loopback, and nothing outlives it, not even kill -9', async () => {
  if (process.platform !== 'linux') return 'not looked at: needs /proc'
  const child = spawn(process.execPath, [new URL('stand.mjs', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
    const family = descendants(child.pid)
    assert.ok(family.length >= 3, 'Anvil and Alto are missing')
    const listening = family.flatMap(listeners)
    assert.ok(listening.length >= 3, `only ${listening.length} listeners`)
    assert.deepEqual(listening.filter((a) => a !== '0100007F'), [], 'something listens on another address')
    child.kill('SIGKILL')
    await until('the end of the children', 5, () => family.every((pid) => !alive(pid)))
    return `${family.length} processes, ${listening.length} listeners`
  } finally {
    child.kill('SIGKILL')
  }
})

await claim('our chain has the stand\'s contracts, byte for byte', async () => {
  const devnet = await startDevnet(), call = rpc(devnet.rpc)
  const ours = Object.fromEntries(await Promise.all(Object.entries(code).map(async ([name, { address }]) => [name, await call('eth_getCode', address, 'latest')])))
  await devnet.close()
  const { multiSig, ...expected } = code // which no journey of ours needs
  for (const [name, c] of Object.entries(expected)) assert.equal(ours[name], c.code, `${name} at ${c.address}`)
  return `${Object.keys(expected).length} contracts`
})

function descendants(pid) {
  const stat = (p) => { try { return readFileSync(`/proc/${p}/stat`, 'utf8') } catch { return '' } }
  const parents = readdirSync('/proc').filter((p) => /^\d+$/.test(p)).map((p) => [Number(p), Number(stat(p).split(') ')[1]?.split(' ')[1])])
  const out = [pid]
  for (let i = 0; i < out.length; i++) out.push(...parents.filter(([, parent]) => parent === out[i]).map(([p]) => p))
  return out
}
/** listeners are the local addresses (hex, as the kernel has them) on which a process listens. */
function listeners(pid) {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => link(`/proc/${pid}/fd/${fd}`)))
  return ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').trim().split('\n').slice(1).map((l) => l.trim().split(/\s+/)))
    .filter((f) => f[3] === '0A' && inodes.has(f[9])).map((f) => f[1].split(':')[0])
}
function link(path) {
  try { return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? [] } catch { return [] }
}
function alive(pid) {
  try { return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')) } catch { return false }
}
