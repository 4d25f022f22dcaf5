// The real contracts on Anvil judge account/hybrid/testdata: every address, digest and signature in it, with the
// P256 precompile (osaka) and with the contract's own arithmetic (prague).
//
//   node hybrid/contracts.mjs [osaka] [prague]
import { startStand } from '../stand/use.mjs'
import { claim } from '../report.mjs'
import { golden } from './golden.mjs'
import { judge } from './judge.mjs'

const files = { 'kit.json': 'made by the kit', 'made-by-go.json': 'made by Go' }

const hardforks = process.argv.slice(2).length ? process.argv.slice(2) : ['osaka', 'prague']
for (const hardfork of hardforks) {
  const stand = await startStand(['--no-alto', '--hardfork', hardfork])
  const court = judge(stand)
  for (const [file, what] of Object.entries(files)) {
    for (const account of golden(file)) {
      await claim(`the real contracts (${hardfork}) take what was ${what}: ${account.name}`, async () => {
        await court.chain(account.chainId)
        await court.place(account)
        for (const op of account.ops) {
          await court.operation(account, op).catch((e) => { throw new Error(`${op.label}: ${e.message}`, { cause: e }) })
        }
        for (const m of account.messages) await court.message(account, m)
        for (const stub of [account.stubs.owner, ...account.stubs.passkeys]) await court.stub(account, stub)
        return `${account.ops.length} operations`
      })
      await court.chain(31337)
    }
  }
  await stand.close()
}
