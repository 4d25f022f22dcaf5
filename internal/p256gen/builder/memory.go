// Where things are in memory while a table is computed.

package builder

// Fixed places, in bytes. Areas that are not used at the same time share memory.
const (
	// MODEXP's input: three lengths, base, exponent, modulus. The result replaces the base.
	modLengths  = 0x00
	modBase     = 0x60
	modExponent = 0x80
	modModulus  = 0xa0
	modEnd      = 0xc0

	keyAt        = 0xc0  // x, y as they were given
	window       = 0x100 // the teeth or points that the code in a loop works on
	workAt       = 0x300 // intermediate results that belong to the window
	outAt        = 0x500 // points made from the window
	weight       = 0x700 // W, the common Z of all teeth
	weight2      = 0x720 // W²
	unscale2     = 0x740 // 1/W²
	unscale3     = 0x760 // 1/W³
	beforeWeight = 0x780 // the product of the batch without W
	teethAt      = 0x800 // block 0; block 1 follows at teethAt + blockSize
	workSave     = 0x1000

	toothSize  = 0x80  // x, y, -x, -y
	blockSize  = 0x400 // room for eight teeth
	pointSize  = 0x40
	sumSize    = 0x60 // -x, y, -y of a point that is added to others
	headerSize = 66

	// Format 16k has two halves of eight points for each block, and 16 rows of sums.
	halvesAt = 0x1800
	rowsAt   = 0x2000
	points16 = 0x4060

	// Format 4k keeps four sums of each half, and overwrites the teeth when they are done with.
	slots4  = 0x800
	sums4   = 0x1000
	points4 = 0x1660

	points1 = 0x1460 // formats 512 and 1k
)
