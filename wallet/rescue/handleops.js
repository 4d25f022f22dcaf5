// @ts-check
/** The call that carries an operation to the EntryPoint. */
import { encode, keccak } from '../page/abi.js';
import { concat, uint, utf8 } from '../page/bytes.js';
import { pack } from '../page/userop.js';

/** @typedef {import('../page/userop.js').UserOp} UserOp */

const HANDLE_OPS = keccak(utf8('handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)')).slice(0, 4);

/** Calldata for EntryPoint 0.7 to 0.9: one operation, and who gets its fee. @param {UserOp} op @param {string} beneficiary */
export function handleOps(op, beneficiary) {
  const p = pack(op);
  const tuple = encode(
    ['address', 'uint256', 'bytes', 'bytes', 'bytes32', 'uint256', 'bytes32', 'bytes', 'bytes'],
    [op.sender, op.nonce, p.initCode, p.callData, p.accountGasLimits, op.preVerificationGas, p.gasFees, p.paymasterAndData, op.signature]);
  return concat(HANDLE_OPS, uint(64, 32), encode(['address'], [beneficiary]), uint(1, 32), uint(32, 32), tuple);
}
