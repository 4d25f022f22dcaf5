// Who stands behind a guardian, on a chain of the test's own.
import './noble.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { encodeCall } = await import('../page/abi.js');
const { checksum, signerBytes } = await import('../page/account.js');
const { concat, toHex, uint } = await import('../page/bytes.js');
const { RpcError } = await import('../page/rpc.js');
const { useless } = await import('../page/recovery/behind.js');

const address = (/** @type {number} */ n) => uint(n, 20);
const at = (/** @type {number} */ n) => checksum(toHex(address(n)));
const word = (/** @type {Uint8Array} */ b) => concat(new Uint8Array(32 - b.length), b);
const ACCOUNT = 0xacc0;
const passkey = signerBytes({ x: new Uint8Array(32).fill(1), y: new Uint8Array(32).fill(2), rule: 1 });

/** @param {Record<number, {owner?: number, owners?: number[], signers?: Uint8Array[], code?: number}>} contracts */
const chain = (contracts) => {
  const find = (/** @type {string} */ to) => Object.entries(contracts).find(([n]) => at(Number(n)) === checksum(to))?.[1];
  return /** @type {any} */ ({
    asked: 0,
    async ask(/** @type {string} */ method, /** @type {string} */ to) {
      assert.equal(method, 'eth_getCode');
      return toHex(new Uint8Array(find(to) ? find(to).code ?? 100 : 0));
    },
    async call(/** @type {string} */ to, /** @type {Uint8Array} */ data) {
      this.asked++;
      const c = find(to);
      const is = (/** @type {string} */ name) => toHex(data).startsWith(toHex(encodeCall(name)).slice(0, 10));
      if (c?.owner !== undefined && is('owner()')) return word(address(c.owner));
      if (c?.owners && is('getOwners()')) return concat(uint(32, 32), uint(c.owners.length, 32), ...c.owners.map((o) => word(address(o))));
      if (c?.signers && toHex(data).startsWith(toHex(encodeCall('getSigners(uint64,uint64)', 0n, 1n)).slice(0, 10))) return encodeCall('x(bytes[])', c.signers).slice(4);
      if (is('owner()')) throw new RpcError('refused', 'execution reverted');
      return new Uint8Array();
    },
  });
};

/** @param {Parameters<typeof chain>[0]} contracts @param {...Uint8Array} guardians */
const says = (contracts, ...guardians) => {
  const c = chain(contracts);
  c.call = c.call.bind(c);
  return useless(c, guardians, at(ACCOUNT), [passkey, address(0x5157)]);
};

test('guardians behind whom the account or its signers stand are found', async () => {
  assert.equal(await says({}, address(0x1111), passkey), undefined); // keys are not followed
  assert.equal(await says({ 0x1111: { owner: 0x2222 } }, address(0x1111)), undefined);
  assert.match(await says({ 0x1111: { owner: ACCOUNT } }, address(0x1111)), new RegExp(`stands behind ${at(0x1111)}`));
  assert.match(await says({ 0x1111: { owners: [0x2222, 0x5157] } }, address(0x1111)), /stands behind/);
  assert.match(await says({ 0x1111: { signers: [address(0x2222), signerBytes({ x: new Uint8Array(32).fill(1), y: new Uint8Array(32).fill(2), rule: 0 })] } }, address(0x1111)), /stands behind/); // one key under two rules
  assert.match(await says({ 0x1111: { owner: 0x2222 }, 0x2222: { owners: [0x3333] }, 0x3333: { owner: ACCOUNT } }, address(0x9), address(0x1111)), /stands behind/);
  assert.equal(await says({ 0x1111: { owner: 0x2222 }, 0x2222: { owner: 0x1111 } }, address(0x1111)), undefined); // a circle of others
});

test('what is too deep to follow counts as leading back', async () => {
  /** @type {Record<number, {owner: number}>} */ const deep = {};
  for (let i = 1; i < 20; i++) deep[i * 0x1000] = { owner: (i + 1) * 0x1000 };
  assert.match(await says(deep, address(0x1000)), /stands behind/);
});

test('a verifier needs code of its own', async () => {
  const key = concat(address(0x7777), Uint8Array.of(1, 2));
  assert.match(await says({}, key), new RegExp(`no contract at ${at(0x7777)}`));
  assert.match(await says({ 0x7777: { code: 23 } }, key), /no contract/);
  assert.equal(await says({ 0x7777: {} }, key), undefined);
});

test('a node that is away is not taken for an answer', async () => {
  const c = chain({ 0x1111: {} });
  c.call = async () => {
    throw new RpcError('network', 'gone');
  };
  await assert.rejects(useless(c, [address(0x1111)], at(ACCOUNT), []), { name: 'RpcError' });
});
