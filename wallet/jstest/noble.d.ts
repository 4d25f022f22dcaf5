// The few functions the page takes from the pinned noble modules, for tsc. The
// modules themselves are not in the repository.

declare module '@noble/hashes/sha3.js' {
  export function keccak_256(message: Uint8Array): Uint8Array<ArrayBuffer>;
  export function sha3_256(message: Uint8Array): Uint8Array<ArrayBuffer>;
}

declare module '@noble/hashes/sha2.js' {
  export const sha256: { (message: Uint8Array): Uint8Array<ArrayBuffer>; outputLen: number };
}

declare module '@noble/curves/abstract/weierstrass.js' {
  interface Point {
    toBytes(compressed: boolean): Uint8Array;
    mulAddUnsafe(a: bigint, other: Point, b: bigint): Point;
  }
  interface PointClass {
    BASE: Point;
    Fn: { inv(n: bigint): bigint; create(n: bigint): bigint };
    fromBytes(bytes: Uint8Array): Point;
  }
  export function weierstrass(curve: { p: bigint; n: bigint; h: bigint; a: bigint; b: bigint; Gx: bigint; Gy: bigint }): PointClass;
  interface Ecdsa {
    Point: PointClass;
    utils: { isValidSecretKey(secret: Uint8Array): boolean; randomSecretKey(): Uint8Array };
    getPublicKey(secret: Uint8Array, compressed: boolean): Uint8Array;
    sign(digest: Uint8Array, secret: Uint8Array, options: { prehash: false; format?: 'recovered'; lowS?: boolean; extraEntropy?: boolean }): Uint8Array;
    recoverPublicKey(signature: Uint8Array, digest: Uint8Array, options: { prehash: false }): Uint8Array;
  }
  export function ecdsa(Point: PointClass, hash: (message: Uint8Array) => Uint8Array): Ecdsa;
}
