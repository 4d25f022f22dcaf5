// Figures that this command does not measure.

package gasreport

// quoted are verifiers whose code is in none of the npm packages that are installed. The figures are of the same machine
// with other signatures (240 of 30 keys), and of the code that their authors have in their own repositories: min, mean
// and max, or the mean. They are here because without them the comparison would flatter us. TokenSight's contract is
// not: it has the fault of FCL's table in its own code, and refuses valid signatures.
func quoted() []Row {
	row := func(name, by string, bytes int, cancun, osaka Gas) Row {
		return Row{Name: name, By: by, Kind: Raw, Quoted: true, KeyBytes: bytes, Gas: map[Rules]Gas{Cancun: cancun, Osaka: osaka}}
	}
	flow := func(name, by string, bytes int, rules Rules, mean uint64) Row {
		return Row{Name: name, By: by, Kind: WebAuthn, Quoted: true, KeyBytes: bytes, Precompile: rules == Osaka && bytes == 0,
			Gas: map[Rules]Gas{rules: {Mean: mean}}}
	}
	return []Row{
		flow("Solady, no precompile", "Vectorized", 0, Cancun, 180_086),
		flow("Base", "webauthn-sol", 0, Osaka, 13_963),
		flow("Base, no precompile", "webauthn-sol", 0, Cancun, 213_434),
		flow("Daimo", "p256-verifier", 0, Cancun, 384_249),
		row("Solady's verifier, no precompile", "Vectorized", 0, Gas{164_353, 167_787, 170_485}, Gas{169_793, 173_227, 175_925}),
		row("Daimo", "p256-verifier", 0, Gas{319_131, 334_273, 346_868}, Gas{327_291, 342_433, 355_028}),
		row("SCL b4, needs 2¹²⁸·Q", "smoo.th", 64, Gas{150_442, 154_566, 158_912}, Gas{155_882, 160_006, 164_352}),
	}
}
