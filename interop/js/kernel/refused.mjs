// Documents that ZeroDev's unmodified packages wrote, broken: Postern refuses each with a typed error and a way out, or
// takes it for exactly what it was. The packages themselves look at little of this.
import assert from 'node:assert/strict'
import { deserializePermissionAccount, serializeMultiChainPermissionAccounts, serializePermissionAccount } from '@zerodev/permissions'
import { claim } from '../report.mjs'
import { draw, owner } from './draw.mjs'
import { Refused, start } from './go.mjs'
import { random } from './random.mjs'
import { chain, entryPoint, same, sessionKey } from './world.mjs'

const go = start()
const read = (text) => JSON.parse(Buffer.from(text, 'base64').toString())
const write = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64')

/** make draws an account with documents of every kind of policy, one for each chain. */
async function make(kind, chainIds, seed, names = ['call', 'gas', 'rate', 'callers', 'timestamp']) {
  const r = random(seed), root = owner(kind, r.hex(32)), signer = sessionKey(kind.endsWith('ECDSA') || kind === 'ecdsa' ? 'ecdsa' : 'webauthn', r.hex(32))
  const drawn = (id) => draw(random(seed), root, id, { kinds: names, flag: 0, nonce: 0, signer, version: '0.3.3' })
  // The first one after seed that has calls by an ABI with conditions, and calls by bytes with rules.
  const rich = ({ ours: { policies: [{ version, permissions: p }] } }) => version === '0.0.5' && p.some((x) => / where .* and /.test(x.expression)) && p.some((x) => x.rules?.length)
  while (!rich(await drawn(1))) seed++
  const list = await Promise.all(chainIds.map(drawn))
  const granted = await go.ask('grants', { owner: root.go, sessions: list.map((d) => d.ours) })
  const made = await Promise.all(list.map((d, i) => d.theirs(granted[i].account)))
  const texts = chainIds.length > 1 ? await serializeMultiChainPermissionAccounts(made.map(({ account }) => ({ account }))) : [await serializePermissionAccount(made[0].account)]
  return { root, list, texts, account: granted[0].account, open: (text, change = {}, i = 0) => go.ask('open', { text, owner: root.go, session: { ...list[i].ours, ...change.session }, deployed: false, installed: false, ops: [], messages: [], ...change.world }) }
}

const by = {}
/** refused expects a typed refusal with a way out. */
async function refused(promise, what, field) {
  const e = await promise.then((x) => assert.fail(`${what}: opened as ${x.id}`), (x) => x)
  assert.ok(e instanceof Refused, `${what}: ${e.message}`)
  assert.match(e.type, /^\*(approval|session|kernel|grant|account)\./, `${what}: ${e.type}: ${e.message}`)
  assert.ok(e.hint, `${what}: no way out: ${e.message}`)
  if (field) assert.match(e.field ?? '', field, `${what}: ${e.message}`)
  by[e.type] = (by[e.type] ?? 0) + 1
}
const told = () => {
  const t = Object.entries(by).sort().map(([k, n]) => `${n} ${k.slice(1)}`).join(', ')
  for (const k of Object.keys(by)) delete by[k]
  return t
}

const one = await make('ecdsa', [10], 0), passkey = await make('webauthn', [10], 1000), several = await make('multiECDSA', [1, 10, 137, 8453, 31337], 2000)

await claim('the documents themselves are opened', async () => {
  for (const d of [one, passkey, several]) for (const [i, text] of d.texts.entries()) assert.equal((await d.open(text, {}, i)).text, text)
})

await claim('grants that cannot be, or that the packages write wrongly', async () => {
  const call = (expression, version = '0.0.5') => ({ type: 'call', version, flag: 0, permissions: [{ callType: 0, target: '0x' + '11'.repeat(20), expression }] })
  const rules = (version, ...list) => ({ type: 'call', version, flag: 0, permissions: [{ callType: 0, target: '0x' + '11'.repeat(20), selector: '0x12345678', rules: list }] })
  const word = '0x' + '00'.repeat(32), wrong = {
    'interval of 49 bits': { type: 'rate-limit', interval: 2 ** 48, count: 1 }, 'count of 49 bits': { type: 'rate-limit', count: 2 ** 48 }, 'start with reset': { type: 'rate-limit', reset: true, interval: 1, count: 1, startAt: 1 },
    'budget of 129 bits': { type: 'gas', allowed: 1n << 128n }, 'no budget': { type: 'gas', allowed: -1n }, 'end of 49 bits': { type: 'timestamp', validUntil: 2 ** 48 },
    'coins of 257 bits': { ...call('f()'), permissions: [{ callType: 0, target: '0x' + '11'.repeat(20), expression: 'f()', value: 1n << 256n }] }, 'a version that is not': call('f()', '0.0.9'), 'no version': call('f()', '0.1'),
    'two words in 0.0.1': rules('0.0.1', { condition: 6, offset: 0, params: [word, word] }), 'no word in 0.0.1': rules('0.0.1', { condition: 0, offset: 0, params: [] }),
    'one of several in 0.0.1': call('f(uint256 a) where a in [1, 2]', '0.0.1'), 'no such parameter': call('f(uint256 a) where b = 1'), 'too large for its type': call('f(uint8 a) where a = 256'), 'negative': call('f(uint256 a) where a >= -1'),
    'an address of 19 bytes': call(`f(address a) where a = 0x${'11'.repeat(19)}`), 'a wrong checksum': call('f(address a) where a = 0x036cbD53842c5426634e7929541eC2318f3dCF7e'), 'or': call('f(uint256 a) where a = 1 or a = 2'), 'order of addresses': call(`f(address a) where a < 0x${'11'.repeat(20)}`),
    'order of signed numbers': call('f(int256 a) where a < 5'), 'a whole text': call('f(string s) where s = "x"'), 'a tuple': call('f((uint256 a, uint256 b) p) where p = 1'), 'a slice of another length': call('f(bytes b) where b[0:4] = 0x123456'),
    'an unknown token': call('f(uint256 a) where a <= 5 USDC'), 'twice the same value': call('f(uint256 a) where a in [1, 1]'), 'no function': call('where a = 1'), 'no type': call('f(uint257 a)'), 'something behind it': call('f() f()'), 'not closed': call('f(uint256 a'),
  }
  for (const [what, policy] of Object.entries(wrong)) await refused(go.ask('grants', { owner: one.root.go, sessions: [{ ...one.list[0].ours, policies: [{ flag: 0, ...policy }] }] }), what)
  return told()
})

await claim('a document cut off anywhere, or with anything behind it', async () => {
  const [text] = one.texts, json = Buffer.from(text, 'base64').toString()
  for (let i = 0; i < text.length; i += 1 + (text.length >> 6)) await refused(one.open(text.slice(0, i)), `${i} characters`)
  for (let i = 0; i < json.length; i += 1 + (json.length >> 6)) await refused(one.open(write(json.slice(0, i))), `${i} bytes`)
  for (const more of ['A', '=', '====', '\\u0000', '{}', text]) await refused(one.open(text + more), `with ${more.slice(0, 9)} behind it`)
  for (const more of ['}', ' x', '{}', 'null']) await refused(one.open(write(json + more)), `with ${more} behind the JSON`)
  return told()
})

await claim('JSON that readers could understand differently', async () => {
  const json = Buffer.from(one.texts[0], 'base64').toString(), { permissionParams, accountParams } = read(one.texts[0])
  const twice = (key, value) => json.replace(`"${key}":`, `"${key}":${JSON.stringify(value)},"${key}":`)
  const wrong = {
    'a member twice': twice('accountAddress', '0x' + '11'.repeat(20)), 'a member twice, the same': twice('permissionId', permissionParams.permissionId), 'a member twice, escaped': json.replace('"accountAddress":', '"\\u0061ccountAddress":"0x00","accountAddress":'),
    'the account of another case': json.replace('"accountParams"', '"AccountParams"'), 'a number as text': json.replace(/"validUntil":(\d+)/, '"validUntil":"$1"').replace('"validAfter":0', '"validAfter":"0x0"'),
    'an exponent': json.replace(/"count":\d+/, '"count":1e3'), 'a fraction': json.replace(/"count":\d+/, '"count":1.5'), 'a negative number': json.replace(/"count":\d+/, '"count":-1'),
    'a number of 64 bits': json.replace(/"count":\d+/, '"count":18446744073709551616'), 'a number that JavaScript rounds': json.replace(/"count":\d+/, '"count":9007199254740993'),
    'a text for a truth': json.replace(/"enforcePaymaster":(true|false)/, '"enforcePaymaster":"false"'), 'an address of 19 bytes': json.replace(accountParams.accountAddress, accountParams.accountAddress.slice(0, -2)),
    'no prefix': json.replace(accountParams.accountAddress, accountParams.accountAddress.slice(2)), 'half a byte': json.replace(permissionParams.permissionId, permissionParams.permissionId + '0'),
    'not UTF-8': Buffer.concat([Buffer.from(json.slice(0, -1) + ',"x":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    'a list': `[${json}]`, 'nothing': 'null', 'a text': JSON.stringify(json), 'a comment': json.slice(0, -1) + '/**/}', 'depth': json.slice(0, -1) + `,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    'size': json.slice(0, -1) + `,"x":"${'a'.repeat(8 << 20)}"}`,
  }
  for (const [what, text] of Object.entries(wrong)) {
    assert.notEqual(String(text), json, what)
    await refused(one.open(Buffer.from(text).toString('base64')), what)
  }
  for (const [what, text] of Object.entries({ 'base64url': one.texts[0].replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''), 'lines': one.texts[0].replace(/(.{64})/g, '$1\n'), 'the JSON itself': json, 'hex': Buffer.from(json).toString('hex') })) {
    if (text !== one.texts[0]) await refused(one.open(text), what)
  }
  return told()
})

await claim('members that nobody knows are kept, byte for byte', async () => {
  for (const d of [one, passkey, several]) {
    const json = Buffer.from(d.texts[0], 'base64').toString()
    for (const more of ['"x":null', '"x":{"y":[1,2.5,-1e-7,true,{}]}', '"":""', '"x":"\\ud800"', '"ü":"😀"', '"__proto__":{"a":1}']) {
      const text = write(JSON.stringify(JSON.parse(json.slice(0, -1) + ',' + more + '}')))
      assert.equal((await d.open(text)).text, text, more)
    }
    const inside = read(d.texts[0])
    inside.permissionParams.policies[0].policyParams.note = 'hello'
    inside.accountParams = { first: 1, ...inside.accountParams }
    assert.equal((await d.open(write(inside))).text, write(inside))
  }
})

/** leaves yields [path, changed copy] for every value in v. */
function* leaves(v, path = '') {
  if (Array.isArray(v) && v.length) {
    yield [path + '[-]', v.slice(1)]
    if (v.length > 1) yield [path + '[swapped]', [v[1], v[0], ...v.slice(2)]]
  }
  if (v && typeof v === 'object') {
    for (const k of Object.keys(v)) {
      const put = (c) => (Array.isArray(v) ? v.with(k, c) : { ...v, [k]: c }), p = Array.isArray(v) ? `${path}[]` : `${path}.${k}`
      if (!Array.isArray(v)) yield [p + ' missing', Object.fromEntries(Object.entries(v).filter(([x]) => x !== k))]
      for (const [where, c] of leaves(v[k], p)) yield [where, put(c)]
    }
  } else if (typeof v === 'boolean') yield [path, !v]
  else if (typeof v === 'number') yield [path, v ? v - 1 : 1]
  else if (typeof v === 'string' && /^0x/.test(v)) yield [path, v.length > 2 ? v.slice(0, -1) + (parseInt(v.at(-1), 16) ^ 1).toString(16) : '0x00']
  else if (typeof v === 'string') yield [path, /^\d+$/.test(v) ? String(BigInt(v) + 1n) : v + 'x']
}

// Values that say nothing of what the owner approved: names for people, what Kernel 3 does not look at, and values that
// the packages would put there themselves. A document without them, or with others, is opened as the same permission,
// by the packages too.
const idle = /\.permissions(\[\]|\[swapped\])?\.(args|abi|functionName)\b|^\.validityData\.|^\.isPreInstalled missing$|\.policyParams\.(permissions\[\]\.)?\w+ missing$/

await claim('every value of a document counts, or says nothing', async () => {
  let changes = 0
  const taken = new Set()
  for (const d of [one, passkey, several]) {
    const was = await d.open(d.texts[0])
    for (const [path, value] of leaves(read(d.texts[0]))) {
      changes++
      try {
        await refused(d.open(write(value)), path)
      } catch (e) {
        const now = await d.open(write(value)).catch(() => assert.fail(e.message))
        assert.equal(now.id, was.id, path)
        assert.equal(now.enableData, was.enableData, path)
        assert.equal(now.account, was.account, path)
        const theirs = await deserializePermissionAccount(chain(d.list[0].ours.chainId), entryPoint, '0.3.3', write(value), await d.list[0].signer.on(chain(10))).catch(() => undefined)
        if (theirs) same(await theirs.kernelPluginManager.regularValidator.getEnableData(), now.enableData, path)
        assert.match(path, idle, `${path} is another, and nobody minds`)
        taken.add(/\b(abi|args|functionName|validityData)\b|\w+ missing$/.exec(path)[0])
      }
    }
  }
  return `${changes} changes; ${told()}; the same permission after a change of ${[...taken].join(', ')}`
})

await claim('every byte of a document counts, or says nothing', async () => {
  const bytes = Buffer.from(one.texts[0], 'base64'), was = await one.open(one.texts[0])
  let taken = 0, changes = 0
  for (let i = 0; i < bytes.length; i++) for (const bit of i % 4 ? [0x01] : [0x01, 0x20]) {
    const other = Buffer.from(bytes)
    other[i] ^= bit
    changes++
    const text = other.toString('base64'), now = await one.open(text).catch((e) => e)
    if (now instanceof Error) { await refused(Promise.reject(now), `byte ${i}`); continue }
    assert.deepEqual([now.text, now.id, now.enableData, now.account], [text, was.id, was.enableData, was.account], `byte ${i}`)
    taken++
  }
  return `${changes} changes; ${told()}; ${taken} with the same permission: letters' case, names, ABI and arguments`
})

await claim('a document for another chain, account, version, key or nonce', async () => {
  for (const d of [one, passkey, several]) {
    const { ours } = d.list[0], [text] = d.texts
    await refused(d.open(text, { session: { chainId: 56 } }), 'another chain')
    const there = { deployed: true, address: d.account }
    assert.equal((await d.open(text, { world: there })).state, 'approved')
    for (const version of ['0.3.0', '0.3.1', '0.3.2']) await refused(d.open(text, { session: { version }, world: there }), `version ${version}`)
    for (const kind of ['ecdsa', 'multiECDSA', 'webauthn']) await refused(d.open(text, { world: { ...there, owner: owner(kind, '0x' + '77'.repeat(32)).go } }), `another owner: ${kind}`)
    const elsewhere = { ...read(text), accountParams: { ...read(text).accountParams, accountAddress: '0x' + '99'.repeat(20) } }
    await refused(d.open(write(elsewhere), { world: { deployed: true, address: '0x' + '99'.repeat(20) } }), 'another account of the same owner')
    if (!read(text).privateKey) await refused(d.open(text, { session: { signer: sessionKey(ours.signer.kind, '0x' + '78'.repeat(32)).go } }), 'another session key')
    const later = await d.open(text, { session: { nonce: 2 }, world: there })
    assert.equal(later.state, 'void', 'after the owner raised the nonce')
  }
  return told()
})

await claim("forged signatures of the owner, Merkle proofs among them", async () => {
  const flip = (hex, byte) => hex.slice(0, 2 + 2 * byte) + (parseInt(hex.slice(2 + 2 * byte, 4 + 2 * byte), 16) ^ 1).toString(16).padStart(2, '0') + hex.slice(4 + 2 * byte)
  let bytes = 0
  for (const d of [one, passkey, several]) {
    const document = read(d.texts[0]), { enableSignature: s } = document, size = (s.length - 2) / 2
    const open = (enableSignature) => d.open(write({ ...document, enableSignature }))
    for (let i = 0; i < size; i++, bytes++) {
      // Whether the validator shall ask P256VERIFY is not signed: the last byte of a passkey's sixth word.
      if (d === passkey && i === 191) assert.equal((await open(flip(s, i))).id, read(d.texts[0]).permissionParams.permissionId)
      else await refused(open(flip(s, i)), `byte ${i} of ${size}`)
    }
    for (const cut of [1, 31, 32, 64, size - 1]) await refused(open('0x' + s.slice(2 + 2 * cut)), `without the first ${cut} bytes`)
    for (const cut of [1, 32, 64, size - 1]) await refused(open(s.slice(0, s.length - 2 * cut)), `without the last ${cut} bytes`)
    for (const more of ['00', '00'.repeat(32)]) await refused(open(s + more), `with ${more.length / 2} bytes behind it`)
    await refused(open('0x'), 'no signature')
    await refused(open('0x' + '00'.repeat(size)), 'zeros')
  }
  // Of several chains: each proof is for its own document.
  for (const [i, a] of several.texts.entries()) for (const [j, b] of several.texts.entries()) {
    if (i !== j) await refused(several.open(write({ ...read(a), enableSignature: read(b).enableSignature }), {}, i), `the proof of ${j} for ${i}`)
  }
  // The owner's signature with a high s, which the contract would take from nobody but its clients never write.
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n, document = read(one.texts[0]), s = document.enableSignature
  const high = s.slice(0, 66) + (n - BigInt('0x' + s.slice(66, 130))).toString(16).padStart(64, '0') + (s.endsWith('1b') ? '1c' : '1b')
  await refused(one.open(write({ ...document, enableSignature: high })), 'a high s')
  return `${bytes} bytes, one at a time; ${told()}`
})

await claim('the documents that @zerodev/permissions 5.6.3 writes for a passkey owner of several chains, with client data for a signature', async () => {
  const d = await make('multiWebAuthn', [1, 10], 80)
  for (const [i, text] of d.texts.entries()) await refused(d.open(text, {}, i), `document ${i}`)
  const single = await make('multiWebAuthn', [1], 81)
  await refused(single.open(single.texts[0]), 'one chain: no frame around the signature')
  return told()
})
go.stop()
