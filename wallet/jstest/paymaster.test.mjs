// What a paymaster may say, and what it may not (ERC-7677).
import './noble.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { entryPoint } = await import('../page/userop.js');
const { sponsor } = await import('../page/paymaster.js');

const chain = { id: 31337n, entryPoint: entryPoint('0.7') };
const OP = { sender: '0x' + '11'.repeat(20), nonce: 0n, callData: '0x', callGasLimit: 1n, verificationGasLimit: 1n, preVerificationGas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, signature: '0x' };
const ADDRESS = '0x' + 'ab'.repeat(20);
const LIMITS = { paymasterVerificationGasLimit: '0x10', paymasterPostOpGasLimit: '0x20' };

/** Both questions to a paymaster that answers so; and what it was asked. */
async function ask({ stub = {}, data = {}, gas = {} }) {
  const asked = [];
  globalThis.fetch = async (_, { body }) => {
    const { id, method, params } = JSON.parse(body);
    asked.push([method, params]);
    const result = { paymaster: ADDRESS, paymasterData: '0x01', ...(method === 'pm_getPaymasterStubData' ? { ...LIMITS, ...stub } : data) };
    return { status: 200, text: async () => JSON.stringify({ jsonrpc: '2.0', id, result }) };
  };
  const s = sponsor(/** @type {any} */ (chain), '/pm');
  const op = { ...OP, ...await s.pretend(OP) };
  return { op: { ...op, ...await s.pay(op, gas) }, asked };
}

test('the second answer is the one that is signed, at the first one’s address', async () => {
  const { op, asked } = await ask({ data: { paymasterData: '0x0203' } });
  assert.equal(op.paymaster.toLowerCase(), ADDRESS);
  assert.deepEqual([op.paymasterData, op.paymasterVerificationGasLimit, op.paymasterPostOpGasLimit], ['0x0203', 16n, 32n]);
  assert.deepEqual(asked.map(([method]) => method), ['pm_getPaymasterStubData', 'pm_getPaymasterData']);
  for (const [, params] of asked) assert.deepEqual(params.slice(1), [chain.entryPoint.address, '0x7a69', {}]);
  assert.equal(asked[1][1][0].paymasterVerificationGasLimit, '0x10');
});

test('a final first answer is not asked for again', async () => {
  const { op, asked } = await ask({ stub: { isFinal: true } });
  assert.equal(asked.length, 1);
  assert.deepEqual([op.paymasterData, op.paymasterPostOpGasLimit], ['0x01', 32n]);
});

test('gas limits are the bundler’s where the paymaster has no opinion, and somebody’s in any case', async () => {
  const silent = { paymasterVerificationGasLimit: undefined, paymasterPostOpGasLimit: undefined };
  const { op } = await ask({ stub: silent, gas: { paymasterVerificationGasLimit: '0x7', paymasterPostOpGasLimit: '0x8' } });
  assert.deepEqual([op.paymasterVerificationGasLimit, op.paymasterPostOpGasLimit], [7n, 8n]);
  await assert.rejects(ask({ stub: silent }), /paymasterVerificationGasLimit/);
});

test('what else it says changes nothing', async () => {
  const greedy = { sender: ADDRESS, callData: '0xff', maxFeePerGas: '0xffff', callGasLimit: '0xffff', signature: '0xff', factory: ADDRESS };
  const { op } = await ask({ stub: greedy, data: greedy });
  for (const [k, v] of Object.entries(OP)) assert.equal(op[k], v, k);
  assert.equal(op.factory, undefined);
});

test('answers that cannot be are refused', async () => {
  for (const bad of [
    { paymaster: undefined }, { paymaster: '0x12' }, { paymaster: '0x' + '00'.repeat(20) },
    { paymasterData: 7 }, { paymasterData: '0x1' }, { paymasterData: '0x' + '00'.repeat(4097) },
    { paymasterPostOpGasLimit: 7 }, { paymasterPostOpGasLimit: '0x' + 'f'.repeat(64) }, { paymasterVerificationGasLimit: '0x989681' },
  ]) {
    await assert.rejects(ask({ stub: bad }), { name: 'MalformedError' }, JSON.stringify(bad).slice(0, 80));
    await assert.rejects(ask({ data: bad }), { name: 'MalformedError' }, JSON.stringify(bad).slice(0, 80));
  }
  await ask({ stub: { paymasterData: '0x' + '00'.repeat(4096), paymasterVerificationGasLimit: '0x989680' } });
  await assert.rejects(ask({ data: { paymaster: '0x' + 'cd'.repeat(20) } }), /another address/);
});
