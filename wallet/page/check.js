// @ts-check
/** On the account's screen: how the chain checks this passkey's signatures. What could make that cheaper is loaded only where something can. */
import { PRECOMPILE, pathOf } from './path.js';
import { state } from './state.js';
import { $ } from './view.js';

/** @param {import('./account.js').Account} account @param {boolean} deployed */
export async function tell(account, deployed) {
  const path = await pathOf(state.chain, account);
  const tables = path === undefined || path === PRECOMPILE ? undefined : await import('./table.js').catch(() => undefined);
  if (account !== state.session?.account) return;
  $('check-box').hidden = path !== PRECOMPILE && !tables;
  $('offers').hidden = !tables;
  if (path !== undefined && tables) return tables.draw(account, path, deployed);
  $('check-title').textContent = 'How your passkey is checked';
  $('check-how').textContent = 'This chain checks passkeys by itself: about 7,000 gas of every payment’s fee.';
}
