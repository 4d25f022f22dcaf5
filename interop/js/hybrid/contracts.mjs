// The real contracts on Anvil judge account/hybrid/testdata: every address, digest and signature in it, with the
// P256 precompile (osaka) and with the contract's own arithmetic (prague).
//
//   node hybrid/contracts.mjs [osaka] [prague]
import { startStand } from '../stand/use.mjs'
import { claim, skip } from '../report.mjs'
import { golden } from './golden.mjs'
import { judge } from './judge.mjs'

const files = { 'kit.json': 'made by the kit', 'made-by-go.json': 'made by Go' }

const hardforks = process.argv.slice(2).length ? process.argv.slice(2) : ['osaka', 'prague']
for (const hardfork of hardforks) {
  for (const [file, what] of Object.entries(files)) {
    const accounts = golden(file)
    if (!accounts) {
      skip(`the real contracts take what was ${what}`, `account/hybrid/testdata/${file} is missing`)
      continue
    }
    const stand = await startStand(['--no-alto', '--hardfork', hardfork])
    const court = judge(stand)
    for (const account of accounts) {
      await claim(`the real contracts (${hardfork}) take what was ${what}: ${account.name}`, async () => {
        await court.chain(account.chainId)
        await court.place(account)
        const each = async (list, f) => { for (const x of list) await f(account, x).catch((e) => { throw new Error(`${x.label ?? x.message ?? x}: ${e.message}`, { cause: e }) }) }
        await each(account.ops, court.operation)
        await each(account.messages ?? [], court.message)
        await each([...(account.stubs ? [account.stubs.owner, ...account.stubs.passkeys] : [])], court.stub)
        return `${account.ops.length} operations`
      })
      await court.chain(31337)
    }
    await stand.close()
  }
}
