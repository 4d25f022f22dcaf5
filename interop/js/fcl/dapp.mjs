// An app as its makers write it: the Flow Client Library as it comes from npm, three lines of configuration, buttons.
// Whoever opens it decides with `next` what the button does; how it ended is in `outcome`.
import * as fcl from '@onflow/fcl'

const wallet = new URLSearchParams(location.search).get('wallet')

fcl.config({
  'accessNode.api': location.origin, // the app's server passes /v1/ on
  'discovery.wallet': wallet,
  'discovery.wallet.method': 'POP/RPC',
})

const NOTE = `transaction(n: Int) {
    prepare(a: auth(Storage) &Account) {
        a.storage.load<Int>(from: /storage/note)
        a.storage.save(n, to: /storage/note)
    }
}`

/** Somebody else pays: the app's server signs. */
const sponsor = (address) => async (account) => ({
  ...account,
  tempId: address + '-0',
  addr: address,
  keyId: 0,
  signingFunction: async (signable) => (await fetch('/pay', { method: 'POST', body: JSON.stringify(signable) })).json(),
})

/** What FCL would have a wallet sign, without a wallet. */
const caught = (address, keyId) => async (account) => ({
  ...account,
  tempId: `${address}-${keyId}`,
  addr: address,
  keyId,
  signingFunction: async (signable) => {
    window.signable = JSON.parse(JSON.stringify(signable))
    throw new Error('caught')
  },
})

/** A window of the wallet, spoken to by hand. */
function byHand(type, body, more = {}) {
  const heard = (window.heard = [])
  const own = window.open(`${wallet}?by=hand`, '_blank', 'popup,width=640,height=770')
  addEventListener('message', (e) => {
    if (e.source !== own) return
    heard.push({ origin: e.origin, ...e.data })
    if (e.data.type !== 'FCL:VIEW:READY') return
    own.postMessage({ type: 'FCL:VIEW:READY:RESPONSE', body, service: { type }, ...more }, '*')
  })
  return (window.own = own)
}

const mutate = (n, more = {}) => fcl.mutate({ cadence: NOTE, args: (arg, t) => [arg(String(n), t.Int)], limit: 999, ...more })
const sealed = async (id) => {
  const { status, statusCode, errorMessage } = await fcl.tx(id).onceSealed()
  return { id, status, statusCode, errorMessage }
}

Object.assign(window, { fcl, sponsor, caught, byHand, mutate, sealed, outcome: undefined, next: undefined })

document.querySelector('#go').addEventListener('click', async () => {
  window.outcome = undefined
  try {
    window.outcome = { value: (await window.next()) ?? null }
  } catch (e) {
    window.outcome = { error: String(e?.message ?? e) }
  }
})
document.querySelector('#ready').hidden = false
