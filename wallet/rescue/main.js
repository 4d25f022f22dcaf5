// @ts-check
import { keccak } from '../page/abi.js';
import { toHex } from '../page/bytes.js';
document.title = toHex(keccak(new Uint8Array()));
