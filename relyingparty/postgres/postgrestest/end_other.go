//go:build unix && !linux

package postgrestest

import "syscall"

func endWithUs(*syscall.SysProcAttr) {}
