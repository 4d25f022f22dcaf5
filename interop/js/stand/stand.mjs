// The stand on which claims of compatibility are judged: Anvil, the EntryPoints, MetaMask's delegation framework,
// Alto and Pimlico's mock paymaster, none of it ours, all on 127.0.0.1.
//
//   node stand/stand.mjs [--hardfork osaka|prague] [--chain-id 31337] [--no-alto]
//
// Prints one line of JSON on standard output when everything answers, and runs until standard input closes or it
// is told to end (SIGTERM, SIGINT). However it ends, its processes end with it. So a caller gives it a pipe:
//
//   {chainId, hardfork, rpc, bundler, paymaster, entryPoints: {"0.6": …}, framework: {version, factory, hybrid, …},
//    stateless7702: {"0.7": …}, environment, funder, funderKey, token, minterKey}
//
// bundler and paymaster are null without Alto. The paymaster's endpoint speaks ERC-7677 and token quotes, and passes
// the bundler's methods on. Anyone may be funded with anvil_setBalance; funderKey holds 10^9 ether. token is an
// ERC-20 with 18 decimals and sudoMint(address,uint256), free for all.
import { parseArgs } from 'node:util'
import { keys, funder, startAnvil } from './anvil.mjs'
import { startAlto } from './alto.mjs'
import { stop } from './child.mjs'

const { values: options } = parseArgs({ options: {
  hardfork: { type: 'string', default: 'osaka' }, 'chain-id': { type: 'string', default: '31337' }, 'no-alto': { type: 'boolean', default: false },
} })
if (!['osaka', 'prague'].includes(options.hardfork)) throw new Error(`--hardfork ${options.hardfork}: osaka or prague`)
const chainId = Number(options['chain-id'])
if (!Number.isSafeInteger(chainId) || chainId <= 0) throw new Error(`--chain-id ${options['chain-id']}: a positive number`)

let ending = false
async function end(code, why) {
  if (ending) return
  ending = true
  if (why) console.error(`stand: ${why.stack ?? why}`)
  await stop()
  process.exit(code)
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => end(0))
process.on('uncaughtException', (e) => end(1, e))
process.on('unhandledRejection', (e) => end(1, e))
process.stdin.on('end', () => end(0)).on('error', () => end(0)).resume()

const alto = options['no-alto'] ? null : startAlto()
const anvil = await startAnvil({ hardfork: options.hardfork, chainId })

const [{ entryPoints, placeEntryPoints }, { framework, stateless7702, environment, placeFramework }] =
  await Promise.all([import('./entrypoints.mjs'), import('./framework.mjs')])
await placeEntryPoints(anvil.call)
await placeFramework(anvil.call)

let bundler = null, paymaster = null, token = null, minterKey = null
if (alto) {
  const { preparePaymaster, minterKey: key } = await import('./paymaster.mjs')
  const [url, prepared] = await Promise.all([alto.ready(anvil.url), preparePaymaster(anvil.url)])
  bundler = url
  paymaster = await prepared.start(url)
  token = prepared.token
  minterKey = key
  alto.process.onexit = (code) => end(1, `alto ended with ${code}: ${alto.process.tail.join('')}`)
}
anvil.process.onexit = (code) => end(1, `anvil ended with ${code}: ${anvil.process.tail.join('')}`)

if (!ending) {
  process.stdout.write(JSON.stringify({
    chainId, hardfork: options.hardfork, rpc: anvil.url, bundler, paymaster,
    entryPoints, framework, stateless7702, environment, funder, funderKey: keys.funder, token, minterKey,
  }) + '\n')
}
