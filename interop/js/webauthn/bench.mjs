// How long @simplewebauthn/server takes from an assertion's JSON text to a verdict, beside the
// bare signature check of node:crypto. Compare with `go test -bench Assertion ./passkey/`.
//
//   node bench.mjs [assertions per run, 500] [runs, 7]
//
// Prints medians in microseconds. The assertion is made here with a fresh key.
import { createHash, createVerify, generateKeyPairSync, createSign } from "node:crypto";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";

const perRun = Number(process.argv[2] ?? 500);
const runs = Number(process.argv[3] ?? 7);

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = publicKey.export({ format: "jwk" });
const cose = Buffer.concat([
  Buffer.from("a5010203262001215820", "hex"), Buffer.from(jwk.x, "base64url"),
  Buffer.from("225820", "hex"), Buffer.from(jwk.y, "base64url"),
]);
const sha256 = (b) => createHash("sha256").update(b).digest();
const challenge = sha256("challenge").toString("base64url");
const origin = "http://localhost:8080";
const clientData = Buffer.from(JSON.stringify({ type: "webauthn.get", challenge, origin, crossOrigin: false }));
const authData = Buffer.concat([sha256("localhost"), Buffer.from("1d00000000", "hex")]);
const message = Buffer.concat([authData, sha256(clientData)]);
const signature = createSign("sha256").update(message).sign(privateKey);
const id = sha256("id").toString("base64url");
const text = JSON.stringify({
  authenticatorAttachment: "platform", clientExtensionResults: {}, id, rawId: id,
  response: {
    authenticatorData: authData.toString("base64url"), clientDataJSON: clientData.toString("base64url"),
    signature: signature.toString("base64url"), userHandle: "dXNlcg",
  },
  type: "public-key",
});

async function library() {
  const { verified } = await verifyAuthenticationResponse({
    response: JSON.parse(text), expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: "localhost",
    credential: { id, publicKey: cose, counter: 0 }, requireUserVerification: true,
  });
  if (!verified) throw new Error("not verified");
}

async function bare() {
  if (!createVerify("sha256").update(message).verify(publicKey, signature)) throw new Error("not verified");
}

async function median(what) {
  const times = [];
  for (let r = 0; r < runs; r++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < perRun; i++) await what();
    times.push(Number(process.hrtime.bigint() - start) / 1000 / perRun);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

await median(library); // warm up
console.log(JSON.stringify({
  node: process.version, simplewebauthn_us: Math.round(await median(library)), bare_node_crypto_us: Math.round(await median(bare)), perRun, runs,
}));
