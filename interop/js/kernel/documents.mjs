// The document in both directions. What ZeroDev's unmodified packages wrote, Postern opens and signs operations and
// messages with; what Postern wrote, they open: the same operations to the byte, and the same document when it is
// written again. On an account that is not there yet, on one that is, and where the permission is installed.
import assert from 'node:assert/strict'
import { deserializePermissionAccount, serializeMultiChainPermissionAccounts, serializePermissionAccount } from '@zerodev/permissions'
import { getAddress } from 'viem'
import { claim } from '../report.mjs'
import { chains, draw, installable, owner } from './draw.mjs'
import { counts, equalText, go, operate, told } from './operate.mjs'
import { random } from './random.mjs'
import { chain, entryPoint, sessionKey } from './world.mjs'

const N = Number(process.env.N ?? 30)

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

for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`theirs, owner ${kind}, one chain`, () => theirs(kind, false, 4000 + i))
await claim('theirs, owner multiECDSA, several chains', () => theirs('multiECDSA', true, 4010))
for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA', 'multiWebAuthn'].entries()) await claim(`ours, owner ${kind}, one chain`, () => mine(kind, false, 5000 + i))
for (const [i, kind] of ['multiECDSA', 'multiWebAuthn'].entries()) await claim(`ours, owner ${kind}, several chains`, () => mine(kind, true, 5010 + i))
for (const [i, kind] of ['ecdsa', 'webauthn', 'multiECDSA'].entries()) await claim(`both write the same document, owner ${kind}`, () => alike(kind, false, 6000 + i))
await claim('both write the same documents, owner multiECDSA, several chains', () => alike('multiECDSA', true, 6010))
go.stop()
