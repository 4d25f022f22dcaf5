// On which chains MetaMask has made its deployments.

package hybrid

// chain is a chain by its id and the name that the kit gives it.
type chain struct {
	id   uint64
	name string
}

// chains130 are the chains of framework 1.3.0 in npm @metamask/delegation-deployments
// 2.0.0, in its order, and the development chain, which has the same contracts. A
// test compares the list with the package.
var chains130 = []chain{
	{1, "mainnet"},
	{137, "polygon"},
	{56, "bsc"},
	{10, "optimism"},
	{42161, "arbitrum"},
	{57073, "ink"},
	{59144, "linea"},
	{8453, "base"},
	{100, "gnosis"},
	{80094, "berachain"},
	{130, "unichain"},
	{42170, "arbitrumNova"},
	{1329, "sei"},
	{146, "sonic"},
	{143, "monad"},
	{4326, "megaEthMainnet"},
	{42220, "celo"},
	{2020, "ronin"},
	{4217, "tempoMainnet"},
	{4114, "citreaMainnet"},
	{5000, "mantleMainnet"},
	{747474, "katanaMainnet"},
	{1155, "intuitionMainnet"},
	{4663, "robinhoodMainnet"},
	{97, "bscTestnet"},
	{5115, "citreaTestnet"},
	{6343, "megaEthTestnet"},
	{10200, "chiado"},
	{59141, "lineaSepolia"},
	{80069, "berachainBepolia"},
	{84532, "baseSepolia"},
	{421614, "arbitrumSepolia"},
	{11155111, "sepolia"},
	{11155420, "optimismSepolia"},
	{1301, "unichainSepolia"},
	{80002, "polygonAmoy"},
	{763373, "inkSepolia"},
	{10143, "monadTestnet"},
	{1328, "seiTestnet"},
	{14601, "sonicTestnet"},
	{560048, "hoodiTestnet"},
	{11142220, "celoSepolia"},
	{202601, "roninSaigon"},
	{42431, "tempoModeratoTestnet"},
	{5003, "mantleSepolia"},
	{737373, "katanaBokuto"},
	{13579, "intuitionTestnet"},
	{46630, "robinhoodTestnet"},
	{5042002, "arcTestnet"},

	{31337, devChain},
}

// devChain is the name of the development chain in the table.
const devChain = "development"
