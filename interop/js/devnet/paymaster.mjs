// paymaster.mjs drives the embedded chain's paymaster with viem's unmodified paymaster client, on a SimpleAccount
// that never has a wei: sponsored deployment, and gas paid in the test token.
//
//   node paymaster.mjs <rpc url> <SimpleAccountFactory address> <EntryPoint version, "0.6" … "0.9"> <token address>
//
// Prints one JSON object; exits with 1 and a message when something is not as it should be.
import assert from "node:assert/strict";
import { createPublicClient, defineChain, encodeFunctionData, erc20Abi, http, isAddressEqual, parseAbi, parseUnits } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import * as aa from "viem/account-abstraction";

const [url, factory, version, tokenAddress] = process.argv.slice(2);
const v = version.replace(".", "");
const entryPoint = { abi: aa[`entryPoint${v}Abi`], address: aa[`entryPoint${v}Address`], version };
const transport = http(url, { retryCount: 0 });
const chain = defineChain({ id: 31337, name: "devnet", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [url] } } });
const client = createPublicClient({ chain, transport, pollingInterval: 20 });
const paymaster = aa.createPaymasterClient({ transport });
const fees = { async estimateFeesPerGas() {
  const { standard } = await client.request({ method: "pimlico_getUserOperationGasPrice" });
  return { maxFeePerGas: BigInt(standard.maxFeePerGas), maxPriorityFeePerGas: BigInt(standard.maxPriorityFeePerGas) };
} };
const bundler = (paymasterContext) => aa.createBundlerClient({ client, chain, transport, paymaster, paymasterContext, userOperation: fees, pollingInterval: 20 });

const abi = parseAbi(["function execute(address dest, uint256 value, bytes func)"]);
const factoryAbi = parseAbi([
  "function createAccount(address owner, uint256 salt) returns (address)",
  "function getAddress(address owner, uint256 salt) view returns (address)",
]);
const owner = privateKeyToAccount(generatePrivateKey());
const address = await client.readContract({ address: factory, abi: factoryAbi, functionName: "getAddress", args: [owner.address, 0n] });
const account = await aa.toSmartAccount({
  client, entryPoint,
  getAddress: async () => address,
  getFactoryArgs: async () => ({ factory, factoryData: encodeFunctionData({ abi: factoryAbi, functionName: "createAccount", args: [owner.address, 0n] }) }),
  encodeCalls: async ([c]) => encodeFunctionData({ abi, args: [c.to, c.value ?? 0n, c.data ?? "0x"] }),
  getStubSignature: async () => "0xfffffffffffffffffffffffffffffff0000000000000000000000000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1c",
  signMessage: async () => { throw new Error("unused"); },
  signTypedData: async () => { throw new Error("unused"); },
  signUserOperation: async ({ chainId = 31337, ...op }) => {
    const hash = aa.getUserOperationHash({ chainId, entryPointAddress: entryPoint.address, entryPointVersion: version, userOperation: { ...op, sender: address } });
    return version < "0.8" ? owner.signMessage({ message: { raw: hash } }) : owner.sign({ hash });
  },
});

async function run(context, to, data) {
  const hash = await bundler(context).sendUserOperation({ account, calls: [{ to, data }] });
  const receipt = await bundler(context).waitForUserOperationReceipt({ hash, timeout: 10_000 });
  assert.ok(receipt.success, receipt.reason);
  return receipt;
}

// 1. The price, and by it the token's paymaster.
const probe = await paymaster.getPaymasterStubData({ chainId: 31337, entryPointAddress: entryPoint.address, sender: address, nonce: 0n, callData: "0x", maxFeePerGas: 1n, maxPriorityFeePerGas: 1n });
const at = probe.paymaster ?? probe.paymasterAndData.slice(0, 42);
const token = (await client.request({ method: "pimlico_getTokenQuotes", params: [{ tokens: [tokenAddress] }, entryPoint.address, "0x7a69"] })).quotes[0];
assert.ok(isAddressEqual(token.paymaster, at));
assert.equal(probe.isFinal, false);
assert.ok(probe.sponsor.name);

// 2. Nothing for gas: deployment and the allowance are paid for.
const approve = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [at, parseUnits("100", 18)] });
const sponsored = await run(undefined, token.token, approve);
assert.ok(isAddressEqual(sponsored.paymaster, at));
assert.equal(await client.getBalance({ address }), 0n);

// 3. Gas in the token.
await client.request({ method: "postern_tokenFaucet", params: [address] });
const tokens = () => client.readContract({ address: token.token, abi: erc20Abi, functionName: "balanceOf", args: [address] });
const before = await tokens();
const paid = await run({ token: token.token }, owner.address, "0x");
const charged = before - await tokens();
const cost = (paid.actualGasCost * BigInt(token.exchangeRate)) / 10n ** 18n;
assert.ok(charged >= cost && charged < cost * 2n, `charged ${charged} for ${cost}`);

// 4. Refusals reach the caller.
await assert.rejects(run({ token: factory }, owner.address, "0x"), /is not taken/);
console.log(JSON.stringify({ version, gas: [Number(sponsored.actualGasUsed), Number(paid.actualGasUsed)], charged: String(charged) }));
