// @ts-check
/**
 * A paymaster that speaks ERC-7677: asked twice, before the gas is known and after.
 * What it says is checked before anyone signs over it; it can refuse, and no more.
 */
import { checksum } from './account.js';
import { MalformedError, fromHex, quantity, toHex } from './bytes.js';
import { rpc } from './rpc.js';
import { toWire } from './userop.js';
import { Trouble } from './words.js';

/**
 * @typedef {{address: string, stub: string | Promise<string>, factoryData?: string, factory?: string, pretend?: object, eip7702Auth?: import('./authorization.js').Authorization, nonceKey?: bigint, unseen?: bigint}} Sender
 *   whose operation is assembled. stub: the signature to estimate gas with; nonceKey: of its sequence of nonces, 0 unless told; unseen: gas that a good signature takes beyond the stub; pretend: state overrides under which it costs what a real one will
 * @typedef {{pretend: (op: UserOp) => Promise<Partial<UserOp>>, pay: (op: UserOp, gas: any) => Promise<Partial<UserOp>>}} Sponsor
 *   what it puts into the operation before gas is estimated, and after
 */

/** @typedef {import('./userop.js').UserOp} UserOp @typedef {Pick<UserOp, 'paymaster' | 'paymasterData' | 'paymasterVerificationGasLimit' | 'paymasterPostOpGasLimit'>} Fields */

const MOST_GAS = 10_000_000n; // for a part of one operation; blocks have a few times that
const MOST_DATA = 4096; // bytes
const LIMITS = /** @type {const} */ (['paymasterVerificationGasLimit', 'paymasterPostOpGasLimit']);

/** @param {import('./operate.js').Chain} chain @param {string} url @returns {Sponsor} */
export function sponsor(chain, url) {
  const ask = async (/** @type {string} */ method, /** @type {UserOp} */ op) => {
    const reply = await rpc(url, method, [toWire(op), chain.entryPoint.address, '0x' + chain.id.toString(16), {}]);
    return { fields: parse(reply), final: reply.isFinal === true };
  };
  /** @type {{fields: Fields, final: boolean}} */ let first;
  return {
    async pretend(op) {
      first = await ask('pm_getPaymasterStubData', op);
      return first.fields;
    },
    async pay(op, gas) {
      const limits = { ...parseLimits(gas), ...parseLimits(first.fields) };
      for (const k of LIMITS) if (limits[k] === undefined) throw new MalformedError(`nobody says how much ${k} is`);
      if (first.final) return limits;
      const { fields } = await ask('pm_getPaymasterData', { ...op, ...limits });
      if (fields.paymaster !== op.paymaster) throw new Trouble('The paymaster has changed to another address.', 'Nothing was signed. Pay the fee from the account instead.');
      return { ...limits, ...fields };
    },
  };
}

/** @param {any} reply @returns {Fields} */
function parse(reply) {
  const data = fromHex(reply?.paymasterData ?? '0x');
  if (data.length > MOST_DATA) throw new MalformedError('the paymaster’s data is too long');
  const paymaster = fromHex(reply?.paymaster, 20);
  if (!paymaster.some(Boolean)) throw new MalformedError('the paymaster is the zero address');
  return { paymaster: checksum(toHex(paymaster)), paymasterData: toHex(data), ...parseLimits(reply) };
}

/** @param {any} from @returns {Pick<Fields, typeof LIMITS[number]>} what is there of the two */
function parseLimits(from) {
  /** @type {Fields} */ const out = {};
  for (const k of LIMITS) {
    const given = from?.[k];
    if (given == null) continue;
    const n = typeof given === 'bigint' ? given : quantity(given, k);
    if (n > MOST_GAS) throw new MalformedError(`${k} is ${n}`);
    out[k] = n;
  }
  return out;
}
