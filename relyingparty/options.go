package relyingparty

const algES256 = -7 // COSE algorithm; the only one, other keys could never run an account

// The options as browsers parse them from JSON (WebAuthn §5.1.8, §5.1.9). Nothing here
// is optional, so that old client libraries find what they expect.
type (
	creationOptions struct {
		RP                     rpEntity    `json:"rp"`
		User                   userEntity  `json:"user"`
		Challenge              string      `json:"challenge"`
		PubKeyCredParams       []credParam `json:"pubKeyCredParams"`
		Timeout                int64       `json:"timeout"` // milliseconds
		Attestation            string      `json:"attestation"`
		ExcludeCredentials     []struct{}  `json:"excludeCredentials"` // always empty: listing ids to strangers would leak them
		AuthenticatorSelection selection   `json:"authenticatorSelection"`
	}
	requestOptions struct {
		Challenge        string `json:"challenge"`
		Timeout          int64  `json:"timeout"` // milliseconds
		UserVerification string `json:"userVerification"`
		RPID             string `json:"rpId"`
	}
	rpEntity struct {
		Name string `json:"name"`
		ID   string `json:"id"`
	}
	userEntity struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}
	credParam struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	}
	selection struct {
		ResidentKey      string `json:"residentKey"`
		UserVerification string `json:"userVerification"`
	}
)
