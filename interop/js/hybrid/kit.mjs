// Writes account/hybrid/testdata/kit.json: operations that MetaMask's unmodified Smart Accounts Kit builds and signs
// through viem's unmodified bundler client. No network: a node, a bundler and a paymaster that answer from a table
// stand in, so every run writes the same bytes.
//
//   node hybrid/kit.mjs            writes the file
//   node hybrid/kit.mjs --check    PASS if the committed file is what the kit makes today
//
// Shape (numbers are 0x-quantities, bytes 0x-hex):
//   kit, viem, entryPoint (0.7), environment (addresses of framework 1.3.0)
//   accounts[]: name, chainId, implementation ("Hybrid" | "Stateless7702"), address, owner, ownerKey,
//     credentials[]: id (base64url text), x, y, publicKey (x‖y), priv, keyId (the text on chain), keyIdHash, rpId,
//                    origin, client, flags
//     deploy (Hybrid): salt, owner, keys (indices of credentials), factory, factoryData
//     stubs: {owner, passkeys[]}: the kit's placeholder signatures
//     messages[]: message, hash, signer, signature, assertion?: ERC-1271 signatures of a deployed account
//     ops[]: label, deployed (whether the account was there), signer ("owner" | index of credential), calls[] {to, value, data},
//       wire (the operation as eth_sendUserOperation carries it), packed (PackedUserOperation), userOpHash (the
//       EntryPoint's), signedTypedDataHash (what was signed), assertion? {challenge, authenticatorData,
//       clientDataJSON, messageHash, r, s (as the authenticator gave it), der}
import '../stand/quiet.mjs'
import { readFileSync, writeFileSync } from 'node:fs'
import { accounts } from './kit-accounts.mjs'
import { makeAccount } from './kit-make.mjs'
import { environment } from '../stand/framework.mjs'
import { fail, pass } from '../report.mjs'

const file = new URL('../../../account/hybrid/testdata/kit.json', import.meta.url)
const version = (name) => JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version

const made = []
for (const account of accounts) made.push(await makeAccount(account))
const text = JSON.stringify({
  generator: 'interop/js/hybrid/kit.mjs', kit: version('@metamask/smart-accounts-kit'), viem: version('viem'), licence: 'own capture',
  entryPoint: environment.EntryPoint, environment, accounts: made,
}, (_, v) => (typeof v === 'bigint' ? '0x' + v.toString(16) : v), 1) + '\n'

if (process.argv.includes('--check')) {
  const committed = readFileSync(file, 'utf8')
  const ops = made.reduce((n, a) => n + a.ops.length, 0)
  if (committed === text) pass(`account/hybrid/testdata/kit.json is what the kit makes: ${made.length} accounts, ${ops} operations`)
  else fail('account/hybrid/testdata/kit.json', 'the kit makes something else today: run node hybrid/kit.mjs and look at the difference')
} else {
  writeFileSync(file, text)
}
