// OpenZeppelin's ERC-7913 verifiers, the published builds of @openzeppelin/contracts.
//
//   node matrix/openzeppelin.mjs
import { concat } from 'viem'
import { artifact, judge, main, open, point } from './bench.mjs'

const build = (name) => artifact(`@openzeppelin/contracts/build/contracts/${name}.json`)
const magic = '0x024ad318' // verify.selector

await main(async () => {
  const chains = await Promise.all(['osaka', 'prague'].map(open))
  for (const [layout, name] of [['openzeppelin', 'ERC7913WebAuthnVerifier'], ['openzeppelin-p256', 'ERC7913P256Verifier']]) {
    const { abi, bytecode } = build(name)
    for (const chain of chains) chain[name] = await chain.deploy(abi, bytecode)
    await judge(layout, chains, async (chain, c) =>
      (await chain.read(chain[name], abi, 'verify', [concat([point(c).x, point(c).y]), c.hash, c.signature])) === magic)
  }
})
