// The contracts of the public networks: see contractCode. A test makes the hashes again from what KERNEL_ARTIFACTS holds.

package kernel

import "github.com/ethereum/go-ethereum/common"

var codes = []contractCode{
	{"call policy 0.0.1", common.HexToAddress("0xe4Fec84B7B002273ecC86baa65a831ddB92d30a8"), common.HexToHash("0x5d6f60d6bb71d6a9e1514c62417a5ab5eaa6e363cad29ba35d6d97c0f6c3492c"), ""},
	{"call policy 0.0.2", common.HexToAddress("0x67Fa43ca2D689beA4d10b9F2C96828828A2Ab275"), common.HexToHash("0xf94a86d4c28492f78c8894eae754f2d92f22c7b5e02f5728d627384476364fb2"), ""},
	{"call policy 0.0.3", common.HexToAddress("0xB3CB5f502250360335614df1421f2AAbE98CE503"), common.HexToHash("0xa392c2cdb52d78fded523b715ce0d80d270a196035cfa7de66a8d1206a590a3a"), ""},
	{"call policy 0.0.4", common.HexToAddress("0x9a52283276A0ec8740DF50bF01B28A80D880eaf2"), common.HexToHash("0x99fc4b02bdbb9a5133728a2bfffb458bf8530b1b068d6d4334f69dcb454ace78"), ""},
	{"call policy 0.0.5", common.HexToAddress("0x85770b902D1e503D5f5141d9eaC16d0d08eEaDd2"), common.Hash{}, ""},
	{"ECDSA signer", common.HexToAddress("0x6A6F069E2a08c2468e7724Ab3250CdBFBA14D4FF"), common.HexToHash("0x510a0a1ab8b3f256a5c90b5fff51a9fd98656bd1c8a29fbd7857faa70c400ccd"), ""},
	{"ECDSA validator of Kernel 0.2", common.HexToAddress("0xd9AB5096a832b9ce79914329DAEE236f8Eea0390"), common.HexToHash("0x9d44e1437ccb39f09b53f72a0c4827199c4c28d7708d2e548e2a565312858748"), ""},
	{"ECDSA validator of Kernel 0.3.0", common.HexToAddress("0x8104e3Ad430EA6d354d013A6789fDFc71E671c43"), common.HexToHash("0x12c7a85e47f5c5ebc4d8c5d508ae3df6d870996099db1487fb00421ce392d14e"), ""},
	{"ECDSA validator of Kernel 0.3.1", common.HexToAddress("0x845ADb2C711129d4f3966735eD98a9F09fC4cE57"), common.HexToHash("0x2f8b585e669feb673b21af5666d38b5a9ef3c361cf29a48299240fa97c890708"), ""},
	{"meta factory", common.HexToAddress("0xd703aaE79538628d27099B8c4f621bE4CCd142d5"), common.HexToHash("0x4527f3642a53f1f4ce76beb05f955a8859b7245a1ff20da5be9a518d2fcd64aa"), ""},
	{"gas policy", common.HexToAddress("0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23"), common.HexToHash("0x906572ca775c1eebe7f038c0ca621fb6e53232916733659dbbe60ab8630550be"), ""},
	{"Kernel 0.2.2", common.HexToAddress("0x0DA6a956B9488eD4dd761E59f52FDc6c8068E6B5"), common.HexToHash("0x5c29de75f34829631abee8b55bd7e06f18132b39dccfccb7a0a52254c70b5a04"), V022},
	{"Kernel 0.2.3", common.HexToAddress("0xD3F582F6B4814E989Ee8E96bc3175320B5A540ab"), common.HexToHash("0xfbf7e230c4e61f29ee91ebafb3bcb22b367addde38c0c3c51f445c1a2facb330"), V023},
	{"Kernel 0.2.4", common.HexToAddress("0xd3082872F8B06073A021b4602e022d5A070d7cfC"), common.HexToHash("0x5b3b4d7b903336cd1d0f37a5b86a8633046c6cb9e598792db48fa6dd714faa4a"), V024},
	{"Kernel 0.3.0", common.HexToAddress("0x94F097E1ebEB4ecA3AAE54cabb08905B239A7D27"), common.HexToHash("0x2bab9a632121d5151519003bf78fbe0dda6cc08cdf90f6c9c4545fd8983d5d0a"), V030},
	{"Kernel 0.3.1", common.HexToAddress("0xBAC849bB641841b44E965fB01A4Bf5F074f84b4D"), common.HexToHash("0x817a409a6abc43633e15aeb0e304b7df9cb2efd1e7082242dddc7d8bb0cd799c"), V031},
	{"Kernel 0.3.2", common.HexToAddress("0xD830D15D3dc0C269F3dBAa0F3e8626d33CFdaBe1"), common.HexToHash("0xbdaf465e7b7712bf472e2f159ecc6f7b9acb3599b2d343604f819461585d78ce"), V032},
	{"Kernel 0.3.3", common.HexToAddress("0xd6CEDDe84be40893d153Be9d467CD6aD37875b28"), common.HexToHash("0xa5d039c533de321830b67a3ca9295c478109ba0608a92d20567a68516c3424bc"), V033},
	{"factory of Kernel 0.2", common.HexToAddress("0x5de4839a76cf55d0c90e2061ef4386d962E15ae3"), common.HexToHash("0x85e5abfdbf53abe55b9b00d6459136985c603dff3d4128ba224c6540ccb58beb"), ""},
	{"factory of Kernel 0.3.0", common.HexToAddress("0x6723b44Abeec4E71eBE3232BD5B455805baDD22f"), common.HexToHash("0x3ac8358577ba775ff38b850b3bd41d02c4a05fead27b09834ac2e2503caebbf5"), ""},
	{"factory of Kernel 0.3.1", common.HexToAddress("0xaac5D4240AF87249B3f71BC8E4A2cae074A3E419"), common.HexToHash("0xeecde6f459d0ecadbd5b76e89de74d8187b52d5c71651fdfc007c45d4f2f3ca0"), ""},
	{"factory of Kernel 0.3.2", common.HexToAddress("0x7a1dBAB750f12a90EB1B60D2Ae3aD17D4D81EfFe"), common.HexToHash("0x587ba84b09be66d7b25d41876687fa8ac4d9a5acb838b837376ceb1399ad272f"), ""},
	{"factory of Kernel 0.3.3", common.HexToAddress("0x2577507b78c2008Ff367261CB6285d44ba5eF2E9"), common.HexToHash("0xcc4b1b98f5716bf61042d87bfedd4709a5c9a597c41f3bb0e6fb6fe1a4ebd37a"), ""},
	{"multi-chain ECDSA validator", common.HexToAddress("0x5C97aA67Ba578E3c54ec5942A7563Ea9130E4f5F"), common.Hash{}, ""},
	{"multi-chain WebAuthn validator 0.0.1", common.HexToAddress("0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70"), common.Hash{}, ""},
	{"multi-chain WebAuthn validator 0.0.2", common.HexToAddress("0xF98365FAD8403C340b1D5F017b2EBdaE641104ff"), common.Hash{}, ""},
	{"P-256 verifier", common.HexToAddress("0xc2b78104907F722DABAc4C69f826a522B2754De4"), common.Hash{}, ""},
	{"rate limit policy", common.HexToAddress("0xf63d4139B25c836334edD76641356c6b74C86873"), common.HexToHash("0xb4fffdb494637e8e5bfc15d6500202c252392b498e518668f896dc6da0221183"), ""},
	{"rate limit policy with reset", common.HexToAddress("0x6A06358E6b283921DECEAbe7e8A3741d506ccA9B"), common.Hash{}, ""},
	{"signature caller policy", common.HexToAddress("0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d"), common.HexToHash("0xeda8401ab5f9f7fee4c201c59b872a4f12f04faaec28e614accf60e1095adfac"), ""},
	{"sudo policy", common.HexToAddress("0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7"), common.HexToHash("0x7be56b30ee64b743005cf51ac4a63f14a9045f68243d8fb275ed36038ba4e1a4"), ""},
	{"timestamp policy", common.HexToAddress("0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F"), common.HexToHash("0x1e7146c888fec3f757e9ed5473b766cdb8a782e1e10c39f65cbc68f4ab83c4d2"), ""},
	{"WebAuthn signer 0.0.4", common.HexToAddress("0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3"), common.Hash{}, ""},
	{"WebAuthn validator 0.0.3", common.HexToAddress("0x7ab16Ff354AcB328452F1D445b3Ddee9a91e9e69"), common.HexToHash("0x726d987ac55574f77f5184326631c5c51142f94c16c9b9281b751f97519c9eea"), ""},
}
