// MetaMask's delegation framework 1.3.0 at its canonical addresses.
//
// The creation code of @metamask/delegation-abis 2.0.0 differs from the deployed contracts in the 32-byte metadata
// hash alone (a hash of the source files' text). With the deployed hashes, which stand in the transactions that
// MetaMask published (broadcast/ of the delegation-framework repository), CREATE2 leads to the canonical addresses:
// that equality, checked by deploy, is the proof that these are the real contracts.
import * as bytecode from '@metamask/delegation-abis/bytecode'
import { concat, encodeAbiParameters, pad, stringToHex } from 'viem'
import { create2Address, deploy } from './deploy.mjs'
import { entryPoints } from './entrypoints.mjs'

const zero = '0x' + '00'.repeat(32)
const gator = pad(stringToHex('GATOR'), { dir: 'right', size: 32 })
const owner = '0xB0403B32f54d0Bd752113f4009e8B534C6669f44' // of the DelegationManager
const library = '__$b8f96b288d4d0429e38b8ed50fd423070f$__' // SCL_RIP7212, to be linked

/** The IPFS hashes in the deployed contracts' metadata. */
const deployed = {
  SCL_RIP7212: 'db42f6eb4dd2e44ebbcdfb0e0c9211fa08a46e54bcbeaa686b43ab15003964fe',
  DelegationManager: 'c2284ea0163aafd9aee402e7645e9db93d0c27667921732dd0458883520a4752',
  HybridDeleGator: '0d163878bfa2b037deeac3ef528ca59754c074b28dca72539f88c3723e9e6192',
  MultiSigDeleGator: 'cbe7fd1be7d17729e7aef8a015c74d67459ca7cd72261f91ca5237276d49a6ee',
  EIP7702StatelessDeleGator: 'd057b8f9a4d5cb46c51c1004ce8cae8dcd3c06323da26ccdfd3dd38584a43adb',
  SimpleFactory: 'c5ebe4333fa061619df2864b76011685b4a25867b9958ff350b638fd1a460aaa',
}

export const framework = {
  version: '1.3.0',
  p256: '0xCCD3B747F3DBd349fa3af4eBC7d0C31aE6f21dd1', // SCL_RIP7212
  delegationManager: '0xdb9B1e94B5b69Df7e401DDbedE43491141047dB3',
  hybrid: '0x48dBe696A4D990079e039489bA2053B36E8FFEC4',
  multiSig: '0x56a9EdB16a0105eb5a4C54f4C062e2868844f3A7',
  stateless7702: '0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B',
  factory: '0x69Aa2f9fe1572F1B640E1bbc512f5c3a734fc77c',
}

function creationCode(name) {
  const parts = bytecode[name].split('a264697066735822' + '1220') // CBOR {"ipfs": sha2-256 multihash
  if (parts.length !== 2) throw new Error(`${name}: ${parts.length - 1} metadata hashes instead of one`)
  return parts[0] + 'a2646970667358221220' + deployed[name] + parts[1].slice(64)
}
const withArguments = (name, entryPoint) => concat([
  creationCode(name).replaceAll(library, framework.p256.slice(2).toLowerCase()),
  encodeAbiParameters([{ type: 'address' }, { type: 'address' }], [framework.delegationManager, entryPoint]),
])

/** Stateless7702 per EntryPoint: 0.7 is MetaMask's; 0.8 and 0.9 are the same code for that EntryPoint, on no public chain. */
export const stateless7702 = { '0.7': framework.stateless7702 }
for (const v of ['0.8', '0.9']) stateless7702[v] = create2Address(withArguments('EIP7702StatelessDeleGator', entryPoints[v]), gator)

/** environment is what the kit wants to know of a chain (SmartAccountsEnvironment). */
export const environment = {
  DelegationManager: framework.delegationManager, EntryPoint: entryPoints['0.7'], SimpleFactory: framework.factory,
  implementations: {
    HybridDeleGatorImpl: framework.hybrid, MultiSigDeleGatorImpl: framework.multiSig, EIP7702StatelessDeleGatorImpl: framework.stateless7702,
  },
  caveatEnforcers: {},
}

export async function placeFramework(call) {
  await deploy(call, [
    { name: 'SCL_RIP7212', address: framework.p256, salt: zero, code: creationCode('SCL_RIP7212') },
    { name: 'DelegationManager', address: framework.delegationManager, salt: gator,
      code: concat([creationCode('DelegationManager'), encodeAbiParameters([{ type: 'address' }], [owner])]) },
    { name: 'SimpleFactory', address: framework.factory, salt: gator, code: creationCode('SimpleFactory') },
    { name: 'HybridDeleGator', address: framework.hybrid, salt: gator, code: withArguments('HybridDeleGator', entryPoints['0.7']) },
    { name: 'MultiSigDeleGator', address: framework.multiSig, salt: gator, code: withArguments('MultiSigDeleGator', entryPoints['0.7']) },
    ...Object.entries(stateless7702).map(([v, address]) => (
      { name: `EIP7702StatelessDeleGator for ${v}`, address, salt: gator, code: withArguments('EIP7702StatelessDeleGator', entryPoints[v]) })),
  ])
}
