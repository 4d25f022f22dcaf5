// Random policies, each twice: as ZeroDev's packages take it, and as Postern does. Calls by an ABI are given to
// Postern as people write them: transfer(address to, uint256 amount) where amount <= 5.
import { getAddress, parseAbiItem, toFunctionSelector, zeroAddress } from 'viem'
import { RATE_LIMIT_POLICY_WITH_RESET_CONTRACT } from '@zerodev/permissions'
import * as sdk from '@zerodev/permissions/policies'

const flags = ['0x0000', '0x0001', '0x0002']
const condition = { '=': 0, '>': 1, '<': 2, '>=': 3, '<=': 4, '!=': 5 }
const callVersions = ['0.0.1', '0.0.2', '0.0.3', '0.0.4', '0.0.5']

/** types that the packages encode as the ABI does; known.mjs has the others. */
const types = [
  { name: 'address', value: (r) => r.address(), text: String },
  { name: 'bool', value: (r) => r.chance(0.5), text: String },
  { name: 'bytes32', value: (r) => r.hex(32), text: String },
  ...[8, 16, 64, 128, 256].map((bits) => ({ name: 'uint' + bits, ordered: true, value: (r) => r.big(bits), text: String })),
  { name: 'int64', value: (r) => r.big(63), text: String },
  { name: 'string', dynamic: true },
  { name: 'bytes', dynamic: true },
  { name: 'uint256[]', dynamic: true, never: true },
  { name: '(address a, bytes b)', dynamic: true, never: true },
]

/** rule makes a condition on parameter i in both languages, or nothing. */
function rule(r, type, name, version) {
  if (type.never || r.chance(0.4)) return null
  if (type.dynamic) {
    if (version !== '0.0.5') return null
    const text = type.name === 'string' ? r.one(['hello', 'ü€😀', 'a', '0x12']) : r.hex(1 + r.int(40))
    const start = r.int(200), length = type.name === 'string' ? Buffer.byteLength(text) : (text.length - 2) / 2
    return { sdk: { condition: 7, value: text, start, length }, ours: `${name}[${start}:${start + length}] = ${type.name === 'string' ? JSON.stringify(text) : text}` }
  }
  if (version !== '0.0.1' && r.chance(0.25)) {
    const values = new Map(r.list(1 + r.int(4), () => type.value(r)).map((v) => [String(v), v]))
    return { sdk: { condition: 6, value: [...values.values()] }, ours: `${name} in [${[...values.values()].map(type.text).join(', ')}]` }
  }
  const op = r.one(type.ordered ? Object.keys(condition) : ['=', '!=']), value = type.value(r)
  // The packages take numbers where the ABI's type is small, and bigints.
  const given = typeof value === 'bigint' && value < 2n ** 32n && r.chance(0.3) ? Number(value) : value
  return { sdk: { condition: condition[op], value: given }, ours: `${name} ${op} ${type.text(value)}` }
}

/** byABI is a permission that names a function. */
function byABI(r, version) {
  const name = r.one(['transfer', 'approve', 'swap', 'x_1']), params = r.list(r.int(5), (i) => ({ type: r.one(types), name: 'p' + i }))
  const signature = `${name}(${params.map((p) => `${p.type.name} ${p.name}`).join(', ')})`
  const item = parseAbiItem('function ' + signature)
  const rules = params.map((p) => rule(r, p.type, p.name, version))
  const conditions = rules.filter(Boolean).map((x) => x.ours)
  // Another function in the ABI, and at times another of the same name, which the selector tells apart.
  const others = [parseAbiItem('function other(bool)')], overloaded = r.chance(0.2)
  if (overloaded) others.push(parseAbiItem(`function ${name}(bytes7,bytes7,bytes7)`))
  const selector = toFunctionSelector(item)
  return {
    sdk: {
      abi: r.shuffled([item, ...others]), functionName: name, ...(rules.length || r.chance(0.5) ? { args: rules.map((x) => x?.sdk ?? null) } : {}),
      ...(overloaded ? { selector: r.chance(0.5) ? selector : '0x' + selector.slice(2).toUpperCase() } : {}),
    },
    ours: { expression: signature + (conditions.length ? ' where ' + r.shuffled(conditions).join(' and ') : '') },
  }
}

/** byBytes is a permission whose selector and rules were made elsewhere. */
function byBytes(r, version) {
  const selector = r.one([r.hex(4), r.hex(4), '0x00000000'])
  const rules = r.list(r.int(4), () => {
    const c = r.int(version === '0.0.1' ? 6 : version === '0.0.5' ? 8 : 7)
    const n = version === '0.0.1' ? 1 : c === 6 ? r.int(5) : c === 7 ? 3 : 1
    return { condition: c, offset: r.chance(0.1) ? Number.MAX_SAFE_INTEGER : 32 * r.int(20), params: r.list(n, () => r.hex(32)) }
  })
  return {
    sdk: { ...(r.chance(0.9) || selector !== '0x00000000' ? { selector } : {}), rules: version === '0.0.1' ? rules.map((x) => ({ ...x, params: x.params[0] })) : rules },
    ours: { selector, rules },
  }
}

function call(r) {
  const version = r.one(callVersions), flag = r.int(3)
  const list = r.list(r.one([0, 1, 1, 2, 3, 5]), () => {
    const callType = r.one([0, 0, 0, 1, 255]), target = r.chance(0.2) ? zeroAddress : r.address(), value = r.big(256)
    const { sdk, ours } = r.chance(0.6) ? byABI(r, version) : byBytes(r, version)
    return {
      sdk: { ...(callType || r.chance(0.5) ? { callType: ['0x00', '0x01', '0xff'][Math.min(callType, 2)] } : {}), target, ...(value ? { valueLimit: value } : {}), ...sdk },
      ours: { callType, target, ...(value ? { value } : {}), ...ours },
    }
  })
  return {
    sdk: () => sdk.toCallPolicy({ policyVersion: version, ...maybeFlag(r, flag), permissions: list.map((x) => x.sdk) }),
    ours: { type: 'call', version, flag, permissions: list.map((x) => x.ours) },
  }
}

/** maybeFlag leaves out the default now and then. */
const maybeFlag = (r, flag) => (flag || r.chance(0.5) ? { policyFlag: flags[flag] } : {})

const kinds = {
  call,
  gas(r) {
    const allowed = r.big(128), flag = r.int(3), enforcePaymaster = r.chance(0.5), paymaster = r.chance(0.3) ? zeroAddress : r.address()
    return { sdk: () => sdk.toGasPolicy({ ...maybeFlag(r, flag), allowed, enforcePaymaster, allowedPaymaster: paymaster }), ours: { type: 'gas', flag, allowed, enforcePaymaster, paymaster } }
  },
  timestamp(r) {
    const flag = r.int(3), validAfter = r.number(48), validUntil = r.number(48)
    return { sdk: () => sdk.toTimestampPolicy({ ...maybeFlag(r, flag), validAfter, validUntil }), ours: { type: 'timestamp', flag, validAfter, validUntil } }
  },
  rate(r) {
    const flag = r.int(3), interval = r.number(48), count = r.number(48), startAt = r.number(48)
    return { sdk: () => sdk.toRateLimitPolicy({ ...maybeFlag(r, flag), interval, count, startAt }), ours: { type: 'rate-limit', flag, interval, count, startAt } }
  },
  rateReset(r) {
    const flag = r.int(3), interval = r.number(48), count = r.number(48)
    return {
      sdk: () => sdk.toRateLimitPolicy({ policyAddress: RATE_LIMIT_POLICY_WITH_RESET_CONTRACT, ...maybeFlag(r, flag), interval, count }),
      ours: { type: 'rate-limit', reset: true, flag, interval, count },
    }
  },
  callers(r) {
    const flag = r.int(3), callers = r.list(r.int(5), () => r.address())
    return { sdk: () => sdk.toSignatureCallerPolicy({ ...maybeFlag(r, flag), allowedCallers: callers }), ours: { type: 'signature-caller', flag, callers } }
  },
  sudo(r) {
    const flag = r.int(3)
    return { sdk: () => sdk.toSudoPolicy(maybeFlag(r, flag)), ours: { type: 'sudo', flag } }
  },
  /** elsewhere is a policy of a contract that is not the packages' own. */
  elsewhere(r) {
    const address = r.address(), flag = r.int(3), validUntil = r.number(48)
    return r.chance(0.5)
      ? { sdk: () => sdk.toTimestampPolicy({ policyAddress: address, ...maybeFlag(r, flag), validUntil }), ours: { type: 'timestamp', address, flag, validUntil } }
      : { sdk: () => sdk.toSudoPolicy({ policyAddress: address, ...maybeFlag(r, flag) }), ours: { type: 'sudo', address, flag } }
  },
}

export const kindNames = Object.keys(kinds)

/** plain is a call policy without an ABI, whose members stand in the packages' own order: Postern's documents have it. */
kinds.plain = (r) => {
  const version = r.one(callVersions), flag = r.int(3)
  const list = r.list(r.int(4), () => {
    const { ours, sdk: { selector = '0x00000000', rules } } = byBytes(r, version), callType = r.one([0, 1, 255]), target = r.one([zeroAddress, getAddress(r.address())]), value = r.big(256)
    return {
      sdk: { target, callType: ['0x00', '0x01', '0xff'][Math.min(callType, 2)], selector, valueLimit: value, rules: rules.map(({ params, offset, condition }) => ({ params, offset, condition })) },
      ours: { callType, target, value, ...ours },
    }
  })
  return { sdk: () => sdk.toCallPolicy({ policyVersion: version, policyFlag: flags[flag], permissions: list.map((x) => x.sdk) }), ours: { type: 'call', version, flag, permissions: list.map((x) => x.ours) } }
}

/** policies draws a list: {sdk: the packages' policies, ours: their descriptions, kinds: their names}. */
export function policies(r, names = r.list(r.one([0, 1, 1, 2, 2, 3, 4, 5]), () => (r.chance(0.4) ? 'call' : r.one(kindNames)))) {
  const made = names.map((k) => kinds[k](r))
  return { sdk: made.map((m) => m.sdk()), ours: made.map((m) => m.ours), kinds: names }
}
