// What the stand itself claims: real contracts at their addresses, everything on loopback, nothing left behind; and
// that our own chain has the same code at the same addresses.
import './quiet.mjs'
import { getSmartAccountsEnvironment } from '@metamask/smart-accounts-kit'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { p256 } from '@noble/curves/nist'
import { concat, sha256, toHex } from 'viem'
import { claim } from '../report.mjs'
import { startDevnet } from './devnet.mjs'
import { alive, descendants, listeners } from './processes.mjs'
import { rpc, until } from './rpc.mjs'

/** A P256VERIFY input that verifies: hash, r, s, x, y. */
function p256Input() {
  const secret = new Uint8Array(32).fill(7), hash = sha256('0x1234')
  const { r, s } = p256.sign(hash.slice(2), secret)
  return concat([hash, toHex(r, { size: 32 }), toHex(s, { size: 32 }), toHex(p256.getPublicKey(secret, false).slice(1))])
}

const code = {} // name → {address, code}
const endings = { osaka: ['its input closes', (child) => child.stdin.end()], prague: ['it is killed (9)', (child) => child.kill('SIGKILL')] }

for (const hardfork of ['osaka', 'prague']) {
  const started = Date.now()
  const child = spawn(process.execPath, [new URL('stand.mjs', import.meta.url).pathname, '--hardfork', hardfork], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const stand = JSON.parse(await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)))
    const seconds = (Date.now() - started) / 1000
    const call = rpc(stand.rpc)
    await claim(`stand ${hardfork}: Alto supports EntryPoints 0.6 to 0.9`, async () => {
      assert.deepEqual(new Set(await rpc(stand.bundler)('eth_supportedEntryPoints')), new Set(Object.values(stand.entryPoints)))
      return `ready after ${seconds} s`
    })
    await claim(`stand ${hardfork}: P256VERIFY ${hardfork === 'osaka' ? 'answers' : 'does not exist'}`, async () => {
      const answer = await call('eth_call', { to: '0x0000000000000000000000000000000000000100', data: p256Input() }, 'latest')
      assert.equal(answer, hardfork === 'osaka' ? toHex(1, { size: 32 }) : '0x')
    })
    if (hardfork === 'osaka') await contracts(stand, call)
    await ends(hardfork, child)
  } finally {
    child.kill('SIGKILL')
  }
}

async function contracts(stand, call) {
  const { version, ...framework } = stand.framework
  const stateless = Object.fromEntries(Object.entries(stand.stateless7702).map(([v, a]) => [`stateless7702 ${v}`, a]))
  for (const [name, address] of Object.entries({ ...stand.entryPoints, ...framework, ...stateless })) {
    code[name] = { address, code: await call('eth_getCode', address, 'latest') }
  }
  await claim('stand: MetaMask\'s contracts stand where its kit looks for them on mainnet', () => {
    const mainnet = getSmartAccountsEnvironment(1, version)
    for (const name of ['EntryPoint', 'DelegationManager', 'SimpleFactory']) assert.equal(stand.environment[name], mainnet[name])
    for (const [name, address] of Object.entries(stand.environment.implementations)) assert.equal(address, mainnet.implementations[name])
    for (const [name, c] of Object.entries(code)) assert.ok(c.code.length > 100, `no code of ${name}`)
    return 'and CREATE2 led there from their creation code'
  })
}

function ends(hardfork, child) {
  const [when, end] = endings[hardfork]
  return claim(`stand ${hardfork}: listens on loopback only, and nothing outlives it when ${when}`, async () => {
    if (process.platform !== 'linux') return 'not looked at: that takes /proc'
    const family = descendants(child.pid), listening = family.flatMap(listeners)
    assert.ok(family.length >= 3, 'Anvil and Alto are missing')
    assert.ok(listening.length >= 3, `only ${listening.length} listeners`)
    assert.deepEqual(listening.filter((a) => a !== '0100007F'), [], 'something listens on another address')
    end(child)
    await until('the end of the children', 10, () => family.every((pid) => !alive(pid)))
    return `${family.length} processes, ${listening.length} listeners`
  })
}

await claim('our chain has the stand\'s contracts, byte for byte', async () => {
  const devnet = await startDevnet(), call = rpc(devnet.rpc)
  const ours = Object.fromEntries(await Promise.all(Object.entries(code).map(async ([name, { address }]) => [name, await call('eth_getCode', address, 'latest')])))
  await devnet.close()
  const { multiSig, ...expected } = code // which no journey of ours needs
  for (const [name, c] of Object.entries(expected)) assert.equal(ours[name], c.code, `${name} at ${c.address}`)
  return `${Object.keys(expected).length} contracts`
})
