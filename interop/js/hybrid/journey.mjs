// MetaMask's tutorial on backup signers, walked by its unmodified kit on Anvil and Alto (osaka and prague) and on
// our own chain and bundler: the same calls, the same account, the same events. Gas is printed side by side. The
// prague stand has the chain id of Sepolia, so that the kit uses its own table of contracts there.
//
//   node hybrid/journey.mjs [osaka] [prague] [devnet]     (all three by default)
import '../stand/quiet.mjs'
import { startAnvil, startDevnet } from '../stand/devnet.mjs'
import { claim, fail } from '../report.mjs'
import { walk } from './journey-steps.mjs'

const stands = {
  osaka: () => startAnvil('osaka'), prague: () => startAnvil('prague', ['--chain-id', '11155111']), devnet: startDevnet,
}
const chosen = process.argv.slice(2).length ? process.argv.slice(2) : Object.keys(stands)

const results = {}
for (const name of chosen) {
  const stand = await stands[name]().catch((e) => fail(`start of ${name}`, e))
  if (!stand) continue
  try {
    results[stand.name] = await walk(stand)
  } catch (e) {
    fail(`kit on ${stand.name}`, e)
    if (process.env.VERBOSE) console.error(e)
  } finally {
    await stand.close()
  }
}

const names = Object.keys(results)
const steps = [...new Set(names.flatMap((n) => Object.keys(results[n].gas)))]
console.log(`\ngas used by the kit's operations, as the EntryPoint counts\n${''.padEnd(40)}${names.map((n) => n.padStart(14)).join('')}`)
for (const step of steps) console.log(step.padEnd(40) + names.map((n) => String(results[n].gas[step] ?? '–').padStart(14)).join(''))
console.log()

const [first, ...others] = names
for (const other of others) {
  await claim(`the kit's journey leaves the same accounts and events on ${first} and on ${other}`, () => {
    for (const [step, events] of Object.entries(results[first].events)) {
      const theirs = JSON.stringify(results[other].events[step]), ours = JSON.stringify(events)
      if (theirs !== ours) throw new Error(`${step}: ${ours} on ${first}, ${theirs} on ${other}`)
    }
    return `${Object.keys(results[first].events).length} operations`
  })
}
