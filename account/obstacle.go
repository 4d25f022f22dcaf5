// What keeps an account from acting.

package account

import (
	"context"
	"fmt"
)

// Obstructed is an ability of accounts that may be kept from doing anything, and know it.
type Obstructed interface {
	// Obstacle asks the chain what keeps the account from acting now; nil if nothing does.
	Obstacle(ctx context.Context, ch Chain) error
}

// withObstacle names what keeps the account from acting as the cause of a refusal for the
// operation's time (AA22), which by itself tells nobody anything.
func withObstacle(ctx context.Context, ch Chain, acct Account, cause error) error {
	o, ok := acct.(Obstructed)
	if !ok || AACode(cause) != "AA22" {
		return cause
	}
	if obstacle := o.Obstacle(ctx, ch); obstacle != nil {
		return fmt.Errorf("%w: %w", obstacle, cause)
	}
	return cause
}
