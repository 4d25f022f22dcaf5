// The EntryPoints of ERC-4337 at their canonical addresses. 0.6, 0.7 and 0.8 are bit-identical with the public
// ones (CREATE2 leads to the address). Of 0.9 there is only the release candidate on npm: it is put at the address.
import { readFileSync } from 'node:fs'
import { construct, deploy } from './deploy.mjs'

const zero = '0x' + '00'.repeat(32)
/** artifact is a contract of the @account-abstraction/contracts package of a version: {abi, bytecode}. */
export const artifact = (version, name = 'EntryPoint') =>
  JSON.parse(readFileSync(new URL(`../node_modules/account-abstraction-${version}/artifacts/${name}.json`, import.meta.url)))

export const entryPoints = {
  '0.6': '0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789',
  '0.7': '0x0000000071727De22E5E9d8BAf0edAc6f37da032',
  '0.8': '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108',
  '0.9': '0x433709009B8330FDa32311DF1C2AFA402eD8D009',
}
const salts = {
  '0.6': zero,
  '0.7': '0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3',
  '0.8': '0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9',
}

export async function placeEntryPoints(call) {
  await deploy(call, Object.entries(salts).map(([version, salt]) => (
    { name: `EntryPoint ${version}`, address: entryPoints[version], salt, code: artifact(version).bytecode })))
  await construct(call, { name: 'EntryPoint 0.9', address: entryPoints['0.9'], code: artifact('0.9').bytecode })
}
