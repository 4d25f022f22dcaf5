// @ts-check
/** What a person states of an account's keys, as a file of package recovery has it; kept in this browser, by account. */

/**
 * @typedef {{id: string, kind: string, name?: string, [field: string]: any}} Entry a domain or a signer of the file
 * @typedef {{domain: Entry[], signer: Entry[]}} Facts
 * @typedef {{about: string, signer?: string, domain?: string, words: string, counted: string, claim?: string, rows?: string[], singles?: string[]}} Question of a report
 */

/** Fields of the file that answer a question. @type {Record<string, string>} */
const FIELD = { sync: 'cloud', cloud: 'cloud', devices: 'devices', rpId: 'rp-id', apart: 'apart', secret: 'secret', offline: 'offline', sealed: 'sealed', exportable: 'exportable', roaming: 'roaming' };

/** Kinds of domains that a field names. @type {Record<string, string>} */
const KIND = { cloud: 'cloud', devices: 'device', 'rp-id': 'rp-id', secret: 'secret' };

/** @returns {Facts} */
export const none = () => ({ domain: [], signer: [] });

/** What a question asks for: one answer of one signer or domain. @param {Question} q @returns {{of: 'signer' | 'domain', id: string, field: string} | undefined} */
export function asked(q) {
  const field = FIELD[q.about];
  if (!field) return undefined;
  return q.signer ? { of: 'signer', id: q.signer, field } : { of: 'domain', id: q.domain ?? '', field };
}

/** @param {Facts} facts @param {'signer' | 'domain'} of @param {string} id @param {string} field */
export const stated = (facts, of, id, field) => facts[of].find((e) => e.id === id)?.[field];

/** Writes an answer; undefined takes it back. @param {Facts} facts @param {'signer' | 'domain'} of @param {string} id @param {string} field @param {unknown} value @param {string} [kind] of a domain that the account has and the file does not */
export function state(facts, of, id, field, value, kind) {
  let entry = facts[of].find((e) => e.id === id);
  if (!entry) {
    if (value === undefined) return;
    entry = /** @type {Entry} */ (of === 'domain' ? { id, kind: kind ?? 'cloud' } : { id });
    facts[of].push(entry);
  }
  if (value === undefined) delete entry[field];
  else entry[field] = value;
  tidy(facts);
}

/** The domain of a name that a person typed, described if it is new. @param {Facts} facts @param {string} field @param {string} name @param {{id: string, kind: string, label: string}[]} known that the report has */
export function named(facts, field, name, known) {
  const kind = KIND[field];
  const text = name.trim().replace(/\s+/g, ' ').slice(0, 60);
  const same = (/** @type {string | undefined} */ x) => x?.toLowerCase() === text.toLowerCase();
  const there = known.find((d) => d.kind === kind && (same(d.label) || same(d.id))) ?? facts.domain.find((d) => d.kind === kind && (same(d.name) || same(d.id)));
  if (there) {
    if (!facts.domain.some((d) => d.id === there.id)) facts.domain.push({ id: there.id, kind });
    return there.id;
  }
  const base = field === 'rp-id' ? text.toLowerCase() : `${kind}-${text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 30) || 'new'}`;
  let id = base;
  for (let n = 2; facts.domain.some((d) => d.id === id) || known.some((d) => d.id === id); n++) id = `${base}-${n}`;
  facts.domain.push({ id, kind, ...(field === 'rp-id' ? {} : { name: text }) });
  return id;
}

/** Drops domains that nothing refers to any more, and entries that say nothing. @param {Facts} facts */
function tidy(facts) {
  const empty = (/** @type {Entry} */ e) => Object.keys(e).every((k) => k === 'id' || k === 'kind' || k === 'name');
  facts.signer = facts.signer.filter((s) => Object.keys(s).length > 1);
  for (let before = -1; before !== facts.domain.length;) {
    before = facts.domain.length;
    const used = new Set([...facts.signer, ...facts.domain].flatMap((e) => [e.cloud, e['rp-id'], e.secret, ...(e.devices ?? []), ...(e.places ?? []), ...(e.in ?? [])]));
    facts.domain = facts.domain.filter((d) => used.has(d.id) || !empty(d));
  }
}

/** The file. @param {Facts} facts */
export const file = (facts) => ({ version: 1, ...(facts.domain.length && { domain: facts.domain }), ...(facts.signer.length && { signer: facts.signer }) });

/** Whether anything is stated. @param {Facts} facts */
export const any = (facts) => facts.signer.length + facts.domain.length > 0;

/** A file that a person opened; undefined if it is no JSON of this shape. @param {string} text @returns {Facts | undefined} */
export function parse(text) {
  try {
    const { version, domain = [], signer = [], ...rest } = JSON.parse(text);
    const entries = (/** @type {any} */ list) => Array.isArray(list) && list.length <= 64 && list.every((e) => typeof e?.id === 'string');
    return version === 1 && !Object.keys(rest).length && entries(domain) && entries(signer) ? { domain, signer } : undefined;
  } catch {
    return undefined;
  }
}

const key = (/** @type {string} */ account) => `postern.facts.${account.toLowerCase()}`;

/** @param {string} account */
export function load(account) {
  try {
    return parse(localStorage.getItem(key(account)) ?? '') ?? none();
  } catch {
    return none();
  }
}

/** @param {string} account @param {Facts} facts */
export function keep(account, facts) {
  try {
    if (any(facts)) localStorage.setItem(key(account), JSON.stringify(file(facts)));
    else localStorage.removeItem(key(account));
  } catch {
    // then a reload forgets them
  }
}
