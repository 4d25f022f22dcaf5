// The tables of each format, from the teeth on. Each begins with the format on the stack and ends the program.

package builder

// registers are the values below the product that sums work with.
func (g *program) registers() { g.Emit("#0 =nxa #0 =nya 0x%x =p #1", g.prime) }

// finish returns the table: header, points. The size is on the stack.
func (g *program) finish(points int) {
	g.Emit("0x40 0x%x 0x%x MCOPY $format 0x%x MSTORE8 0x%x RETURN", keyAt, points-0x40, points-headerSize+1, points-headerSize)
}

// pairIndex gives the places of A[a] + B[b] and A[a] - B[b] in a table of 2h teeth, A being the sums of the upper half.
func pairIndex(h, a, b int) (plus, minus int) {
	top := 1 << (h - 1)
	return a<<h | top | b, a<<h | (top - 1 - b)
}

// fourTeeth makes the tables of 512 and 1k and the halves of 16k: one, two or four times the sums of four teeth, stride
// bytes apart.
func (g *program) fourTeeth() {
	g.Emit("$format 0x14 EQ =sixteen 0x%x $sixteen SHR =stride $format 0x11 EQ #2 SUB $sixteen SHL =count", blockSize)
	g.Emit("$sixteen 0x%x MUL 0x%x ADD =out #0 =q", halvesAt-points1, points1)
	g.registers()
	teeth := func() { g.Emit("0x%x $q $stride MUL 0x%x ADD 0x%x MCOPY", 4*toothSize, teethAt, window) }
	saved := func() { g.Emit("$q #9 SHL 0x%x ADD", workSave) }

	g.Emit("collectFour:")
	teeth()
	g.collectFour()
	g.Emit("0x%x 0x%x", workSize, workAt)
	saved()
	g.Emit("MCOPY $q #1 ADD DUP1 !q $count GT @collectFour JUMPI")

	g.invertWithW()

	g.Emit("sumFour: #1 $q SUB !q")
	teeth()
	g.Emit("0x%x", workSize)
	saved()
	g.Emit("0x%x MCOPY", workAt)
	g.sumFour()
	g.Emit("0x200 0x%x $q #9 SHL $out ADD MCOPY $q @sumFour JUMPI", outAt)

	g.Emit("$sixteen @sixteenRows JUMPI $count #9 SHL 0x%x ADD", headerSize)
	g.finish(points1)
}

// fourK makes the table of format 4k: for each block four sums of three upper teeth, four of three lower ones, and all
// sums and differences of both.
func (g *program) fourK() {
	points := func(block, a int) int { return sums4 + 0x300*block + pointSize*a }
	sums := func(block, b int) int { return sums4 + 0x300*block + 0x100 + sumSize*b }
	slots := func(block, a, b int) slot { return slot(slots4 + 0x40*(block<<4|a<<2|b)) }
	var triples []triple // block 0: lower, upper; block 1
	for i := range 4 {
		c := teethAt + blockSize*(i>>1) + 3*toothSize*(i&1)
		triples = append(triples, triple{c, c + toothSize, c + 2*toothSize, window + 0x100*i})
	}
	g.registers()
	for _, t := range triples {
		g.collectThree(t)
	}
	g.invertWithW()
	for i := 3; i >= 0; i-- {
		g.sumThree(triples[i], func(j int) {
			if i&1 == 1 {
				g.storePoint(points(i>>1, j))
			} else {
				g.storeSum(sums(i>>1, j))
			}
		})
	}
	g.Emit("POP #1")
	for block := range 2 {
		for a := range 4 {
			for b := range 4 {
				g.Emit("p 0x%x MLOAD 0x%x MLOAD ADDMOD", points(block, a), sums(block, b))
				g.collect(slots(block, a, b))
			}
		}
	}
	g.invert()
	for block := 1; block >= 0; block-- {
		for a := 3; a >= 0; a-- {
			g.firstPoint(points(block, a))
			for b := 3; b >= 0; b-- {
				g.sums(sum(sums(block, b)), slots(block, a, b), 0)
				plus, minus := pairIndex(3, a, b)
				g.storePoint(points4 + pointSize*(block<<5|plus))
				g.storePoint(points4 + pointSize*(block<<5|minus))
			}
		}
	}
	g.Emit("0x%x", headerSize+64*pointSize)
	g.finish(points4)
}

// sixteenK makes the table of format 16k from the halves: 16 rows, eight in each block, of a sum of the upper half with
// the eight of the lower. It begins where fourTeeth leaves off.
func (g *program) sixteenK() {
	const (
		lower   = window         // eight sums
		slots   = window + 0x300 // eight slots
		row     = window + 0x500 // sixteen points
		rowSize = 0x400
	)
	g.Emit("POP #1 #0 !q") // q is the row
	block := "$q #3 SHR #10 SHL"
	loadLower := func() { // of the row's block
		g.Emit("%s 0x%x ADD", block, halvesAt)
		for b := range 8 {
			g.Emit("DUP1 0x%x ADD MLOAD DUP2 0x%x ADD MLOAD", pointSize*b, pointSize*b+0x20)
			g.storeSum(lower + sumSize*b)
		}
		g.Emit("POP")
	}
	upper := func() { g.Emit("$q #7 AND #6 SHL %s ADD 0x%x ADD", block, halvesAt+0x200) }

	g.Emit("collectRow: $q #7 AND @sameLower JUMPI")
	loadLower()
	g.Emit("sameLower:")
	upper()
	g.Emit("MLOAD !nxa") // x itself
	for b := range 8 {
		g.Emit("p $nxa 0x%x MLOAD ADDMOD", lower+sumSize*b)
		g.collect(slot(slots + 0x40*b))
	}
	g.Emit("0x200 0x%x $q #9 SHL 0x%x ADD MCOPY", slots, rowsAt)
	g.Emit("$q #1 ADD DUP1 !q #16 GT @collectRow JUMPI")

	g.invert()

	g.Emit("sumRow: #1 $q SUB !q $q #7 AND #7 XOR @sameLowerBack JUMPI")
	loadLower()
	g.Emit("sameLowerBack:")
	upper()
	g.Emit("DUP1 MLOAD p SUB !nxa 0x20 ADD MLOAD p SUB !nya")
	g.Emit("0x200 $q #9 SHL 0x%x ADD 0x%x MCOPY", rowsAt, slots)
	for b := 7; b >= 0; b-- {
		g.sums(sum(lower+sumSize*b), slot(slots+0x40*b), 0)
		plus, minus := pairIndex(4, 0, b)
		g.storePoint(row + pointSize*plus)
		g.storePoint(row + pointSize*minus)
	}
	g.Emit("0x%x 0x%x $q #10 SHL 0x%x ADD MCOPY $q @sumRow JUMPI", rowSize, row, points16)
	g.Emit("0x%x", headerSize+256*pointSize)
	g.finish(points16)
}
