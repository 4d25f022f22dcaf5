// smoke.mjs drives the embedded chain's bundler with viem's unmodified bundler client, on a
// SimpleAccount: deploy, use, look up, and the errors viem tells apart.
//
//   node smoke.mjs <rpc url> <SimpleAccountFactory address> <EntryPoint version, "0.6" … "0.9">
//
// Prints one JSON object; exits with 1 and a message when something is not as it should be.
import assert from "node:assert/strict";
import { createPublicClient, defineChain, http, isAddressEqual, BaseError } from "viem";
import { privateKeyToAccount, generatePrivateKey } from "viem/accounts";
import { createBundlerClient } from "viem/account-abstraction";
import { entryPoint as describe, toSimpleAccount } from "../entrypoints/simple-account.mjs";

const [url, factory, version] = process.argv.slice(2);
const entryPoint = describe(version);
const rpcErrors = [];
const transport = http(url, { retryCount: 0 });
const chain = defineChain({ id: 31337, name: "devnet", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [url] } } });
const client = createPublicClient({ chain, transport, pollingInterval: 20 });
const bundler = createBundlerClient({ client, transport, pollingInterval: 20 });
const simpleAccount = (owner, sign) => toSimpleAccount({ client, version, factory, owner, sign });
/** causes lists the names of an error and of everything below it. */
function causes(error) {
  const names = [];
  for (let e = error; e instanceof Error; e = e.cause) names.push(e.name);
  return names;
}
async function refused(promise, name) {
  const error = await promise.then(() => assert.fail("was accepted"), (e) => e);
  assert.ok(error instanceof BaseError && causes(error).includes(name), `want ${name}, got ${causes(error)}: ${error.message}`);
  rpcErrors.push(name);
}

assert.ok((await bundler.getSupportedEntryPoints()).includes(entryPoint.address));
assert.equal(await bundler.getChainId(), 31337);
const price = await client.request({ method: "pimlico_getUserOperationGasPrice" });
const fees = { maxFeePerGas: BigInt(price.standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(price.standard.maxPriorityFeePerGas) };

const account = await simpleAccount(privateKeyToAccount(generatePrivateKey()));
await client.request({ method: "postern_faucet", params: [account.address] });
const to = privateKeyToAccount(generatePrivateKey()).address;
const gas = [];
for (const value of [1n, 2n]) {
  const hash = await bundler.sendUserOperation({ account, calls: [{ to, value }], ...fees });
  const receipt = await bundler.waitForUserOperationReceipt({ hash, timeout: 10_000 });
  assert.ok(receipt.success);
  assert.equal(receipt.userOpHash, hash);
  assert.equal(receipt.sender, account.address);
  assert.equal(receipt.entryPoint, entryPoint.address);
  assert.equal(receipt.receipt.status, "success");
  const found = await bundler.getUserOperation({ hash });
  assert.ok(isAddressEqual(found.userOperation.sender, account.address));
  assert.equal(found.transactionHash, receipt.receipt.transactionHash);
  gas.push(Number(receipt.actualGasUsed));
}
assert.equal(await client.getBalance({ address: to }), 3n);

await refused(bundler.sendUserOperation({ account, calls: [{ to: factory, value: 0n, data: "0x01020304" }], ...fees }), "ExecutionRevertedError");
const thief = await simpleAccount(privateKeyToAccount(generatePrivateKey()), () => account.getStubSignature());
await client.request({ method: "postern_faucet", params: [thief.address] });
await refused(bundler.sendUserOperation({ account: thief, calls: [{ to, value: 1n }], ...fees }), "UserOperationSignatureError");
const poor = await simpleAccount(privateKeyToAccount(generatePrivateKey()));
await refused(bundler.sendUserOperation({ account: poor, calls: [{ to, value: 0n }], ...fees }), "InsufficientPrefundError");

console.log(JSON.stringify({ version, gas, refused: rpcErrors }));
