// Package browsertest walks the wallet page in Chromium with virtual
// authenticators, against everything `postern up` runs. It has only tests:
//
//	go test ./wallet/browsertest                    the walks
//	go test ./wallet/browsertest -readme-shot       writes docs/wallet.png and docs/backup.png anew
//	go test ./wallet/browsertest -shots DIR         keeps the screenshots
//
// Without Chromium the walks are skipped, loudly; with CI set in the
// environment they fail instead.
package browsertest
