// 2,000 random session keys and more: what their owners sign, and the signatures, must be those of ZeroDev's unmodified
// packages to the byte.
import assert from 'node:assert/strict'
import { webauthnSignUserOpsWithEnable } from '@zerodev/multi-chain-web-authn-validator'
import { serializeMultiChainPermissionAccounts, toInitConfig } from '@zerodev/permissions'
import { uninstallPlugin } from '@zerodev/sdk'
import { concatHex, decodeAbiParameters, encodeAbiParameters, hashTypedData, slice, toHex, zeroAddress } from 'viem'
import { claim } from '../report.mjs'
import { Refused, start } from './go.mjs'
import { kindNames } from './policies.mjs'
import { random } from './random.mjs'
import { changed } from './changed.mjs'
import { chains, draw, owner, same, seen } from './draw.mjs'
import { json } from './world.mjs'
import { prompts } from './browser.mjs'

const go = start()
/** compare looks at all that is there before anybody signs. */
async function compare(mine, { client, regular, account, lane, policies, signer }) {
  policies.forEach((p, i) => same(mine.entries[i], concatHex([p.getPolicyInfoInBytes(), p.getPolicyData()]), `policy ${i}`))
  assert.equal(mine.entries.length, policies.length)
  same(mine.id, regular.getIdentifier(), 'the id')
  same(mine.enableData, await regular.getEnableData(account.address), 'the enable data')
  const manager = account.kernelPluginManager, digest = hashTypedData(await manager.getPluginsEnableTypedData(account.address))
  same(mine.digest, digest, 'the digest')
  same(hashTypedData(mine.typedData), digest, 'the typed data as a wallet hashes it')
  same(mine.factoryData, await account.generateInitCode(), 'the factory data')
  same(mine.factory, account.factoryAddress, 'the factory')
  same(mine.enableKey, toHex(await manager.getNonceKey(account.address, BigInt(lane))), 'the nonce key that enables')
  const at = client.state.accounts
  client.state.accounts = { [account.address.toLowerCase()]: { version: '', nonce: 1, enabled: { [regular.getIdentifier()]: (await signer.on(client)).signerContractAddress } } }
  same(mine.useKey, toHex(await manager.getNonceKey(account.address, BigInt(lane))), 'the nonce key that uses')
  client.state.accounts = at
  // Installed as the account is created, and revoked.
  let sent
  await uninstallPlugin({ account, sendUserOperation: async (args) => { sent = args } }, { plugin: regular })
  same(mine.uninstall, sent.callData, 'the revocation')
  if (account.kernelVersion === '0.3.0') return assert.equal(mine.install, undefined)
  const [install, grant] = await toInitConfig(regular)
  same(mine.install, install, 'the installation')
  // Kernel 0.3.3 has the function itself; the packages run its code as the account all the same.
  if (account.kernelVersion === '0.3.3') assert.ok(grant.toLowerCase().includes(mine.grant.slice(2)), 'the access to execute')
  else same(mine.grant, grant, 'the access to execute')
}

/** forms are how an approval for one chain is compared. Where ours differs from the packages', the difference is stated. */
const forms = {
  // @zerodev/multi-chain-web-authn-validator 5.4.3 leaves out the frame around a passkey's signature of typed data,
  // which it writes around those of operations and of several things: (bytes merkleData, bytes signature).
  multiWebAuthn: (theirs) => encodeAbiParameters([{ type: 'bytes' }, { type: 'bytes' }], ['0x', theirs]),
}

async function alone(kind, n, seed) {
  const r = random(seed)
  for (let i = 0; i < n; i++) {
    const root = owner(kind, r.hex(32)), { ours, theirs } = await draw(r, root, r.one(chains))
    try {
      const [mine] = await go.ask('grants', { owner: root.go, sessions: [ours] })
      const their = await theirs(mine.account)
      await compare(mine, their)
      const signature = await their.account.kernelPluginManager.getPluginEnableSignature(mine.account)
      same(mine.approval, forms[kind]?.(signature) ?? signature, "the owner's signature")
    } catch (e) {
      throw new Error(`grant ${i}: ${e.message}`, { cause: e })
    }
  }
  return `${n} grants`
}

/** one signature for several session keys, as each package makes it. */
const signTogether = {
  async multiECDSA(list) {
    const documents = await serializeMultiChainPermissionAccounts(list.map(({ account }) => ({ account })))
    return documents.map((d) => JSON.parse(atob(d)).enableSignature)
  },
  // serializeMultiChainPermissionAccounts of @zerodev/permissions 5.6.3 does not fit the only multi-chain WebAuthn
  // validator on npm: known.mjs. The validator's own way does.
  async multiWebAuthn(list) {
    const signed = await webauthnSignUserOpsWithEnable({ multiChainUserOpConfigsForEnable: list.map(({ account }) => ({ account, userOp })) })
    return signed.map(({ signature }) => decodeAbiParameters(Array(5).fill({ type: 'bytes' }), slice(signature, 20))[3])
  },
}
const userOp = { sender: zeroAddress, nonce: 0n, callData: '0x', callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, signature: '0x' }

async function together(kind, n, seed) {
  const r = random(seed)
  let grants = 0
  for (let i = 0; grants < n; i++) {
    // Several chains, and several keys on one chain: with one signature each.
    const root = owner(kind, r.hex(32)), drawn = await Promise.all(r.list(1 + r.int(6), () => draw(r, root, r.one(chains))))
    grants += drawn.length
    try {
      const mine = await go.ask('grants', { owner: root.go, sessions: drawn.map((d) => d.ours), together: true })
      const their = await Promise.all(drawn.map((d, j) => d.theirs(mine[j].account)))
      for (const [j, m] of mine.entries()) await compare(m, their[j])
      const before = prompts.count, signatures = await signTogether[kind](their)
      if (kind === 'multiWebAuthn') assert.equal(prompts.count - before, 1 + their.filter((t) => t.signer.kind === 'webauthn').length, 'prompts: one for the owner, one for each session')
      for (const [j, m] of mine.entries()) same(m.approval, signatures[j], `the owner's signature ${j}`)
    } catch (e) {
      throw new Error(`approval ${i}: ${e.message}`, { cause: e })
    }
  }
  return `${grants} grants`
}

/** control changes each value that Postern is told, one at a time: what it makes must not be taken for the packages'. */
async function control(seed) {
  const r = random(seed), caught = {}
  let n = 0
  for (const kind of kinds) {
    const root = owner(kind, r.hex(32)), { ours, theirs } = await draw(r, root, 10, { kinds: kindNames })
    const question = { owner: root.go, sessions: [ours] }, [right] = await go.ask('grants', question)
    const their = await theirs(right.account), signature = await their.account.kernelPluginManager.getPluginEnableSignature(right.account)
    const judge = async ([mine]) => { await compare(mine, their); same(mine.approval, forms[kind]?.(signature) ?? signature, "the owner's signature") }
    await judge([right])
    const wrongs = [...changed(root.go)].map((o) => ({ ...question, owner: o })).concat([...changed(ours)].map((o) => ({ ...question, sessions: [o] })))
    for (const wrong of wrongs) {
      n++
      const why = await go.ask('grants', wrong).then(judge).then(() => '', (e) => (e instanceof Refused ? 'refused' : e.code === 'ERR_ASSERTION' ? e.message : Promise.reject(e)))
      assert.ok(why, `nobody noticed ${json(wrong)}`)
      const by = why.split('\n')[0].replace(/ \d+$/, '')
      caught[by] = (caught[by] ?? 0) + 1
    }
  }
  return `${n} changes: ${Object.entries(caught).sort((a, b) => b[1] - a[1]).map(([k, m]) => `${m} ${k}`).join(', ')}`
}

const kinds = ['ecdsa', 'multiECDSA', 'webauthn', 'multiWebAuthn']
for (const [i, kind] of kinds.entries()) await claim(`one chain, owner ${kind}`, () => alone(kind, +(process.env.N ?? 335), 1000 + i))
for (const [i, kind] of ['multiECDSA', 'multiWebAuthn'].entries()) await claim(`several chains at once, owner ${kind}`, () => together(kind, +(process.env.N ?? 335), 2000 + i))
await claim('every kind of policy was among them', () => {
  assert.deepEqual(Object.keys(seen).sort(), ['call', 'callers', 'elsewhere', 'gas', 'rate', 'rateReset', 'sudo', 'timestamp'])
  return Object.entries(seen).sort().map(([k, n]) => `${n} ${k}`).join(', ')
})
await claim('a comparison fails when any value that Postern was told is another', () => control(3000))
go.stop()
