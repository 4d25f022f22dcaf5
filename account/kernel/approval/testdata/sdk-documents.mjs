// What the unmodified packages write. usage, in interop/js/kernel (it uses world.mjs there):
//   cp ../../../account/kernel/approval/testdata/sdk-documents.mjs . && node sdk-documents.mjs > …/sdk-documents.json
import { constants, createKernelAccount } from '@zerodev/sdk'
import * as sdk from '@zerodev/permissions/policies'
import { RATE_LIMIT_POLICY_WITH_RESET_CONTRACT, serializeMultiChainPermissionAccounts, serializePermissionAccount, toInitConfig } from '@zerodev/permissions'
import { concat, decodeFunctionData, getContractAddress, hashTypedData, keccak256, parseAbi, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { chain, entryPoint, json, owner, permission, sessionKey } from './world.mjs'

const key = (text) => keccak256(toHex(text)), target = '0x00000000000000000000000000000000DeaDBeef', other = '0x000000000000000000000000000000000000c0Fe'
const abi = parseAbi(['function transfer(address to, uint256 amount) returns (bool)', 'function run(bytes data, (address a, bytes4 b)[] p)', 'event Done(uint256 indexed id)'])
const call = (policyVersion, extra = {}) => sdk.toCallPolicy({ policyVersion, permissions: [
  { target, valueLimit: 2n ** 255n },
  { target, abi, functionName: 'transfer', args: [policyVersion === '0.0.1' ? { condition: 0, value: other } : { condition: 6, value: [target, other] }, { condition: 4, value: 100n }] },
  ...(policyVersion === '0.0.5' ? [{ target, abi, functionName: 'run', args: [{ condition: 7, value: '0xdeadbeef', start: 4, length: 4 }, null] }] : []),
  { target: other, callType: '0x01', selector: '0xABCDEF01', rules: [{ condition: 5, offset: 64, params: policyVersion === '0.0.1' ? key('word') : [key('word')] }] },
], ...extra })
const five = () => [call('0.0.4'), sdk.toGasPolicy({ allowed: 5n * 10n ** 18n, enforcePaymaster: true, allowedPaymaster: target }), sdk.toTimestampPolicy({ validAfter: 1700000000, validUntil: 2000000000 }), sdk.toRateLimitPolicy({ count: 3, interval: 60, startAt: 1700000000 }), sdk.toSignatureCallerPolicy({ allowedCallers: [target, other] })]
const lists = {
  five: five(), none: [], sudo: [sdk.toSudoPolicy({ policyFlag: '0x0002' })], calls: ['0.0.1', '0.0.2', '0.0.3', '0.0.5'].map((v) => call(v)),
  reset: [sdk.toRateLimitPolicy({ policyAddress: RATE_LIMIT_POLICY_WITH_RESET_CONTRACT, policyFlag: '0x0001', count: 7, interval: 3600 })],
  empty: [sdk.toCallPolicy({ policyVersion: '0.0.5', permissions: [] }), sdk.toGasPolicy({}), sdk.toTimestampPolicy({}), sdk.toRateLimitPolicy({ count: 0 }), sdk.toSignatureCallerPolicy({ allowedCallers: [] })],
}
const factory = parseAbi(['function deployWithFactory(address factory, bytes data, bytes32 salt)'])
/** derive is where the factory puts the account. */
const derive = (initCode, version) => {
  const { args } = decodeFunctionData({ abi: factory, data: initCode })
  return getContractAddress({ opcode: 'CREATE2', from: args[0], salt: keccak256(concat([args[1], args[2]])), bytecodeHash: constants.KernelVersionToAddressesMap[version].initCodeHash })
}
async function make({ id = 31337, version = '0.3.3', root = 'ecdsa', session = 'webauthn', list = 'five', flag = '0x0000', nonce = 0, index = 0n, at, initConfig, external, ...rest }) {
  const own = owner(root, key(root)), signer = sessionKey(session, key('session')), client = chain(id)
  const regular = await permission(client, { signer, policies: lists[list], flag, kernelVersion: version })
  const plugins = { sudo: await own.on(client, version), ...(external ? {} : { regular }) }
  const create = async (address) => createKernelAccount(client, { entryPoint, kernelVersion: version, index, plugins, initConfig: initConfig && await toInitConfig(regular), address, ...rest })
  let account = await create(at ?? target)
  if (!at) account = await create(derive(await account.generateInitCode(), version))
  client.state.accounts[account.address.toLowerCase()] = nonce ? { version, nonce } : undefined
  const on = await signer.on(client)
  const digest = hashTypedData(await account.kernelPluginManager.getPluginsEnableTypedData(account.address, external ? regular : undefined))
  return { client, account, regular, facts: { chainId: id, version, nonce: nonce || 1, root, owner: own.go, flag, list, index, derived: !at, signer: on.signerContractAddress, signerData: on.getSignerData(), id: regular.getIdentifier(), enableDataHash: keccak256(await regular.getEnableData(account.address)), digest } }
}
const out = []
const add = (name, made, text, extra = {}) => out.push({ name, ...made.facts, text, ...extra })
const secret = key('session')
for (const list of Object.keys(lists)) { const m = await make({ list }); add(`policies ${list}`, m, await serializePermissionAccount(m.account)) }
for (const root of ['ecdsa', 'multiECDSA', 'webauthn', 'multiWebAuthn']) for (const version of ['0.3.0', '0.3.1', '0.3.2']) { const m = await make({ root, version, list: 'sudo', index: 7n, nonce: 3 }); add(`owner ${root} ${version}`, m, await serializePermissionAccount(m.account)) }
{ const m = await make({ session: 'ecdsa', list: 'sudo' }); add('private key', m, await serializePermissionAccount(m.account, secret)) }
for (const flag of ['0x0001', '0x0002']) { const m = await make({ flag, list: 'sudo' }); add(`flag ${flag}`, m, await serializePermissionAccount(m.account)) }
{ const m = await make({ session: 'ecdsa', initConfig: true, external: true, list: 'sudo' }); add('pre-installed', m, await serializePermissionAccount(m.account, secret, undefined, undefined, m.regular)) }
{ const m = await make({ session: 'ecdsa', external: true, list: 'sudo' }); add('external', m, await serializePermissionAccount(m.account, undefined, undefined, undefined, m.regular, true)) }
{
  const eoa = privateKeyToAccount(key('ecdsa')), auth = await eoa.signAuthorization({ address: '0xd6CEDDe84be40893d153Be9d467CD6aD37875b28', chainId: 31337, nonce: 4 })
  const m = await make({ session: 'ecdsa', list: 'sudo', at: eoa.address, eip7702Auth: auth }); m.account.authorization ??= auth
  add('EIP-7702', m, await serializePermissionAccount({ ...m.account, generateInitCode: async () => '0x' }, undefined, undefined, auth))
}
for (const root of ['multiECDSA', 'multiWebAuthn']) {
  const made = await Promise.all([1, 10, 8453].map((id, i) => make({ id, root, session: 'ecdsa', list: 'five', nonce: i ? 5 : 0 })))
  const texts = await serializeMultiChainPermissionAccounts(made.map((m, i) => ({ account: m.account, privateKey: i === 2 ? secret : undefined })))
  texts.forEach((t, i) => add(`several ${root} ${i}`, made[i], t))
}
process.stdout.write(json({ generator: '@zerodev/permissions 5.6.3, sdk 5.5.10', documents: out }).replaceAll('{"name":"', '\n{"name":"') + '\n')
