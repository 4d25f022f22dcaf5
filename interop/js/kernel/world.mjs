// A chain that answers ZeroDev's packages from a table, and their accounts on it. What is not in the table is not
// there: the packages take a failing call for a contract that is not deployed.
import assert from 'node:assert/strict'
import { createPublicClient, custom, decodeFunctionData, encodeAbiParameters, encodeFunctionResult, parseAbi, toHex, zeroAddress } from 'viem'
import { entryPoint07Address } from 'viem/account-abstraction'
import { privateKeyToAccount } from 'viem/accounts'
import { signerToEcdsaValidator } from '@zerodev/ecdsa-validator'
import { toMultiChainECDSAValidator } from '@zerodev/multi-chain-ecdsa-validator'
import { toMultiChainWebAuthnValidator } from '@zerodev/multi-chain-web-authn-validator'
import { PasskeyValidatorContractVersion, toPasskeyValidator } from '@zerodev/passkey-validator'
import { toPermissionValidator } from '@zerodev/permissions'
import { toECDSASigner, toWebAuthnSigner, WebAuthnSignerVersion } from '@zerodev/permissions/signers'
import { passkey } from './browser.mjs'

export const entryPoint = { address: entryPoint07Address, version: '0.7' }
export const versions = ['0.3.0', '0.3.1', '0.3.2', '0.3.3']

const abi = parseAbi([
  'function currentNonce() view returns (uint32)',
  'function permissionConfig(bytes4) view returns ((bytes2 permissionFlag, address signer, bytes22[] policyData))',
  'function getNonce(address sender, uint192 key) view returns (uint256)',
  'function eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])',
  'function isInitialized(address) view returns (bool)',
])

/** chain is a client of a chain. state.accounts[address in lower case] = {version, nonce, enabled: {id: signer}}. */
export function chain(id, state = { accounts: {} }) {
  const answer = ({ to, data }) => {
    const { functionName, args } = decodeFunctionData({ abi, data }), at = state.accounts[to.toLowerCase()]
    const result = (value) => encodeFunctionResult({ abi, functionName, result: value })
    switch (functionName) {
      case 'getNonce': return toHex((args[1] << 64n) + BigInt(state.sequence ?? 0), { size: 32 })
      case 'isInitialized': return result(false)
      case 'currentNonce': return at ? result(at.nonce) : '0x'
      case 'permissionConfig': return at ? result({ permissionFlag: '0x0000', signer: at.enabled?.[args[0]] ?? zeroAddress, policyData: [] }) : '0x'
      case 'eip712Domain': return at ? result(['0x0f', 'Kernel', at.version === '0.3.0' ? '0.3.0-beta' : at.version, BigInt(id), to, toHex(0, { size: 32 }), []]) : '0x'
    }
  }
  const client = createPublicClient({ transport: custom({ request: async ({ method, params }) => {
    switch (method) {
      case 'eth_chainId': return toHex(id)
      case 'eth_getCode': return state.accounts[params[0].toLowerCase()] ? '0x60' : '0x'
      case 'eth_call': return answer(params[0])
      case 'eth_getTransactionCount': return toHex(state.transactions ?? 0)
    }
    throw new Error(`the packages ask for ${method}`)
  } }, { retryCount: 0 }) })
  return Object.assign(client, { state })
}

/** patched is the multi-chain WebAuthn validator 0.0.2, which the packages on npm do not know: of the kind multiWebAuthnPatched. */
export const patched = '0xF98365FAD8403C340b1D5F017b2EBdaE641104ff'

/** owner makes the validator of a kind on a chain. secret is of the kind's curve. */
export const owner = (kind, secret) => {
  const common = { entryPoint }
  if (kind === 'ecdsa' || kind === 'multiECDSA') {
    const signer = privateKeyToAccount(secret)
    return {
      address: signer.address,
      go: { validator: kind, key: { kind: 'ecdsa', secret } },
      on: (client, kernelVersion, at = entryPoint) => (kind === 'ecdsa' ? signerToEcdsaValidator : toMultiChainECDSAValidator)(client, { entryPoint: at, signer, kernelVersion }),
    }
  }
  const { go, webAuthnKey } = passkey(secret)
  return {
    webAuthnKey, go: { validator: kind, key: go },
    on: (client, kernelVersion) => (kind === 'webauthn'
      ? toPasskeyValidator(client, { ...common, webAuthnKey, kernelVersion, validatorContractVersion: PasskeyValidatorContractVersion.V0_0_3_PATCHED })
      : toMultiChainWebAuthnValidator(client, { ...common, webAuthnKey, kernelVersion, rpId: 'localhost', ...(kind === 'multiWebAuthn' ? {} : { validatorAddress: patched }) })),
  }
}

/** sessionKey makes the session's signer. */
export const sessionKey = (kind, secret) => {
  if (kind === 'ecdsa') {
    return { kind, secret, go: { kind, secret }, on: () => toECDSASigner({ signer: privateKeyToAccount(secret) }) }
  }
  const { go, webAuthnKey } = passkey(secret, 16)
  return { kind, go, webAuthnKey, on: (client) => toWebAuthnSigner(client, { webAuthnKey, webAuthnSignerVersion: WebAuthnSignerVersion.V0_0_4_PATCHED }) }
}

/** permission is the packages' validator of a session key under policies. */
export const permission = async (client, { signer, policies, flag, kernelVersion }) =>
  toPermissionValidator(client, { entryPoint, kernelVersion, signer: await signer.on(client), policies, flag })

/** same compares hex as bytes: addresses may be written in EIP-55. */
export const same = (ours, theirs, what) => assert.equal(String(ours).toLowerCase(), String(theirs).toLowerCase(), what)

/** json writes bigints as the packages' documents do. */
export const json = (v) => JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? x.toString() : x))
export { encodeAbiParameters }
